//! Envelopes and ciphertexts that GmSSL made.

use qianmo_crypto::CryptoError;
use qianmo_crypto::sm2::enveloped_data::{self, CertificateId};
use qianmo_crypto::sm2::{Ciphertext, SecretKey};

use crate::common::cases;

#[test]
fn its_envelopes_and_ciphertexts_open() {
    for case in cases(include_str!("../vectors/gmssl_envelope.txt")) {
        let pem = case.pem("key", "ENCRYPTED PRIVATE KEY");
        let key = SecretKey::from_encrypted_pkcs8_pem(&pem, &case.bytes("passphrase")).unwrap();
        let (issuer, serial) = (case.bytes("issuer"), case.bytes("serial"));
        let certificate = CertificateId { issuer: &issuer, serial: &serial };
        let envelope = case.bytes("envelope");
        let open =
            |certificate| enveloped_data::open(&envelope, certificate, |ciphertext| key.decrypt(ciphertext));
        assert_eq!(*open(certificate).unwrap(), case.bytes("content"));
        let other = open(CertificateId { serial: &[1], ..certificate });
        assert_eq!(other.err(), Some(CryptoError::EnvelopedData("not for this certificate")));

        let ciphertext = Ciphertext::from_der(&case.bytes("ciphertext")).unwrap();
        assert_eq!(*key.decrypt(&ciphertext).unwrap(), case.bytes("message"));
        assert_eq!(ciphertext.to_der(), case.bytes("ciphertext"));
    }
}
