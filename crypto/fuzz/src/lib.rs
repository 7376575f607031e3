//! Properties of everything here that reads bytes from outside, each a function of those bytes.
//!
//! The fuzz targets call them with what libFuzzer makes up; `crypto/tests/it/fuzz.rs` includes this file and calls
//! them from proptest, so that every test run has them too. They panic where the property does not hold.

use qianmo_crypto::{
    envelope,
    keys::{KeyProvider, SoftKeys},
    sm2::{Ciphertext, EnvelopedKey, PublicKey, SecretKey, Signature, enveloped_data},
    sm3,
    sm4::{Cipher, Kernel, ccm, ctr, gcm},
};

/// The private key of GB/T 32918.5, annex A.2, in PKCS#8.
pub const PRIVATE_KEY: [u8; 32] = [
    0x39, 0x45, 0x20, 0x8f, 0x7b, 0x21, 0x44, 0xb1, 0x3f, 0x36, 0xe3, 0x8a, 0xc6, 0xd3, 0x9f, 0x95, 0x88,
    0x93, 0x93, 0x69, 0x28, 0x60, 0xb5, 0x1a, 0x42, 0xfb, 0x81, 0xef, 0x4d, 0xf7, 0xc5, 0xb8,
];

/// That key.
pub fn secret_key() -> SecretKey {
    SecretKey::from_bytes(&PRIVATE_KEY).expect("a published key")
}

/// A provider with that key.
pub fn soft_keys() -> SoftKeys {
    SoftKeys::new(secret_key(), [7; 16].into())
}

/// A signature has one encoding in DER: what is read is what would be written.
pub fn signature_der(data: &[u8]) {
    if let Ok(signature) = Signature::from_der(data) {
        assert_eq!(signature.to_der(), data);
        assert_eq!(Signature::from_bytes(&signature.to_bytes()), Ok(signature));
        // A signature nobody made must not verify.
        let verified = secret_key().public_key().verify(b"fuzz", b"never signed", &signature);
        assert!(verified.is_err());
    }
}

/// A public key has one encoding as a point and one as SubjectPublicKeyInfo.
pub fn public_key(data: &[u8]) {
    if let Ok(key) = PublicKey::from_sec1(data) {
        assert_eq!(key.to_sec1().as_slice(), data);
        assert_eq!(PublicKey::from_spki_der(&key.to_spki_der()), Ok(key));
    }
    if let Ok(key) = PublicKey::from_spki_der(data) {
        assert_eq!(key.to_spki_der(), data);
        assert_eq!(PublicKey::from_sec1(&key.to_sec1()), Ok(key));
    }
}

/// A private key read is a key that works and that reads back from what is written.
pub fn private_key_pem(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = SecretKey::from_pkcs8_pem(text) {
        let signature = key.sign(b"fuzz", b"message").expect("a key in range signs");
        key.public_key().verify(b"fuzz", b"message", &signature).expect("its own signature");
        let again = SecretKey::from_pkcs8_pem(&key.to_pkcs8_pem()).expect("what is written reads");
        assert_eq!(again.public_key(), key.public_key());
    }
}

/// A ciphertext has one encoding in DER and one as bytes, and nobody's guess decrypts.
pub fn ciphertext(data: &[u8]) {
    let read = [Ciphertext::from_der(data), Ciphertext::from_bytes(data)];
    for (ciphertext, is_der) in read.into_iter().zip([true, false]) {
        let Ok(ciphertext) = ciphertext else { continue };
        assert_eq!(if is_der { ciphertext.to_der() } else { ciphertext.to_bytes() }, data);
        assert!(secret_key().decrypt(&ciphertext).is_err());
    }
}

/// A key file of another opens with no other passphrase; a key in the clear, of any form, reads back.
pub fn key_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(SecretKey::from_encrypted_pkcs8_pem(text, b"another passphrase").is_err());
    if let Ok(key) = SecretKey::from_pem(text, None) {
        let again = SecretKey::from_pkcs8_pem(&key.to_pkcs8_pem()).expect("what is written reads");
        assert_eq!(again.public_key(), key.public_key());
    }
}

/// Enveloped keys (GM/T 0009): one encoding, and none of a stranger's opens.
pub fn enveloped_key(data: &[u8]) {
    if let Ok(enveloped) = EnvelopedKey::from_der(data) {
        assert_eq!(enveloped.to_der(), data);
        assert!(enveloped.open(&secret_key()).is_err());
    }
}

/// SEQUENCE { SET { SEQUENCE { commonName, UTF8String "CA" } } }, number 1: whose envelopes are opened.
pub const CERTIFICATE: enveloped_data::CertificateId<'_> = enveloped_data::CertificateId {
    issuer: b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02\x43\x41",
    serial: b"\x01",
};

