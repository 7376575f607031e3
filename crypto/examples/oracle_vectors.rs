//! Prints vectors that this crate makes from random data, as JSON, for `tests/oracles/oracles.py check`.
#![expect(clippy::unwrap_used, reason = "a generator stops at the first surprise")]

use qianmo_crypto::{
    CryptoError, random,
    sm2::{CERT_USER_ID, SecretKey, TLS_USER_ID},
    sm4::gcm,
};
use serde_json::{Value, json};

const LENGTHS: [usize; 12] = [1, 15, 16, 17, 64, 255, 256, 257, 1024, 1025, 1350, 5000];

/// GmSSL takes up to 255 bytes.
const PLAINTEXT_LENGTHS: [usize; 8] = [1, 16, 31, 32, 33, 64, 254, 255];

fn main() {
    let signatures = LENGTHS.map(|length| [CERT_USER_ID, TLS_USER_ID].map(|id| signed(id, length).unwrap()));
    let vectors = json!({
        "sm4_gcm": LENGTHS.map(|length| sealed(length).unwrap()),
        "sm2_signatures": signatures.concat(),
        "sm2_ciphertexts": PLAINTEXT_LENGTHS.map(|length| encrypted(length).unwrap()),
    });
    println!("{vectors}");
}

fn bytes(length: usize) -> Result<Vec<u8>, CryptoError> {
    let mut bytes = vec![0; length];
    random::fill(&mut bytes)?;
    Ok(bytes)
}

fn array<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    random::fill(&mut bytes)?;
    Ok(bytes)
}

fn sealed(length: usize) -> Result<Value, CryptoError> {
    let (key, nonce, aad, plaintext) = (array()?, array()?, bytes(length % 37)?, bytes(length)?);
    let sealed = gcm::Key::new(&key).seal(&nonce, &aad, &plaintext);
    Ok(json!({
        "key": hex::encode(key),
        "nonce": hex::encode(nonce),
        "aad": hex::encode(aad),
        "plaintext": hex::encode(plaintext),
        "sealed": hex::encode(sealed),
    }))
}

fn signed(user_id: &[u8], length: usize) -> Result<Value, CryptoError> {
    let (key, message) = (SecretKey::generate()?, bytes(length)?);
    Ok(json!({
        "user_id": hex::encode(user_id),
        "public": hex::encode(key.public_key().to_sec1()),
        "message": hex::encode(&message),
        "signature": hex::encode(key.sign(user_id, &message)?.to_der()),
    }))
}

fn encrypted(length: usize) -> Result<Value, CryptoError> {
    let (private, plaintext) = (array()?, bytes(length)?);
    let ciphertext = SecretKey::from_bytes(&private)?.public_key().encrypt(&plaintext)?.to_der();
    Ok(json!({
        "private": hex::encode(private),
        "plaintext": hex::encode(plaintext),
        "ciphertext": hex::encode(ciphertext),
    }))
}
