//! Properties of SM4-GCM.

use proptest::collection::vec;
use proptest::prelude::*;
use qianmo_crypto::CryptoError;
use qianmo_crypto::sm4::gcm::{Key, TAG_LEN};

fn data() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}

proptest! {
    #[test]
    fn what_is_sealed_opens(key: [u8; 16], nonce: [u8; 12], aad in data(), plaintext in data()) {
        let key = Key::new(&key);
        let sealed = key.seal(&nonce, &aad, &plaintext);
        prop_assert_eq!(sealed.len(), plaintext.len() + TAG_LEN);
        prop_assert_eq!(key.open(&nonce, &aad, &sealed).unwrap(), plaintext);
    }

    #[test]
    fn a_flipped_bit_is_refused(
        key: [u8; 16], nonce: [u8; 12], aad in data(), plaintext in data(), at: prop::sample::Index, bit in 0..8u8,
    ) {
        let key = Key::new(&key);
        let mut sealed = key.seal(&nonce, &aad, &plaintext);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(key.open(&nonce, &aad, &sealed), Err(CryptoError::Decrypt));
    }

    #[test]
    fn another_context_is_refused(key: [u8; 16], nonce: [u8; 12], aad in data(), plaintext in data()) {
        let sealed = Key::new(&key).seal(&nonce, &aad, &plaintext);
        let mut other = key;
        other[0] ^= 1;
        prop_assert!(Key::new(&other).open(&nonce, &aad, &sealed).is_err());
        let mut other = nonce;
        other[11] ^= 1;
        prop_assert!(Key::new(&key).open(&other, &aad, &sealed).is_err());
        let longer = [aad.as_slice(), &[0]].concat();
        prop_assert!(Key::new(&key).open(&nonce, &longer, &sealed).is_err());
    }

    #[test]
    fn in_place_and_allocating_forms_agree(key: [u8; 16], nonce: [u8; 12], aad in data(), plaintext in data()) {
        let key = Key::new(&key);
        let mut buf = plaintext.clone();
        let tag = key.seal_in_place(&nonce, &aad, &mut buf);
        prop_assert_eq!([buf.as_slice(), &tag].concat(), key.seal(&nonce, &aad, &plaintext));
        key.open_in_place(&nonce, &aad, &mut buf, &tag).unwrap();
        prop_assert_eq!(buf, plaintext);
    }
}

#[test]
fn a_refused_buffer_stays_as_it_is() {
    let key = Key::new(&[1; 16]);
    let mut buf = vec![9; 100];
    assert_eq!(key.open_in_place(&[0; 12], b"", &mut buf, &[0; 16]), Err(CryptoError::Decrypt));
    assert_eq!(buf, vec![9; 100]);
}

#[test]
fn less_than_a_tag_is_refused() {
    for len in 0..TAG_LEN {
        assert_eq!(Key::new(&[1; 16]).open(&[0; 12], b"", &vec![0; len]), Err(CryptoError::Decrypt));
    }
}
