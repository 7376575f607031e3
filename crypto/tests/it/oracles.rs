//! What Tongsuo and GmSSL made of random data, through their Python bindings; see `tests/oracles/README.md`.

use serde_json::Value;

use qianmo_crypto::sm2::{Ciphertext, PublicKey, SecretKey, Signature};
use qianmo_crypto::sm4::{Cipher, Kernel, ccm, ctr, gcm};
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
    for (vector, kernel) in each_kernel("sm4_gcm") {
        let key = gcm::Key::with_kernel(&array(&vector, "key"), kernel).unwrap();
        let (nonce, aad) = (array(&vector, "nonce"), bytes(&vector, "aad"));
        let (plaintext, sealed) = (bytes(&vector, "plaintext"), bytes(&vector, "sealed"));
        assert_eq!(key.seal(&nonce, &aad, &plaintext), sealed, "{kernel}");
        assert_eq!(key.open(&nonce, &aad, &sealed).unwrap(), plaintext, "{kernel}");
    }
}

#[test]
fn sm4_ccm() {
    for (vector, kernel) in each_kernel("sm4_ccm") {
        let key = ccm::Key::with_kernel(&array(&vector, "key"), kernel).unwrap();
        let (nonce, aad) = (array(&vector, "nonce"), bytes(&vector, "aad"));
        let (plaintext, sealed) = (bytes(&vector, "plaintext"), bytes(&vector, "sealed"));
        assert_eq!(key.seal(&nonce, &aad, &plaintext).unwrap(), sealed, "{kernel}");
        assert_eq!(key.open(&nonce, &aad, &sealed).unwrap(), plaintext, "{kernel}");
    }
}

/// Their counter is 16 bytes long; these vectors keep within its last four.
#[test]
fn sm4_ctr() {
    for (vector, kernel) in each_kernel("sm4_ctr") {
        let cipher = Cipher::with_kernel(&array(&vector, "key"), kernel).unwrap();
        let counter: [u8; 16] = array(&vector, "counter");
        let (nonce, counter) = counter.split_at(12);
        let (nonce, counter) = (nonce.try_into().unwrap(), u32::from_be_bytes(counter.try_into().unwrap()));
        let mut data = bytes(&vector, "plaintext");
        ctr::apply(&cipher, nonce, counter, &mut data);
        assert_eq!(data, bytes(&vector, "ciphertext"), "{kernel}");
    }
}

/// Every vector of a section with every kernel of this machine.
fn each_kernel(name: &str) -> impl Iterator<Item = (Value, Kernel)> {
    section(name)
        .into_iter()
        .flat_map(|vector| Kernel::available().map(move |kernel| (vector.clone(), kernel)))
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
