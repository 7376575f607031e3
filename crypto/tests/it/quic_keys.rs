//! QUIC packet protection: AES for Initial packets against RFC 9001, and ours for SM4 against frozen answers, which
//! are also derived here step by step from the parts.

use crate::common::cases;
use qianmo_crypto::hmac::hmac_sm3;
use qianmo_crypto::sm4::gcm;
use qianmo_crypto::tls::{Group, initial_suite, provider};
use rustls::Side;
use rustls::quic::{Keys, Suite, Version};

const DCID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
/// RFC 9001, section 5.2.
const INITIAL_SALT: &str = "38762cf7f55934b34d179ae6a4c80cadccbb7f0a";
const HEADER: [u8; 9] = [0x41, 1, 2, 3, 4, 5, 6, 0x12, 0x34];
const NUMBER: u64 = 0x1234;

/// The SM4 suite with keys derived as Initial keys are: a fixed input to the whole derivation.
fn sm4_keys(side: Side) -> Keys {
    sm4_suite().keys(&DCID, side, Version::V1)
}

fn sm4_suite() -> Suite {
    provider(&[Group::CurveSm2]).cipher_suites[0].tls13().unwrap().quic_suite().unwrap()
}

/// Seals `payload` and masks the header; the packet number is the header's last `number_len` bytes.
fn protect(keys: &Keys, number: u64, number_len: usize, header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut body = payload.to_vec();
    let tag = keys.local.packet.encrypt_in_place(number, header, &mut body).unwrap();
    body.extend_from_slice(tag.as_ref());
    let mut header = header.to_vec();
    let at = header.len() - number_len;
    // The sample starts four bytes after the start of the packet number (RFC 9001, 5.4.2).
    let sample = body[4 - number_len..][..16].to_vec();
    let (front, packet_number) = header.split_at_mut(at);
    keys.local.header.encrypt_in_place(&sample, &mut front[0], packet_number).unwrap();
    [header, body].concat()
}

#[test]
fn initial_packets_match_rfc_9001() {
    for case in cases(include_str!("../vectors/quic_initial.txt")) {
        let keys = initial_suite().keys(&case.bytes("dcid"), Side::Server, Version::V1);
        let packet = protect(&keys, 1, 2, &case.bytes("header"), &case.bytes("payload"));
        assert_eq!(packet, case.bytes("packet"), "{}", case.text("name"));
    }
}

#[test]
fn sm4_packets_match_the_frozen_answer() {
    let packet = protect(&sm4_keys(Side::Client), NUMBER, 2, &HEADER, b"a payload of some length");
    assert_eq!(hex::encode(packet), FROZEN);
}

/// Frozen 2026-11: if this changes, old and new nodes cannot talk to each other.
const FROZEN: &str =
    "48010203040506a8872e62e3782f60bd3eeab329b274e3efd5ce9ceadc9e8d7766d0ae3a4d7fff2c56ab4ce4571fcd0c10";

#[test]
fn sm4_packets_are_built_from_the_parts_as_documented() {
    let initial = hmac_sm3(&hex::decode(INITIAL_SALT).unwrap(), &DCID);
    let secret = expand_label::<32>(&initial, "client in");
    let (key, iv, hp) = (
        expand_label::<16>(&secret, "quic key"),
        expand_label::<12>(&secret, "quic iv"),
        expand_label::<16>(&secret, "quic hp"),
    );
    let mut nonce = iv;
    nonce[10] ^= 0x12;
    nonce[11] ^= 0x34;
    let body = gcm::Key::new(&key).seal(&nonce, &HEADER, b"a payload of some length");
    let sample = &body[2..18];
    // The bare cipher, through the oracle: one ECB block.
    let mask = sm_crypto::sm4::CryptSM4ECB::new(&hp).encrypt_ecb(sample);
    let mut header = HEADER;
    header[0] ^= mask[0] & 0x1f;
    header[7] ^= mask[1];
    header[8] ^= mask[2];
    assert_eq!(hex::encode([header.as_slice(), &body].concat()), FROZEN);
}

