//! What signing needs beyond the key, made at a key's first signature.

use zeroize::{Zeroize, Zeroizing};

use super::arith::{Factor, Scalar};
use super::nonce::Nonces;
use super::user::UserHashes;
use super::{PublicKey, SecretScalar, Signature};
use crate::{CryptoError, random};

/// Nonces tried before giving up: one fails with probability about 2^-254.
const MAX_NONCES: usize = 16;

/// A private key made ready to sign.
pub(super) struct Signer {
    /// 1 / (1 + d) modulo n, the one inversion modulo n of a signature (GB/T 32918.2, 6.1, A6).
    inverse: Factor,
    nonces: Nonces,
    user_hashes: UserHashes,
}

impl Signer {
    /// `d` must not be n - 1.
    pub(super) fn new(d: &SecretScalar, public: &PublicKey) -> Self {
        let nonces = Nonces::new(d);
        let one_plus_d = Zeroizing::new(Scalar::ONE + *d.get());
        let inverse = Zeroizing::new(invert_blinded(&one_plus_d, &nonces.blinding())).to_factor();
        Self { inverse, nonces, user_hashes: UserHashes::new(public) }
    }

    /// Signs `msg` under `user_id`; `public` must be the key's public half.
    pub(super) fn sign(
        &self,
        public: &PublicKey,
        user_id: &[u8],
        msg: &[u8],
    ) -> Result<Signature, CryptoError> {
        let e = PublicKey::message_hash_after(&self.user_hashes.find(public, user_id)?, msg);
        let mut fresh = Zeroizing::new([0; 32]);
        random::fill(fresh.as_mut())?;
        self.nonces
            .draw(&e, fresh.as_slice())
            .take(MAX_NONCES)
            .find_map(|k| self.sign_hash(&e, &k))
            .ok_or(CryptoError::Random)
    }

    /// Steps A4 to A7 with nonce `k`; `None` asks for another one.
    ///
    /// s = (k - r d) / (1 + d), which is (k + r) / (1 + d) - r: d itself is not needed.
    pub(super) fn sign_hash(&self, e: &[u8; 32], k: &SecretScalar) -> Option<Signature> {
        let r = Scalar::reduce(e) + k.commitment();
        let sum = Zeroizing::new(r + *k.get());
        if sum.is_zero() {
            return None;
        }
        Signature::from_scalars(r, *sum * self.inverse - r)
    }
}

/// `1 / value`, by way of `b / (b value)`.
///
/// What is inverted then has no form of its own. Some processors take a different time for a number such as 3 even
/// through the same instructions on the same addresses: 0.03 % of a first signature's time on Zen 4 (`benches/dudect`).
fn invert_blinded(value: &Scalar, b: &Scalar) -> Scalar {
    let blinded = Zeroizing::new(*value * *b);
    *Zeroizing::new(blinded.invert()) * *b
}

impl Drop for Signer {
    fn drop(&mut self) {
        self.inverse.zeroize();
    }
}
