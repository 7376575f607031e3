//! SM2 encryption: properties, and RustCrypto's `sm2` as the other side.

use proptest::collection::vec;
use proptest::prelude::*;
use qianmo_crypto::CryptoError;
use qianmo_crypto::sm2::{Ciphertext, PublicKey, SecretKey};
use sm2::elliptic_curve::common::getrandom::SysRng;
use sm2::pke::{DecryptingKey, EncryptingKey, Mode};

/// Private numbers; zero and what is not below n - 1 are left out.
fn secret() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>().prop_filter("a private key", |d| SecretKey::from_bytes(d).is_ok())
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..300)
}

fn ours(d: &[u8; 32]) -> (SecretKey, PublicKey) {
    let key = SecretKey::from_bytes(d).unwrap();
    let public = key.public_key();
    (key, public)
}

fn theirs(d: &[u8; 32]) -> DecryptingKey {
    DecryptingKey::new(sm2::SecretKey::from_slice(d).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_encrypted_decrypts_in_both_encodings(d in secret(), msg in message()) {
        let (key, public) = ours(&d);
        let ciphertext = public.encrypt(&msg).unwrap();
        let raw = Ciphertext::from_bytes(&ciphertext.to_bytes()).unwrap();
        let der = Ciphertext::from_der(&ciphertext.to_der()).unwrap();
        prop_assert_eq!(&raw, &der);
        prop_assert_eq!(&*key.decrypt(&raw).unwrap(), &msg);
        prop_assert_eq!(raw.to_der(), ciphertext.to_der());
        prop_assert_eq!(der.to_bytes(), ciphertext.to_bytes());
    }

    #[test]
    fn rustcrypto_decrypts_ours(d in secret(), msg in message()) {
        let ciphertext = ours(&d).1.encrypt(&msg).unwrap();
        let peer = theirs(&d);
        prop_assert_eq!(&peer.decrypt(&ciphertext.to_bytes()).unwrap(), &msg);
        prop_assert_eq!(&peer.decrypt_der(&ciphertext.to_der()).unwrap(), &msg);
    }

    #[test]
    fn we_decrypt_rustcryptos(d in secret(), msg in message()) {
        let (key, public) = ours(&d);
        let peer = EncryptingKey::from_sec1_bytes(&public.to_sec1()).unwrap();
        let raw = Ciphertext::from_bytes(&peer.encrypt(&mut SysRng, &msg).unwrap()).unwrap();
        prop_assert_eq!(&*key.decrypt(&raw).unwrap(), &msg);
        let der = Ciphertext::from_der(&peer.encrypt_der(&mut SysRng, &msg).unwrap()).unwrap();
        prop_assert_eq!(&*key.decrypt(&der).unwrap(), &msg);
    }

    #[test]
    fn an_altered_byte_is_refused(d in secret(), msg in message(), at: prop::sample::Index, mask in 1..=255u8) {
        let (key, public) = ours(&d);
        let mut raw = public.encrypt(&msg).unwrap().to_bytes();
        let at = at.index(raw.len());
        raw[at] ^= mask;
        prop_assert!(Ciphertext::from_bytes(&raw).and_then(|ciphertext| key.decrypt(&ciphertext)).is_err());
    }

    #[test]
    fn bytes_that_are_no_ciphertext_are_refused(noise in vec(any::<u8>(), 0..400)) {
        // A random point is on the curve once in 2^256 tries.
        prop_assert!(Ciphertext::from_bytes(&noise).is_err());
        prop_assert!(Ciphertext::from_der(&noise).is_err());
    }
}

#[test]
fn the_order_of_the_drafts_does_not_decrypt() {
    let (key, public) = ours(&[7; 32]);
    let sec1 = sm2::PublicKey::from_sec1_bytes(&public.to_sec1()).unwrap();
    let peer = EncryptingKey::new_with_mode(sec1, Mode::C1C2C3);
    let ciphertext = Ciphertext::from_bytes(&peer.encrypt(&mut SysRng, b"message").unwrap()).unwrap();
    assert_eq!(key.decrypt(&ciphertext).err(), Some(CryptoError::Decrypt));
}
