//! The integrity tag of QUIC Retry packets (RFC 9001, section 5.8).
//!
//! Key and nonce are published constants: the tag catches damage, not forgery.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

const KEY: [u8; 16] =
    [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e];
const NONCE: [u8; 12] = [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb];

/// The tag of a Retry packet of QUIC version 1.
///
/// `original_id` is the destination connection id (at most 20 bytes) of the Initial packet it answers; `packet` the
/// Retry packet without its tag, in as many parts as the caller has it.
pub fn retry_tag(original_id: &[u8], packet: &[&[u8]]) -> [u8; 16] {
    let id_len = u8::try_from(original_id.len()).unwrap_or(u8::MAX);
    let pseudo_packet = [&[id_len], original_id, &packet.concat()].concat();
    let key = UnboundKey::new(&AES_128_GCM, &KEY).expect("AES-128 keys have 16 bytes");
    let nonce = Nonce::assume_unique_for_key(NONCE);
    let tag = LessSafeKey::new(key).seal_in_place_separate_tag(nonce, Aad::from(pseudo_packet), &mut []);
    tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).expect("AES-GCM seals an empty text to 16 bytes")
}

#[cfg(test)]
mod tests {
    use super::retry_tag;

    /// RFC 9001, appendix A.4.
    #[test]
    fn matches_rfc_9001() {
        let id = hex::decode("8394c8f03e515708").unwrap();
        let packet = hex::decode("ff000000010008f067a5502a4262b5746f6b656e").unwrap();
        let tag = hex::encode(retry_tag(&id, &[&packet]));
        assert_eq!(tag, "04a265ba2eff4d829058fb3f0f2496ba");
        assert_eq!(hex::encode(retry_tag(&id, &[&packet[..7], &packet[7..]])), tag);
    }
}
