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
        let one_plus_d = Zeroizing::new(Scalar::ONE + *d.get());
        let inverse = Zeroizing::new(one_plus_d.invert()).to_factor();
        Self { inverse, nonces: Nonces::new(d), user_hashes: UserHashes::new(public) }
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

impl Drop for Signer {
    fn drop(&mut self) {
        self.inverse.zeroize();
    }
}
