//! rustls's packet keys as quinn takes them.
//!
//! quinn's traits cannot report a failure to protect. Where rustls could, the packet is spoilt, so that nothing
//! leaves in the clear; the lengths that would make it fail do not come from quinn.

use bytes::BytesMut;
use quinn_proto::crypto::{CryptoError, HeaderKey, KeyPair, Keys, PacketKey};
use rustls::quic::{self, HeaderProtectionKey, PacketKeySet};

const TAG_LEN: usize = 16;
const SAMPLE_LEN: usize = 16;
/// The sample starts this far behind the start of the packet number, whatever its length (RFC 9001, 5.4.2).
const MAX_NUMBER_LEN: usize = 4;

/// All keys of one packet space.
pub(super) fn keys(keys: quic::Keys) -> Keys {
    let quic::Keys { local, remote } = keys;
    Keys {
        header: KeyPair { local: Box::new(Header(local.header)), remote: Box::new(Header(remote.header)) },
        packet: updated(PacketKeySet { local: local.packet, remote: remote.packet }),
    }
}

/// The packet keys after a key update; header keys stay (RFC 9001, 6.1).
pub(super) fn updated(keys: PacketKeySet) -> KeyPair<Box<dyn PacketKey>> {
    KeyPair { local: Box::new(Packet(keys.local)), remote: Box::new(Packet(keys.remote)) }
}

struct Header(Box<dyn HeaderProtectionKey>);

/// A packet's first byte, its packet number with room for four bytes, and the sample.
fn parts(number_at: usize, packet: &mut [u8]) -> Option<(&mut u8, &mut [u8], &[u8])> {
    let (header, body) = packet.split_at_mut_checked(number_at)?;
    let (number, rest) = body.split_at_mut_checked(MAX_NUMBER_LEN)?;
    Some((header.first_mut()?, number, rest.get(..SAMPLE_LEN)?))
}

impl HeaderKey for Header {
    /// A packet too short to unmask stays as it is; then it does not decrypt either.
    fn decrypt(&self, number_at: usize, packet: &mut [u8]) {
        if let Some((first, number, sample)) = parts(number_at, packet) {
            let _ = self.0.decrypt_in_place(sample, first, number);
        }
    }

    /// A packet too short to mask goes out unmasked, and the peer drops it.
    fn encrypt(&self, number_at: usize, packet: &mut [u8]) {
        if let Some((first, number, sample)) = parts(number_at, packet) {
            let _ = self.0.encrypt_in_place(sample, first, number);
        }
    }

    fn sample_size(&self) -> usize {
        self.0.sample_len()
    }
}

struct Packet(Box<dyn quic::PacketKey>);

impl PacketKey for Packet {
    fn encrypt(&self, number: u64, packet: &mut [u8], header_len: usize) {
        let sealed = packet.split_at_mut_checked(header_len).and_then(|(header, body)| {
            let (payload, tag) = body.split_last_chunk_mut::<TAG_LEN>()?;
            tag.copy_from_slice(self.0.encrypt_in_place(number, header, payload).ok()?.as_ref());
            Some(())
        });
        if sealed.is_none() {
            packet.fill(0);
        }
    }

    fn decrypt(&self, number: u64, header: &[u8], payload: &mut BytesMut) -> Result<(), CryptoError> {
        let plain = self.0.decrypt_in_place(number, header, payload).map_err(|_| CryptoError)?.len();
        payload.truncate(plain);
        Ok(())
    }

    fn tag_len(&self) -> usize {
        self.0.tag_len()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.0.confidentiality_limit()
    }

    fn integrity_limit(&self) -> u64 {
        self.0.integrity_limit()
    }
}

#[cfg(test)]
mod tests {
    use qianmo_crypto::tls::initial_suite;
    use quinn_proto::crypto::Keys;
    use rustls::{Side, quic::Version};

    use super::*;

    fn initial(side: Side) -> Keys {
        keys(initial_suite().keys(b"an id", side, Version::V1))
    }

    /// A packet with a 5-byte header, of which the last two are the number, and room for the tag.
    fn packet(payload: usize) -> Vec<u8> {
        [&[0xc1, 9, 9, 0, 7], vec![5; payload].as_slice(), &[0; TAG_LEN]].concat()
    }

    #[test]
    fn the_other_side_reads_a_protected_packet() {
        let (client, server) = (initial(Side::Client), initial(Side::Server));
        let mut sent = packet(30);
        client.packet.local.encrypt(7, &mut sent, 5);
        client.header.local.encrypt(3, &mut sent);
        assert_ne!(sent[..5], packet(30)[..5]);
        server.header.remote.decrypt(3, &mut sent);
        assert_eq!(sent[..5], packet(30)[..5]);
        let mut payload = BytesMut::from(&sent[5..]);
        server.packet.remote.decrypt(7, &sent[..5], &mut payload).unwrap();
        assert_eq!(payload, vec![5; 30]);
    }

    #[test]
    fn altered_and_short_payloads_are_refused() {
        let key = initial(Side::Server).packet.remote;
        for len in 0..40 {
            assert!(key.decrypt(7, b"head", &mut BytesMut::from(vec![1; len].as_slice())).is_err());
        }
    }

    #[test]
    fn what_cannot_be_sealed_is_spoilt_not_sent() {
        let key = initial(Side::Client).packet.local;
        for (len, header_len) in [(0, 0), (10, 11), (20, 5)] {
            let mut packet = vec![5; len];
            key.encrypt(7, &mut packet, header_len);
            assert_eq!(packet, vec![0; len]);
        }
    }

    #[test]
    fn headers_of_short_packets_stay_as_they_are() {
        let keys = initial(Side::Client).header;
        for (len, number_at) in [(0, 0), (0, 1), (4, 1), (20, 1), (30, 20), (30, usize::MAX)] {
            let mut packet = vec![5; len];
            keys.local.encrypt(number_at, &mut packet);
            keys.remote.decrypt(number_at, &mut packet);
            assert_eq!(packet, vec![5; len]);
        }
    }
}
