use super::*;

/// Few iterations: these tests are about the file, not about the time.
const QUICK: u32 = 3;

fn pem(label: &str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).unwrap()
}

fn encrypted(secret: &SecretKey, passphrase: &[u8], dialect: Dialect) -> String {
    let key = private_key::to_pkcs8(secret);
    pem(ENCRYPTED_LABEL, &pbes2::encrypt(&key, passphrase, dialect, QUICK).unwrap())
}

fn error(pem: &str, passphrase: &[u8]) -> CryptoError {
    SecretKey::from_encrypted_pkcs8_pem(pem, passphrase).err().unwrap()
}

/// `text` with one run of its DER replaced by another of the same length.
fn with(text: &str, from: &[u8], to: &[u8]) -> String {
    let (label, mut der) = open(text).unwrap();
    let at = der.windows(from.len()).position(|window| window == from).unwrap();
    der[at..at + to.len()].copy_from_slice(to);
    pem(label, &der)
}

#[test]
fn a_key_comes_back_in_every_dialect_and_under_its_passphrase_only() {
    let secret = SecretKey::generate().unwrap();
    for dialect in [Dialect::Gm, Dialect::OpenSsl] {
        let text = encrypted(&secret, "口令".as_bytes(), dialect);
        let back = SecretKey::from_encrypted_pkcs8_pem(&text, "口令".as_bytes()).unwrap();
        assert_eq!(back.to_bytes(), secret.to_bytes());
        assert_eq!(back.public_key(), secret.public_key());
        for wrong in ["", "口", "口令 ", "another"] {
            assert_eq!(error(&text, wrong.as_bytes()), CryptoError::Passphrase, "{wrong:?}");
        }
    }
}

