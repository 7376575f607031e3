//! `sm-crypto` 0.1.9 beside this crate: where the two agree, and the faults for which it may not run in a node.
//!
//! Each fault test fails if a later version mends the fault; then read `docs/dependencies.md` again.

use std::panic::catch_unwind;

use proptest::prelude::*;
use qianmo_crypto::sm2::{CERT_USER_ID, SecretKey, Signature};
use qianmo_crypto::sm3;
use qianmo_crypto::sm4::gcm;
use serde_json::Value;

/// The order n of sm2p256v1 (GB/T 32918.5, annex A).
const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

/// A key both libraries have: theirs is hexadecimal text.
struct Shared {
    ours: SecretKey,
    private_hex: String,
    public_hex: String,
}

fn shared_key() -> Shared {
    let private_hex = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8".to_owned();
    let ours = SecretKey::from_bytes(&hex::decode(&private_hex).unwrap().try_into().unwrap()).unwrap();
    let public_hex = hex::encode(&ours.public_key().to_sec1()[1..]);
    assert_eq!(sm_crypto::sm2::pk_from_sk(&private_hex), public_hex);
    Shared { ours, private_hex, public_hex }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn sm3_agrees(data in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(sm3::digest(&data).to_string(), sm_crypto::sm3::sm3_hash(&data));
    }

    #[test]
    fn signatures_verify_both_ways(msg in prop::collection::vec(any::<u8>(), 0..100)) {
        let key = shared_key();
        let theirs = sm_crypto::sm2::Sign::new(&key.private_hex).sign_der(&msg, true);
        let theirs = Signature::from_der(&theirs).unwrap();
        prop_assert!(key.ours.public_key().verify(CERT_USER_ID, &msg, &theirs).is_ok());
        let ours = key.ours.sign(CERT_USER_ID, &msg).unwrap().to_der();
        prop_assert!(sm_crypto::sm2::Verify::new(&key.public_hex).verify_der(&msg, &ours, true));
    }

    /// GCM's first key-stream block is the cipher of nonce and counter 2, which their ECB computes too.
    #[test]
    fn the_sm4_block_agrees(key: [u8; 16], nonce: [u8; 12]) {
        let ours = gcm::Key::new(&key).seal(&nonce, b"", &[0; 16]);
        let counter = [nonce.as_slice(), &[0, 0, 0, 2]].concat();
        let theirs = sm_crypto::sm4::CryptSM4ECB::new(&key).encrypt_ecb(&counter);
        prop_assert_eq!(&ours[..16], &theirs[..16]);
    }
}

#[test]
fn fault_it_accepts_s_beyond_n() {
    let key = shared_key();
    let good = key.ours.sign(CERT_USER_ID, b"msg").unwrap().to_bytes();
    let (r, s) = good.split_at(32);
    // s + n * 2^256: the same number modulo n, in 64 bytes.
    let forged =
        der_sequence(&[der_integer(r), der_integer(&[hex::decode(N).unwrap().as_slice(), s].concat())]);
    assert!(sm_crypto::sm2::Verify::new(&key.public_hex).verify_der(b"msg", &forged, true));
    assert!(Signature::from_der(&forged).is_err());
}

#[test]
fn fault_it_never_checks_c3_on_decryption() {
    let key = shared_key();
    let mut sealed = sm_crypto::sm2::Encrypt::new(&key.public_hex).encrypt(b"attack at dawn");
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    let opened = sm_crypto::sm2::Decrypt::new(&key.private_hex).decrypt(&sealed);
    assert_eq!(opened, b"attack at dawo", "the altered plaintext is handed out");
}

#[test]
fn fault_it_verifies_what_is_no_signature() {
    let accepted = accepted("Sm2VerifyDer", |group, test| {
        let public = group["publicKey"].as_str().unwrap()[2..].to_owned();
        sm_crypto::sm2::Verify::new(&public).verify_der(&bytes(&test["msg"]), &bytes(&test["sig"]), true)
    });
    assert_eq!(accepted, ["s + (n * 2^256)"]);
}

