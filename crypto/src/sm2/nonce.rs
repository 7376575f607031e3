//! The nonces of signatures: k = HMAC-SM3(K, fresh ‖ e ‖ i), with K = HMAC-SM3(d, label) made once per key.
//!
//! As in RFC 6979 the nonce is a pseudorandom function, keyed by the private key, of what is signed, so that a weak
//! random number generator leaves it as good as a deterministic one. As in section 3.6 there, fresh random bytes go
//! in as well, so that a fault during a second signature of one message does not give the key away. It is not RFC
//! 6979's own generator: that hashes 17 blocks for a nonce, a quarter of the time of a signature, and this three.

use zeroize::Zeroizing;

use super::SecretScalar;
use crate::hmac::Keyed;

/// Sets K apart from everything else that a private key might be used to derive.
const LABEL: &[u8] = b"qianmo sm2 nonce v1";

/// Draws nonces for the signatures of one private key.
pub(super) struct Nonces(Keyed);

impl Nonces {
    pub(super) fn new(d: &SecretScalar) -> Self {
        let key = Zeroizing::new(Keyed::new(d.to_bytes().as_slice()).tag(&[LABEL]));
        Self(Keyed::new(key.as_slice()))
    }

    /// Nonces for signing the hash `e`, for i = 0, 1, …: the first is the one to use. One in 2^32 is out of range and
    /// left out, which keeps the others uniform.
    pub(super) fn draw(&self, e: &[u8; 32], fresh: &[u8]) -> impl Iterator<Item = SecretScalar> {
        (0..=u8::MAX).filter_map(move |i| {
            let nonce = Zeroizing::new(self.0.tag(&[fresh, e, &[i]]));
            SecretScalar::from_bytes(&nonce)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hmac::hmac_sm3;

    /// The formula, written out.
    #[test]
    fn a_nonce_depends_on_the_key_the_hash_the_fresh_bytes_and_its_turn() {
        let (d, e, fresh) = ([7; 32], [8; 32], [9; 32]);
        let nonces = Nonces::new(&SecretScalar::from_bytes(&d).unwrap());
        let key = hmac_sm3(&d, LABEL);
        for (i, nonce) in (0..).zip(nonces.draw(&e, &fresh).take(5)) {
            let message = [fresh.as_slice(), &e, &[i]].concat();
            assert_eq!(*nonce.to_bytes(), hmac_sm3(&key, &message));
        }
        let first = |e: &[u8; 32], fresh: &[u8]| *nonces.draw(e, fresh).next().unwrap().to_bytes();
        assert_ne!(first(&e, &fresh), first(&fresh, &e));
        assert_ne!(first(&e, &fresh), first(&e, &[1; 32]));
    }
}
