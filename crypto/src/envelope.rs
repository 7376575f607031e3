//! Sealing of objects at rest: one fresh data key per object, wrapped by the node's [`KeyProvider`].
//!
//! Layout, version 1 (integers big-endian):
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `QMSE` |
//! | 2 | version, 1: SM4-GCM with an all-zero nonce |
//! | 2 | n, length of the wrapped data key |
//! | n | the wrapped data key, as the provider made it |
//! | rest | ciphertext and 16-byte tag |
//!
//! All of it is authenticated, together with the caller's `aad`, which names the object (so that one sealed
//! object cannot stand in for another). The nonce may be constant because a data key seals one object only.

use zeroize::Zeroizing;

use crate::CryptoError;
use crate::keys::{DEK_LEN, KeyProvider};
use crate::sm4::gcm;

const MAGIC: [u8; 4] = *b"QMSE";
const VERSION: u16 = 1;
const NONCE: [u8; gcm::NONCE_LEN] = [0; gcm::NONCE_LEN];

/// Seals `plaintext` under a new data key. `aad` is authenticated but not stored: the same must be given to
/// [`open`].
///
/// # Errors
/// [`CryptoError::TooLong`] above 64 GiB, and what the provider reports.
pub fn seal(keys: &dyn KeyProvider, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if plaintext.len() as u64 > gcm::MAX_LEN {
        return Err(CryptoError::TooLong("the object to seal"));
    }
    let mut dek = Zeroizing::new([0; DEK_LEN]);
    keys.random(dek.as_mut())?;
    let wrapped = keys.wrap(&dek)?;
    let mut sealed = header(&wrapped)?;
    let context = [sealed.as_slice(), aad].concat();
    let start = sealed.len();
    sealed.reserve(plaintext.len() + gcm::TAG_LEN);
    sealed.extend_from_slice(plaintext);
    let (_, body) = sealed.split_at_mut(start);
    let tag = gcm::Key::new(&dek).seal_in_place(&NONCE, &context, body);
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens what [`seal`] made with the same provider and `aad`. The plaintext is wiped when dropped.
///
/// # Errors
/// [`CryptoError::Envelope`] if the header cannot be read, [`CryptoError::Decrypt`] if anything does not match,
/// and what the provider reports.
pub fn open(keys: &dyn KeyProvider, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (wrapped, body) = parse(sealed)?;
    let dek = keys.unwrap_key(wrapped)?;
    let context = [header(wrapped)?.as_slice(), aad].concat();
    gcm::Key::new(&dek).open(&NONCE, &context, body).map(Zeroizing::new)
}

fn header(wrapped: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let len =
        u16::try_from(wrapped.len()).map_err(|_| CryptoError::Provider("its wrapped key is too long"))?;
    Ok([MAGIC.as_slice(), &VERSION.to_be_bytes(), &len.to_be_bytes(), wrapped].concat())
}

/// Splits a sealed object into wrapped key and body.
fn parse(sealed: &[u8]) -> Result<(&[u8], &[u8]), CryptoError> {
    let rest = sealed.strip_prefix(&MAGIC).ok_or(CryptoError::Envelope("no QMSE header"))?;
    let (version, rest) = take_u16(rest)?;
    if version != VERSION {
        return Err(CryptoError::Envelope("unknown version"));
    }
    let (len, rest) = take_u16(rest)?;
    rest.split_at_checked(len.into()).ok_or(CryptoError::Envelope("cut short"))
}

fn take_u16(bytes: &[u8]) -> Result<(u16, &[u8]), CryptoError> {
    let (head, rest) = bytes.split_first_chunk().ok_or(CryptoError::Envelope("cut short"))?;
    Ok((u16::from_be_bytes(*head), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SoftKeys;
    use crate::sm2::SecretKey;

    fn keys() -> SoftKeys {
        SoftKeys::new(SecretKey::generate().unwrap(), Zeroizing::new([3; DEK_LEN]))
    }

    #[test]
    fn opens_to_what_was_sealed() {
        let keys = keys();
        for len in [0, 1, 16, 255, 256, 257, 5000] {
            let plaintext = vec![0x5a; len];
            let sealed = seal(&keys, b"name", &plaintext).unwrap();
            assert_eq!(sealed.len(), len + 8 + 44 + 16);
            assert_eq!(*open(&keys, b"name", &sealed).unwrap(), plaintext);
        }
    }

    #[test]
    fn one_object_sealed_twice_shares_no_bytes_after_the_header() {
        let keys = keys();
        let (a, b) = (seal(&keys, b"", &[0; 64]).unwrap(), seal(&keys, b"", &[0; 64]).unwrap());
        assert_ne!(a[52..], b[52..]);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let keys = keys();
        let sealed = seal(&keys, b"name", b"secret").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&keys, b"name", &altered).is_err(), "bit {bit}");
        }
        for len in 0..sealed.len() {
            assert!(open(&keys, b"name", &sealed[..len]).is_err(), "first {len} bytes");
        }
    }

    #[test]
    fn another_name_or_another_node_does_not_open_it() {
        let sealed = seal(&keys(), b"name", b"secret").unwrap();
        assert_eq!(open(&keys(), b"nam", &sealed).err(), Some(CryptoError::Decrypt));
        let other = SoftKeys::new(SecretKey::generate().unwrap(), Zeroizing::new([4; DEK_LEN]));
        assert_eq!(open(&other, b"name", &sealed).err(), Some(CryptoError::Decrypt));
    }

    #[test]
    fn a_header_it_cannot_read_is_named() {
        let keys = keys();
        let mut newer = seal(&keys, b"", b"x").unwrap();
        newer[5] = 2;
        assert_eq!(open(&keys, b"", &newer).err(), Some(CryptoError::Envelope("unknown version")));
        assert_eq!(open(&keys, b"", b"PK\x03\x04").err(), Some(CryptoError::Envelope("no QMSE header")));
        assert_eq!(open(&keys, b"", b"QMSE\x00\x01\xff\xff").err(), Some(CryptoError::Envelope("cut short")));
    }
}
