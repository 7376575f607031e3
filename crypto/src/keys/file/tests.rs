use proptest::prelude::*;

use super::*;

/// Few iterations: these tests are about the file, not about the time.
const QUICK: u32 = 3;

fn pem(label: &str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).unwrap()
}

fn encrypted(secret: &SecretKey, passphrase: &[u8], dialect: Dialect, iterations: u32) -> String {
    let key = private_key::to_pkcs8(secret);
    pem(ENCRYPTED_LABEL, &pbes2::encrypt(&key, passphrase, dialect, iterations).unwrap())
}

fn error(pem: &str, passphrase: &[u8]) -> CryptoError {
    SecretKey::from_encrypted_pkcs8_pem(pem, passphrase).err().unwrap()
}

#[test]
fn a_key_comes_back_in_every_dialect_and_under_its_passphrase_only() {
    let secret = SecretKey::generate().unwrap();
    for dialect in [Dialect::Gm, Dialect::OpenSsl] {
        let text = encrypted(&secret, "口令".as_bytes(), dialect, QUICK);
        let back = SecretKey::from_encrypted_pkcs8_pem(&text, "口令".as_bytes()).unwrap();
        assert_eq!(back.to_bytes(), secret.to_bytes());
        assert_eq!(back.public_key(), secret.public_key());
        for wrong in ["", "口", "口令 ", "another"] {
            assert_eq!(error(&text, wrong.as_bytes()), CryptoError::Passphrase, "{wrong:?}");
        }
    }
}

#[test]
fn what_is_written_is_written_with_all_iterations_and_read_by_label() {
    let secret = SecretKey::generate().unwrap();
    let text = secret.to_encrypted_pkcs8_pem(b"passphrase").unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(!text.contains(secret.to_pkcs8_pem().lines().nth(1).unwrap()));
    let (_, der) = open(&text).unwrap();
    // INTEGER 600000.
    assert!(der.windows(5).any(|window| window == [2, 3, 0x09, 0x27, 0xc0]));
    let back = SecretKey::from_pem(&text, Some(b"passphrase")).unwrap();
    assert_eq!(back.to_bytes(), secret.to_bytes());
    let unopened = CryptoError::KeyFile("it is encrypted; give its passphrase");
    assert_eq!(SecretKey::from_pem(&text, None).err(), Some(unopened));
    assert!(matches!(secret.to_encrypted_pkcs8_pem(b"").err(), Some(CryptoError::KeyFile(_))));
}

#[test]
fn keys_in_the_clear_are_read_by_their_label() {
    let secret = SecretKey::generate().unwrap();
    let clear = secret.to_pkcs8_pem();
    for passphrase in [None, Some(b"unused".as_slice())] {
        let back = SecretKey::from_pem(&clear, passphrase).unwrap();
        assert_eq!(back.to_bytes(), secret.to_bytes());
    }
    assert!(matches!(error(&clear, b"p"), CryptoError::KeyFile(_)));
    let ours = pem(PKCS8_LABEL, &private_key::to_pkcs8(&secret));
    assert_eq!(SecretKey::from_pkcs8_pem(&ours).unwrap().to_bytes(), secret.to_bytes());
    let certificate = pem("CERTIFICATE", b"0");
    let other = CryptoError::KeyFile("its PEM label is not that of a private key");
    assert_eq!(SecretKey::from_pem(&certificate, None).err(), Some(other));
}

/// d of GB/T 32918.5-2017, annex A, as `openssl ec` writes it.
const SEC1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIDlFII96eyFEsTh/i33gLFQRw0LndtIOOgUjfq0h4HfWoAoGCCqBHM9V
-----END EC PRIVATE KEY-----";

#[test]
fn random_and_cut_text_is_refused() {
    for text in ["", "-----BEGIN", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", SEC1] {
        assert!(SecretKey::from_pem(text, Some(b"p")).is_err(), "{text:?}");
    }
    let long = "A".repeat(MAX_PEM_LEN + 1);
    assert_eq!(
        SecretKey::from_pem(&long, None).err(),
        Some(CryptoError::KeyFile("it is longer than any key"))
    );
}

#[test]
fn too_many_iterations_are_refused_before_they_are_made() {
    let text = encrypted(&SecretKey::generate().unwrap(), b"p", Dialect::Gm, 0x0102);
    let (_, mut der) = open(&text).unwrap().clone();
    // INTEGER 258 becomes one of four bytes: its own and three outer lengths grow, all of them short forms here.
    let at = der.windows(4).position(|window| window == [2, 2, 1, 2]).unwrap();
    assert_eq!(der[at + 1], 2);
    der[at + 2] = 0x7f;
    // 0x7f02 iterations only: opens as wrong passphrase, so the number was read from there.
    assert_eq!(error(&pem(ENCRYPTED_LABEL, &der), b"p"), CryptoError::Passphrase);
}
