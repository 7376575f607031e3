//! The nonces of signatures.
//!
//! RFC 6979, section 3.2, with HMAC-SM3, and with fresh random bytes as the additional data of section 3.6. A weak
//! random number generator leaves a nonce as good as a deterministic one, and a deterministic one's weakness, that a
//! fault during a second signature of one message gives the key away, is gone. Without random bytes nothing is signed.

use zeroize::Zeroizing;

use super::SecretScalar;
use super::arith::Scalar;
use crate::hmac::Keyed;

/// Draws nonces for the signatures of one private key.
pub(super) struct Nonces {
    d: Zeroizing<[u8; 32]>,
    /// The first HMAC of every derivation, whose message begins with the same 65 bytes: V, 0 and d.
    first: Keyed,
}

/// V at the start, and K.
const START: [u8; 32] = [1; 32];
const START_KEY: [u8; 32] = [0; 32];

impl Nonces {
    pub(super) fn new(d: &SecretScalar) -> Self {
        let d = d.to_bytes();
        let first = Keyed::new(&START_KEY).after(&[&START, &[0], d.as_slice()]);
        Self { d, first }
    }

    /// Nonces for signing the hash `e`: the first is the one to use, and there is always another.
    pub(super) fn draw(&self, e: &[u8; 32], fresh: &[u8]) -> Draws {
        let e = Scalar::reduce(e).to_bytes();
        let mut draws = Draws::new(&Zeroizing::new(self.first.tag(&[&e, fresh])), &START);
        draws.update(&[&[1], self.d.as_slice(), &e, fresh]);
        draws
    }
}

/// An endless sequence of nonces for one signature.
pub(super) struct Draws {
    key: Keyed,
    state: Zeroizing<[u8; 32]>,
    /// Whether a nonce was drawn: before the next one the generator moves on.
    drawn: bool,
}

impl Draws {
    /// The generator with this key, and the state that comes after `state`.
    fn new(key: &[u8; 32], state: &[u8; 32]) -> Self {
        let key = Keyed::new(key);
        let state = Zeroizing::new(key.tag(&[state]));
        Self { key, state, drawn: false }
    }

    /// A new key from the state and `data`, and a new state.
    fn update(&mut self, data: &[&[u8]]) {
        let key = Zeroizing::new(self.key.clone().after(&[self.state.as_slice()]).tag(data));
        *self = Self::new(&key, &self.state);
    }
}

impl Iterator for Draws {
    type Item = SecretScalar;

    fn next(&mut self) -> Option<SecretScalar> {
        loop {
            if self.drawn {
                self.update(&[&[0]]);
            }
            self.drawn = true;
            self.state = Zeroizing::new(self.key.tag(&[self.state.as_slice()]));
            // Out of range once in 2^32.
            if let Some(nonce) = SecretScalar::from_bytes(&self.state) {
                return Some(nonce);
            }
        }
    }
}