/// Enveloped data (GM/T 0009): what is sealed to another key does not open, whatever happened to it.
pub fn enveloped_data(data: &[u8]) {
    let key = secret_key();
    assert!(enveloped_data::open(data, CERTIFICATE, |ciphertext| key.decrypt(ciphertext)).is_err());
}

/// Nobody but the holder of the keys can make an envelope or a wrapped key that opens.
pub fn envelope_open(data: &[u8]) {
    let keys = soft_keys();
    assert!(envelope::open(&keys, b"context", data).is_err());
    assert!(keys.unwrap_key(data).is_err());
}

/// Whatever the lengths and the alignment, every kernel seals SM4-GCM alike, opens what was sealed, and opens nothing
/// with a bit turned.
pub fn gcm(data: &[u8]) {
    let Some((head, rest)) = data.split_first_chunk::<33>() else { return };
    let (key, nonce) = head.split_at(16);
    let key: &[u8; 16] = key.try_into().expect("16 bytes");
    let (nonce, chosen) = nonce.split_at(12);
    let nonce: &[u8; 12] = nonce.try_into().expect("12 bytes");
    let number = |bytes: &[u8]| usize::from(bytes[0]) | usize::from(bytes[1]) << 8;
    let (aad, plaintext) = rest.split_at(number(chosen) % (rest.len() + 1));
    let expected =
        gcm::Key::with_kernel(key, Kernel::Portable).expect("runs everywhere").seal(nonce, aad, plaintext);
    assert_eq!(expected.len(), plaintext.len() + gcm::TAG_LEN);
    let bit = number(&chosen[2..]) % (expected.len() * 8);
    for kernel in Kernel::available() {
        let key = gcm::Key::with_kernel(key, kernel).expect("an available one");
        // Somewhere in a line of the cache.
        let shift = usize::from(chosen[4] % 64);
        let mut buffer = [vec![0; shift], plaintext.to_vec()].concat();
        let tag = key.seal_in_place(nonce, aad, &mut buffer[shift..]);
        assert_eq!([&buffer[shift..], &tag].concat(), expected, "{kernel}");
        assert_eq!(key.open_in_place(nonce, aad, &mut buffer[shift..], &tag), Ok(()), "{kernel}");
        assert_eq!(&buffer[shift..], plaintext, "{kernel}");
        let mut altered = expected.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(key.open(nonce, aad, &altered).is_err(), "{kernel}");
        // What is no ciphertext at all is refused, however short.
        assert!(key.open(nonce, b"other", data).is_err(), "{kernel}");
    }
}

/// Every kernel makes the same key stream from any counter, over its wrap too, and CCM opens what it sealed.
pub fn modes(data: &[u8]) {
    let Some((head, plaintext)) = data.split_first_chunk::<32>() else { return };
    let (key, rest) = head.split_at(16);
    let key: &[u8; 16] = key.try_into().expect("16 bytes");
    let (nonce, counter) = rest.split_at(12);
    let nonce: &[u8; 12] = nonce.try_into().expect("12 bytes");
    let counter = u32::from_be_bytes(counter.try_into().expect("4 bytes"));
    let stream = |kernel| {
        let mut text = plaintext.to_vec();
        ctr::apply(&Cipher::with_kernel(key, kernel).expect("an available one"), nonce, counter, &mut text);
        text
    };
    let seal = |kernel| {
        let key = ccm::Key::with_kernel(key, kernel).expect("an available one");
        let sealed = key.seal(nonce, b"header", plaintext).expect("short enough");
        assert_eq!(key.open(nonce, b"header", &sealed).as_deref(), Ok(plaintext), "{kernel}");
        assert!(key.open(nonce, b"", &sealed).is_err(), "{kernel}");
        sealed
    };
    for kernel in Kernel::available() {
        assert_eq!(stream(kernel), stream(Kernel::Portable), "{kernel}");
        assert_eq!(seal(kernel), seal(Kernel::Portable), "{kernel}");
    }
}

/// SM3 of many messages, cut from `data` by its own bytes, is SM3 of each.
pub fn digest_many(data: &[u8]) {
    let mut messages = Vec::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        let (message, after) = after.split_at(usize::from(*length).min(after.len()));
        messages.push([message]);
        rest = after;
    }
    let expected: Vec<sm3::Digest> = messages.iter().map(|[message]| sm3::digest(message)).collect();
    for kernel in sm3::Kernel::available() {
        assert_eq!(sm3::digest_many_with(kernel, &messages).as_ref(), Some(&expected), "{kernel}");
    }
}
