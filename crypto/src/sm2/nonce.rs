//! The nonces of signatures.
//!
//! RFC 6979, section 3.2, with HMAC-SM3, and with fresh random bytes as the additional data of section 3.6. A weak
//! random number generator leaves a nonce as good as a deterministic one; a fault in the derivation's inputs does not
//! meet the same nonce twice. If the generator fails outright nothing is signed.

use zeroize::Zeroizing;

use super::SecretScalar;
use super::arith::Scalar;
use crate::hmac::Keyed;

/// The nonces for one signature: the first is the one to use, and there is always another.
pub(super) struct Nonces {
    key: Keyed,
    state: Zeroizing<[u8; 32]>,
    first: bool,
}

impl Nonces {
    /// Nonces for signing the hash `e` with the private key `d`.
    pub(super) fn new(d: &SecretScalar, e: &[u8; 32], fresh: &[u8]) -> Self {
        let (d, e) = (d.to_bytes(), Scalar::reduce(e).to_bytes());
        let mut nonces = Self { key: Keyed::new(&[0; 32]), state: Zeroizing::new([1; 32]), first: true };
        nonces.update(&[&[0], d.as_slice(), &e, fresh]);
        nonces.update(&[&[1], d.as_slice(), &e, fresh]);
        nonces
    }

    /// A new key from the state and `data`, and a new state.
    fn update(&mut self, data: &[&[u8]]) {
        let parts: Vec<&[u8]> = std::iter::once(self.state.as_slice()).chain(data.iter().copied()).collect();
        let key = Zeroizing::new(self.key.tag(&parts));
        self.key = Keyed::new(key.as_slice());
        self.step();
    }

    fn step(&mut self) {
        self.state = Zeroizing::new(self.key.tag(&[self.state.as_slice()]));
    }
}

impl Iterator for Nonces {
    type Item = SecretScalar;

    fn next(&mut self) -> Option<SecretScalar> {
        loop {
            if !std::mem::take(&mut self.first) {
                self.update(&[&[0]]);
            }
            self.step();
            // Out of range once in 2^32.
            if let Some(nonce) = SecretScalar::from_bytes(&self.state) {
                return Some(nonce);
            }
        }
    }
}