#[test]
fn what_is_written_takes_all_iterations_and_is_read_by_its_label() {
    let secret = SecretKey::generate().unwrap();
    let text = secret.to_encrypted_pkcs8_pem(b"passphrase").unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
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
fn salt_and_iv_are_fresh() {
    let secret = SecretKey::generate().unwrap();
    let ends = |text: String| open(&text).unwrap().1.iter().rev().take(32).copied().collect::<Vec<_>>();
    assert_ne!(ends(encrypted(&secret, b"p", Dialect::Gm)), ends(encrypted(&secret, b"p", Dialect::Gm)));
}

#[test]
fn every_flipped_byte_is_noticed_or_changes_nothing() {
    let secret = SecretKey::generate().unwrap();
    let (_, der) = open(&encrypted(&secret, b"p", Dialect::OpenSsl)).unwrap().clone();
    for i in 0..der.len() {
        let mut bad = der.clone();
        bad[i] ^= 0x10;
        let opened = SecretKey::from_encrypted_pkcs8_pem(&pem(ENCRYPTED_LABEL, &bad), b"p");
        // CBC has no tag: a changed IV or block can leave the key readable only where its copies still agree.
        assert!(opened.is_err() || opened.is_ok_and(|key| key.to_bytes() == secret.to_bytes()), "byte {i}");
        assert!(SecretKey::from_encrypted_pkcs8_pem(&pem(ENCRYPTED_LABEL, &der[..i]), b"p").is_err());
    }
}

#[test]
fn other_parameters_are_refused_by_name() {
    let text = encrypted(&SecretKey::generate().unwrap(), b"p", Dialect::Gm);
    let is = |text: &str, word: &str| {
        let message = error(text, b"p").to_string();
        assert!(message.contains(word), "{message}");
    };
    // The last arc of each object identifier.
    is(&with(&text, b"\x01\x05\x0d", b"\x01\x05\x0e"), "PBES2");
    is(&with(&text, b"\x01\x05\x0c", b"\x01\x05\x0b"), "PBKDF2");
    is(&with(&text, b"\x55\x01\x68\x02", b"\x55\x01\x68\x03"), "SM4-CBC");
    is(&with(&text, b"\x83\x11\x02", b"\x83\x11\x03"), "HMAC-SM3");
    is(&with(&text, &[2, 1, QUICK as u8], &[2, 1, 0]), "malformed");
    is(&with(&text, &[2, 1, QUICK as u8], &[2, 1, 0x80]), "malformed");
}

#[test]
fn too_many_iterations_are_refused_before_they_are_made() {
    let most = pbes2::MAX_ITERATIONS;
    for (iterations, refused) in [(most + 1, true), (u32::MAX, true)] {
        let der = pbes2::encode(&[1; 16], iterations, Dialect::Gm, &[2; 16], &[3; 160]).unwrap();
        let message = error(&pem(ENCRYPTED_LABEL, &der), b"p").to_string();
        assert_eq!(message.contains("10,000,000 iterations"), refused, "{iterations}: {message}");
    }
}

#[test]
fn keys_in_the_clear_are_read_by_their_label() {
    let secret = SecretKey::generate().unwrap();
    let clear = secret.to_pkcs8_pem();
    let windows = clear.replace('\n', "\r\n");
    for text in [clear.as_str(), &windows, &format!("\n{}\n\n", *clear)] {
        for passphrase in [None, Some(b"unused".as_slice())] {
            assert_eq!(SecretKey::from_pem(text, passphrase).unwrap().to_bytes(), secret.to_bytes());
        }
    }
    assert!(matches!(error(&clear, b"p"), CryptoError::KeyFile(_)));
    let ours = pem(PKCS8_LABEL, &private_key::to_pkcs8(&secret));
    assert_eq!(SecretKey::from_pkcs8_pem(&ours).unwrap().to_bytes(), secret.to_bytes());
    let other = CryptoError::KeyFile("its PEM label is not that of a private key");
    assert_eq!(SecretKey::from_pem(&pem("CERTIFICATE", b"0"), None).err(), Some(other));
}

#[test]
fn a_public_key_that_is_not_its_own_is_refused() {
    let (secret, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let (own, foreign) = (secret.public_key().to_sec1(), other.public_key().to_sec1());
    let text = pem(PKCS8_LABEL, &private_key::to_pkcs8(&secret));
    let expected = CryptoError::SecretKey("the public key inside belongs to another key");
    assert_eq!(SecretKey::from_pem(&with(&text, &own, &foreign), None).err(), Some(expected));
    let range = CryptoError::SecretKey("d must lie in [1, n-2]");
    let zero = with(&text, secret.to_bytes().as_ref(), &[0; 32]);
    assert_eq!(SecretKey::from_pem(&zero, None).err(), Some(range));
}

#[test]
fn an_ec_private_key_must_name_its_curve() {
    let secret = SecretKey::generate().unwrap();
    let d = secret.to_bytes();
    let key = |parameters| {
        let key = sec1::EcPrivateKey { private_key: d.as_slice(), parameters, public_key: None };
        pem(SEC1_LABEL, &der::Encode::to_der(&key).unwrap())
    };
    let curve = |oid| Some(sec1::EcParameters::NamedCurve(der::asn1::ObjectIdentifier::new_unwrap(oid)));
    let named = SecretKey::from_sec1_pem(&key(curve("1.2.156.10197.1.301"))).unwrap();
    assert_eq!(named.to_bytes(), d);
    for other in [None, curve("1.2.840.10045.3.1.7")] {
        let expected = CryptoError::SecretKey("another curve, or none named");
        assert_eq!(SecretKey::from_sec1_pem(&key(other)).err(), Some(expected));
    }
}

#[test]
fn other_curves_and_cut_text_are_refused() {
    let text = pem(PKCS8_LABEL, &private_key::to_pkcs8(&SecretKey::generate().unwrap()));
    let other = CryptoError::SecretKey("another algorithm or curve");
    // 1.2.156.10197.1.301 becomes 1.2.156.10197.1.302, first in the AlgorithmIdentifier.
    let another = with(&text, b"\x55\x01\x82\x2d", b"\x55\x01\x82\x2e");
    assert_eq!(SecretKey::from_pem(&another, None).err(), Some(other));
    for text in ["", "-----BEGIN", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"] {
        assert!(SecretKey::from_pem(text, Some(b"p")).is_err(), "{text:?}");
    }
    let long = "A".repeat(MAX_PEM_LEN + 1);
    assert_eq!(
        SecretKey::from_pem(&long, None).err(),
        Some(CryptoError::KeyFile("it is longer than any key"))
    );
}

/// By `openssl kdf -keylen 16 -kdfopt digest:SM3 -kdfopt pass:password -kdfopt salt:salt -kdfopt iter:4096 PBKDF2`.
#[test]
fn pbkdf2_agrees_with_openssl() {
    let key = pbes2::pbkdf2(b"password", b"salt", 4096);
    assert_eq!(hex::encode(*key), "b6e8f2074c87432b78f62e5ced980fdf");
}
