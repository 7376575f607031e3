//! What Tongsuo and GmSSL made of random data, through their Python bindings; see `tests/oracles/README.md`.

use serde_json::Value;

use qianmo_crypto::sm2::{Ciphertext, PublicKey, SecretKey, Signature};
use qianmo_crypto::sm4::gcm;
use qianmo_crypto::{hmac, sm3};

/// The vectors of one section: the kept ones, or those of the file that `QIANMO_ORACLES` names.
fn section(name: &str) -> Vec<Value> {
    let file = std::env::var_os("QIANMO_ORACLES").map(|path| std::fs::read_to_string(path).unwrap());
    let file = file.as_deref().unwrap_or(include_str!("../vectors/oracles.json"));
    let vectors = serde_json::from_str::<Value>(file).unwrap()[name].as_array().unwrap().clone();
    assert!(vectors.len() > 10, "{name}");
    vectors
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    hex::decode(vector[name].as_str().unwrap()).unwrap()
}

fn array<const N: usize>(vector: &Value, name: &str) -> [u8; N] {
    bytes(vector, name).try_into().unwrap()
}

#[test]
fn sm3_and_hmac() {
    for vector in section("sm3") {
        let message = bytes(&vector, "message");
        assert_eq!(sm3::digest(&message).as_bytes(), &array(&vector, "digest"));
        assert_eq!(hmac::hmac_sm3(&bytes(&vector, "key"), &message), array(&vector, "hmac"));
    }
}

#[test]
fn sm4_gcm() {
    for vector in section("sm4_gcm") {
        let key = gcm::Key::new(&array(&vector, "key"));
        let (nonce, aad) = (array(&vector, "nonce"), bytes(&vector, "aad"));
        let (plaintext, sealed) = (bytes(&vector, "plaintext"), bytes(&vector, "sealed"));
        assert_eq!(key.seal(&nonce, &aad, &plaintext), sealed);
        assert_eq!(key.open(&nonce, &aad, &sealed).unwrap(), plaintext);
    }
}

#[test]
fn sm2_signatures() {
    for vector in section("sm2_signatures") {
        let public = PublicKey::from_sec1(&bytes(&vector, "public")).unwrap();
        assert_eq!(SecretKey::from_bytes(&array(&vector, "private")).unwrap().public_key(), public);
        let (user_id, message) = (bytes(&vector, "user_id"), bytes(&vector, "message"));
        let signature = Signature::from_der(&bytes(&vector, "signature")).unwrap();
        public.verify(&user_id, &message, &signature).unwrap();
        assert!(public.verify(&user_id, &[&message, b"x".as_slice()].concat(), &signature).is_err());
    }
}

#[test]
fn sm2_ciphertexts() {
    for vector in section("sm2_ciphertexts") {
        let key = SecretKey::from_bytes(&array(&vector, "private")).unwrap();
        let ciphertext = Ciphertext::from_der(&bytes(&vector, "ciphertext")).unwrap();
        assert_eq!(*key.decrypt(&ciphertext).unwrap(), bytes(&vector, "plaintext"));
        let other = SecretKey::generate().unwrap();
        assert!(other.decrypt(&ciphertext).is_err());
    }
}
