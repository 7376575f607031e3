//! Private keys, both ways.

use qianmo_crypto::{
    keys::Dialect,
    sm2::{PublicKey, SecretKey},
};

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

const PASSPHRASE: &str = "correct-horse-battery-staple";

#[test]
fn openssl_reads_our_keys_under_a_passphrase() {
    let Some(openssl) = Openssl::find() else { return };
    let key = SecretKey::generate().unwrap();
    let pem = key.to_encrypted_pkcs8_pem_as(PASSPHRASE.as_bytes(), Dialect::OpenSsl).unwrap();
    openssl.write("ours.key", pem.as_bytes());
    let read = "pkey -in ours.key -pubout -outform DER -passin pass:";
    assert_eq!(openssl.bytes(&format!("{read}{PASSPHRASE}")), key.public_key().to_spki_der());
    openssl.refuses(&format!("{read}another"));
}

#[test]
fn we_read_openssls_keys_under_a_passphrase() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.ok("genpkey -algorithm SM2 -out theirs.key");
    openssl.ok(&format!(
        "pkcs8 -topk8 -in theirs.key -v2 sm4-cbc -v2prf hmacWithSM3 -iter 10000 -passout pass:{PASSPHRASE} \
         -out theirs.enc"
    ));
    let plain = SecretKey::from_pkcs8_pem(&openssl.read("theirs.key")).unwrap();
    let encrypted = openssl.read("theirs.enc");
    let key = SecretKey::from_encrypted_pkcs8_pem(&encrypted, PASSPHRASE.as_bytes()).unwrap();
    assert_eq!(key.public_key(), plain.public_key());
    assert!(SecretKey::from_encrypted_pkcs8_pem(&encrypted, b"another").is_err());
}
