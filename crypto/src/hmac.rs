//! HMAC-SM3: RFC 2104 over SM3.

use ::hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::sm3;

/// Length of a tag in bytes.
pub const TAG_LEN: usize = 32;

/// Block length of SM3 in bytes, the length HMAC brings its key to.
const BLOCK_LEN: usize = 64;

/// The tag of `msg` under `key`. Keys of any length work; use at least 16 bytes.
pub fn hmac_sm3(key: &[u8], msg: &[u8]) -> [u8; TAG_LEN] {
    Keyed::new(key).tag(&[msg])
}

/// Whether `tag` is the tag of `msg` under `key`, compared in constant time.
pub fn verify(key: &[u8], msg: &[u8], tag: &[u8]) -> bool {
    hmac_sm3(key, msg).ct_eq(tag).into()
}

/// A key made ready: both SM3 states after the padded key, so that each tag costs two blocks less.
#[derive(Clone)]
pub(crate) struct Keyed(Hmac<::sm3::Sm3>);

impl Keyed {
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new(::hmac::digest::Key::<Hmac<::sm3::Sm3>>::default());
        if key.len() <= BLOCK_LEN {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        } else {
            let mut digest = sm3::digest(key);
            block.iter_mut().zip(digest.0).for_each(|(to, from)| *to = from);
            digest.0.zeroize();
        }
        Self(Hmac::new(&block))
    }

    /// The tag of the parts, one after another.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_LEN] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verify_accepts_only_the_exact_tag() {
        let tag = hmac_sm3(b"key", b"msg");
        assert!(verify(b"key", b"msg", &tag));
        assert!(!verify(b"key", b"msh", &tag));
        assert!(!verify(b"kez", b"msg", &tag));
        assert!(!verify(b"key", b"msg", &tag[..31]));
        assert!(!verify(b"key", b"msg", &[]));
    }

    #[test]
    fn keys_around_the_block_length_agree_with_the_library() {
        for len in [0, 1, 32, 63, 64, 65, 200] {
            let key = vec![0xa5; len];
            let mut other = Hmac::<::sm3::Sm3>::new_from_slice(&key).unwrap();
            other.update(b"message");
            let expected: [u8; 32] = other.finalize().into_bytes().into();
            assert_eq!(hmac_sm3(&key, b"message"), expected, "key of {len} bytes");
        }
    }
}