#[test]
fn fault_it_verifies_numbers_out_of_range() {
    let accepted = accepted("Sm2VerifyDigest", |group, test| {
        let public = group["publicKey"].as_str().unwrap()[2..].to_owned();
        let (digest, signature) = (bytes(&test["digest"]), bytes(&test["sig"]));
        let (r, s) = signature.split_at(32);
        let der = der_sequence(&[der_integer(r), der_integer(s)]);
        catch_unwind(|| sm_crypto::sm2::Verify::new(&public).verify_der(&digest, &der, false))
            .unwrap_or(false)
    });
    let infinite = ["sG + (1)P is infinite", "sG + (2)P is infinite", "sG + (fedcba)P is infinite"];
    assert_eq!(accepted, [["r = 0", "s + n for s"].as_slice(), &infinite].concat());
}

/// A truthful answer to a point of another curve tells the private key modulo that point's order.
#[test]
fn fault_it_decrypts_what_is_no_ciphertext() {
    let accepted = accepted("Sm2DecryptDer", |group, test| {
        let private = group["privateKey"].as_str().unwrap().to_owned();
        let ciphertext = bytes(&test["ct"]);
        let opened = catch_unwind(move || sm_crypto::sm2::Decrypt::new(&private).decrypt_asna1(&ciphertext));
        opened.is_ok_and(|msg| msg == b"encryption standard")
    });
    let expected = [
        "C3 of another message",
        "C3 all zero",
        "C3 is the hash of the message",
        "C1 y + 1, C2 and C3 fit",
        "C1 x + 1, C2 and C3 fit",
        "C1 x and y exchanged, C2 and C3 fit",
        "C1 (0, 0), C2 and C3 fit",
        "C1 (0, 1), C2 and C3 fit",
        "C1 x of G, y of another point, C2 and C3 fit",
        "C1 G of P-256, C2 and C3 fit",
        "C1 order 2, C2 and C3 fit",
        "C1 point of the twist, C2 and C3 fit",
        "C1 x + p, C2 and C3 fit",
        "C1 y + p, C2 and C3 fit",
    ];
    assert_eq!(accepted, expected);
}

#[test]
fn fault_it_loses_leading_zeros() {
    let key = shared_key();
    let sealed = sm_crypto::sm2::Encrypt::new(&key.public_hex).encrypt(b"\0\0key");
    assert_eq!(sm_crypto::sm2::Decrypt::new(&key.private_hex).decrypt(&sealed), b"key");
}

#[test]
fn fault_it_encrypts_to_what_is_no_key() {
    let off_curve = format!("{:0>128}", "1");
    assert!(!sm_crypto::sm2::pubkey_valid(&off_curve));
    assert_eq!(sm_crypto::sm2::Encrypt::new(&off_curve).encrypt(b"secret").len(), 96 + 6);
}

#[test]
fn fault_it_panics_on_short_input() {
    let key = shared_key();
    for len in [0, 63, 95] {
        let private = key.private_hex.clone();
        let decrypted = catch_unwind(move || sm_crypto::sm2::Decrypt::new(&private).decrypt(&vec![4; len]));
        assert!(decrypted.is_err(), "{len} bytes");
    }
}

#[test]
fn fault_it_calls_zero_a_valid_private_key() {
    assert!(sm_crypto::sm2::privkey_valid(&"0".repeat(64)));
    assert!(SecretKey::from_bytes(&[0; 32]).is_err());
}

fn der_integer(bytes: &[u8]) -> Vec<u8> {
    let trimmed: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let pad = usize::from(trimmed.first().is_none_or(|byte| byte & 0x80 != 0));
    let length = u8::try_from(trimmed.len() + pad).unwrap();
    [&[2, length], vec![0; pad].as_slice(), &trimmed].concat()
}

fn der_sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    [&[0x30, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()
}

/// The cases of one kind in our negative set, each with its group.
fn negative(kind: &str) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_str(include_str!("../vectors/sm2_negative.json")).unwrap();
    let groups = file["testGroups"].as_array().unwrap().iter().filter(|group| group["type"] == kind);
    let tests = |group: &Value| group["tests"].as_array().unwrap().clone();
    groups.flat_map(|group| tests(group).into_iter().map(|test| (group.clone(), test))).collect()
}

/// The cases that must be refused and are not, by their comments.
fn accepted(kind: &str, accepts: impl Fn(&Value, &Value) -> bool) -> Vec<String> {
    let invalid = negative(kind).into_iter().filter(|(_, test)| test["result"] == "invalid");
    let accepted = invalid.filter(|(group, test)| accepts(group, test));
    accepted.map(|(_, test)| test["comment"].as_str().unwrap().to_owned()).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}
