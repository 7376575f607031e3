//! Private keys.

use zeroize::{Zeroize, Zeroizing};

use super::arith::{Factor, Scalar};
use super::nonce::Nonces;
use super::{PublicKey, SecretScalar, Signature};
use crate::{CryptoError, random};

/// Nonces tried before giving up: one fails with probability about 2^-254.
const MAX_NONCES: usize = 16;

/// An SM2 private key d in [1, n-2]. Wiped from memory when dropped; has neither `Debug` nor `Clone`.
pub struct SecretKey {
    d: SecretScalar,
    /// (1 + d)^-1 mod n, the one inversion of a signature (GB/T 32918.2, 6.1, A6), done once per key.
    inverse: Factor,
    public: PublicKey,
}

impl SecretKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`CryptoError::Random`] if the system gives no random bytes.
    pub fn generate() -> Result<Self, CryptoError> {
        Self::from_scalar(SecretScalar::random()?)
    }

    /// Reads the private number d as 32 big-endian bytes.
    ///
    /// # Errors
    /// [`CryptoError::SecretKey`] unless d lies in [1, n-2].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        Self::from_scalar(SecretScalar::from_bytes(bytes).ok_or(OUT_OF_RANGE)?)
    }

    /// d as 32 big-endian bytes.
    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.d.to_bytes()
    }

    fn from_scalar(d: SecretScalar) -> Result<Self, CryptoError> {
        // d = n-1 has no inverse here; GB/T 32918.1, 6.1 leaves it out.
        let one_plus_d = Scalar::ONE + *d.get();
        if one_plus_d.is_zero() {
            return Err(OUT_OF_RANGE);
        }
        let inverse = one_plus_d.invert().to_factor();
        let public = d.public_key();
        Ok(Self { d, inverse, public })
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    /// Signs `msg` under `user_id` (GB/T 32918.2, 6.1). Two signatures of one message differ.
    ///
    /// # Errors
    /// [`CryptoError::UserId`] if the user id is too long, [`CryptoError::Random`] without random bytes.
    pub fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        let e = self.public.message_hash(user_id, msg)?;
        let mut fresh = Zeroizing::new([0; 32]);
        random::fill(fresh.as_mut())?;
        Nonces::new(&self.d, &e, fresh.as_slice())
            .take(MAX_NONCES)
            .find_map(|k| self.sign_hash(&e, &k))
            .ok_or(CryptoError::Random)
    }

    /// Steps A4 to A7 with nonce `k`; `None` asks for another one.
    ///
    /// s = (k - r d) / (1 + d), which is (k + r) / (1 + d) - r: d itself is not needed.
    pub(super) fn sign_hash(&self, e: &[u8; 32], k: &SecretScalar) -> Option<Signature> {
        let r = Scalar::reduce(e) + k.commitment();
        let sum = r + *k.get();
        if sum.is_zero() {
            return None;
        }
        Signature::from_scalars(r, sum * self.inverse - r)
    }

    /// The private number d.
    pub(crate) fn scalar(&self) -> &SecretScalar {
        &self.d
    }

    /// Plain ECDH: the x-coordinate of d times the peer's point (RFC 8998, section 3.4). Hash it before use.
    pub fn ecdh(&self, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
        self.d.ecdh(peer)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.inverse.zeroize();
    }
}

const OUT_OF_RANGE: CryptoError = CryptoError::SecretKey("d must lie in [1, n-2]");
