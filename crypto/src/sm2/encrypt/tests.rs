//! What encryption takes, and what decryption must not hand out.

use super::*;

fn key() -> SecretKey {
    SecretKey::from_bytes(&[0x39; 32]).unwrap()
}

#[test]
fn two_ciphertexts_of_one_message_share_nothing() {
    let public = key().public_key();
    let (a, b) = (public.encrypt(b"message").unwrap(), public.encrypt(b"message").unwrap());
    assert_ne!(a.c1, b.c1);
    assert_ne!(a.c2, b.c2);
    assert_ne!(a.c3, b.c3);
}

#[test]
fn messages_have_1_to_65536_bytes() {
    let key = key();
    let public = key.public_key();
    for len in [1, 2, 31, 32, 33, 255, 256, MAX_PLAINTEXT_LEN] {
        let msg = vec![0x5a; len];
        assert_eq!(*key.decrypt(&public.encrypt(&msg).unwrap()).unwrap(), msg);
    }
    for len in [0, MAX_PLAINTEXT_LEN + 1] {
        assert_eq!(public.encrypt(&vec![0; len]).err(), Some(CryptoError::Plaintext));
    }
}

/// One byte of mask is zero for one ephemeral key in 256: then the message would be sent as it is.
#[test]
fn a_blank_mask_is_neither_sent_nor_accepted() {
    let key = key();
    let public = key.public_key();
    let blank = (1..=2000u32).find_map(|number| {
        let mut bytes = [0; 32];
        bytes[28..].copy_from_slice(&number.to_be_bytes());
        let k = SecretScalar::from_bytes(&bytes).unwrap();
        public.encrypt_with(b"m", &k).unwrap().is_none().then_some(k)
    });
    let k = blank.expect("one of 2000 masks is blank");
    let shared = SharedPoint::new(&k, &public);
    let forged = Ciphertext { c1: k.public_key(), c2: b"m".to_vec(), c3: shared.hash(b"m") };
    assert_eq!(key.decrypt(&forged).err(), Some(CryptoError::Decrypt));
    // About four of these draw a blank mask first.
    for _ in 0..1000 {
        assert_ne!(public.encrypt(b"m").unwrap().c2, b"m");
    }
}

#[test]
fn another_key_does_not_decrypt() {
    let ciphertext = key().public_key().encrypt(b"secret").unwrap();
    assert_eq!(SecretKey::generate().unwrap().decrypt(&ciphertext).err(), Some(CryptoError::Decrypt));
}

#[test]
fn every_flipped_bit_is_refused() {
    let key = key();
    let good = key.public_key().encrypt(b"message").unwrap().to_bytes();
    for bit in 0..good.len() * 8 {
        let mut altered = good.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let outcome = Ciphertext::from_bytes(&altered).and_then(|ciphertext| key.decrypt(&ciphertext));
        match bit / 8 {
            0..65 => assert!(matches!(outcome, Err(CryptoError::Ciphertext(_))), "bit {bit}"),
            _ => assert_eq!(outcome.err(), Some(CryptoError::Decrypt), "bit {bit}"),
        }
    }
}
