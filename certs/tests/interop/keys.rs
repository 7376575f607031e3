//! Private keys, both ways.

use qianmo_crypto::sm2::{PublicKey, SecretKey};

use crate::openssl::Openssl;

#[test]
fn openssl_reads_our_keys() {
    let Some(openssl) = Openssl::find() else { return };
    let key = SecretKey::generate().unwrap();
    openssl.write("ours.key", key.to_pkcs8_pem().as_bytes());
    let text = openssl.ok("pkey -in ours.key -check -pubcheck -noout");
    assert!(text.contains("Key is valid"), "{text}");
    let public = openssl.bytes("pkey -in ours.key -pubout -outform DER");
    assert_eq!(public, key.public_key().to_spki_der());
}

#[test]
fn we_read_openssls_keys() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.ok("genpkey -algorithm SM2 -out theirs.key");
    let key = SecretKey::from_pkcs8_pem(&openssl.read("theirs.key")).unwrap();
    let public = openssl.bytes("pkey -in theirs.key -pubout -outform DER");
    assert_eq!(PublicKey::from_spki_der(&public).unwrap(), key.public_key());
    assert_eq!(*key.to_pkcs8_pem(), openssl.read("theirs.key"), "the same text, byte for byte");
}
