//! Private keys as others write them. All are d of GB/T 32918.5-2017, annex A, but for gmsm's.

use qianmo_crypto::CryptoError;
use qianmo_crypto::sm2::{PublicKey, SecretKey};

const PUBLIC: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                      ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

#[track_caller]
fn reads(pem: &str, passphrase: &str, public: &str) {
    let key = SecretKey::from_pem(pem, Some(passphrase.as_bytes())).unwrap();
    assert_eq!(key.public_key(), PublicKey::from_sec1(&hex::decode(public).unwrap()).unwrap());
}

#[test]
fn openssl_under_a_passphrase() {
    reads(include_str!("../vectors/keys/openssl_encrypted.pem"), "口令", PUBLIC);
}

#[test]
fn gmssl_under_a_passphrase() {
    reads(include_str!("../vectors/keys/gmssl_encrypted.pem"), "口令", PUBLIC);
}

/// GmSSL's object identifier, but with NULL parameters.
#[test]
fn gmsm_under_a_passphrase() {
    let public = "048356e642a40ebd18d29ba3532fbd9f3bbee8f027c3f6f39a5ba2f870369f9988\
                  981f5efe55d1c5cdf6c0ef2b070847a14f7fdf4272a8df09c442f3058af94ba1";
    reads(include_str!("../vectors/keys/gmsm_encrypted.pem"), "Password1", public);
}

#[test]
fn openssl_in_sec1() {
    let pem = include_str!("../vectors/keys/openssl_sec1.pem");
    reads(pem, "", PUBLIC);
    let traditional = pem.replace("SM2 PRIVATE", "EC PRIVATE");
    assert!(SecretKey::from_sec1_pem(&traditional).is_ok());
}

/// What others write by default, PBKDF2 with HMAC-SHA-256, is refused with the way out.
#[test]
fn openssl_with_another_hash() {
    let pem = include_str!("../vectors/keys/openssl_sha256.pem");
    let error = SecretKey::from_pem(pem, Some(b"abc")).err().unwrap();
    assert!(
        matches!(error, CryptoError::KeyFile(reason) if reason.contains("-v2prf hmacWithSM3")),
        "{error}"
    );
}