/// HKDF-Expand-Label of RFC 8446, section 7.1, on a pseudorandom key, with an empty context.
fn expand_label<const N: usize>(prk: &[u8; 32], label: &str) -> [u8; N] {
    let label = format!("tls13 {label}");
    let mut info = vec![0, u8::try_from(N).unwrap(), u8::try_from(label.len()).unwrap()];
    info.extend_from_slice(label.as_bytes());
    info.extend_from_slice(&[0, 1]);
    hmac_sm3(prk, &info)[..N].try_into().unwrap()
}

#[test]
fn the_other_side_unprotects() {
    for (number_len, first) in [(1, 0xc0), (2, 0x41), (3, 0x42), (4, 0x43)] {
        let header =
            [vec![first], vec![7; 8], 0x0102_0304u32.to_be_bytes()[4 - number_len..].to_vec()].concat();
        let mut packet = protect(&sm4_keys(Side::Client), NUMBER, number_len, &header, &[0xab; 40]);
        let at = header.len() - number_len;
        let sample: Vec<u8> = packet[at + 4..at + 20].to_vec();
        let keys = sm4_keys(Side::Server);
        let (front, rest) = packet.split_at_mut(at);
        // Four bytes are handed over, since the number's length is still masked.
        keys.remote.header.decrypt_in_place(&sample, &mut front[0], &mut rest[..4]).unwrap();
        assert_eq!(packet[..header.len()], header, "{number_len}-byte number");
        let (header, body) = packet.split_at_mut(header.len());
        assert_eq!(keys.remote.packet.decrypt_in_place(NUMBER, header, body).unwrap(), [0xab; 40]);
    }
}

#[test]
fn altered_or_short_packets_are_refused() {
    let (client, server) = (sm4_keys(Side::Client), sm4_keys(Side::Server));
    let mut body = [1u8; 40];
    let (payload, tag) = body.split_at_mut(24);
    tag.copy_from_slice(client.local.packet.encrypt_in_place(NUMBER, &HEADER, payload).unwrap().as_ref());
    let open = |number, header: &[u8], body: &[u8]| {
        let mut body = body.to_vec();
        server.remote.packet.decrypt_in_place(number, header, &mut body).map(<[u8]>::to_vec)
    };
    assert_eq!(open(NUMBER, &HEADER, &body).unwrap(), [1; 24]);
    assert!(open(NUMBER + 1, &HEADER, &body).is_err());
    assert!(open(NUMBER, &HEADER[1..], &body).is_err());
    assert!(open(NUMBER, &HEADER, &body[1..]).is_err());
    for len in 0..16 {
        assert!(open(NUMBER, &HEADER, &body[..len]).is_err());
    }
    assert!(
        client.remote.packet.decrypt_in_place(NUMBER, &HEADER, &mut body).is_err(),
        "the other direction"
    );
}

#[test]
fn malformed_samples_and_numbers_change_nothing() {
    let key = sm4_keys(Side::Client).local.header;
    for (sample, number_len) in [(15, 2), (17, 2), (0, 2), (16, 5)] {
        let (mut first, mut number) = (0x41, vec![9; number_len]);
        assert!(key.encrypt_in_place(&vec![0; sample], &mut first, &mut number).is_err());
        assert!(key.decrypt_in_place(&vec![0; sample], &mut first, &mut number).is_err());
        assert_eq!((first, number), (0x41, vec![9; number_len]));
    }
}

#[test]
fn limits_and_lengths_are_those_of_gcm() {
    let keys = sm4_keys(Side::Client).local;
    assert_eq!((keys.packet.tag_len(), keys.header.sample_len()), (16, 16));
    // RFC 9001, 6.6.
    assert_eq!((keys.packet.confidentiality_limit(), keys.packet.integrity_limit()), (1 << 23, 1 << 52));
}
