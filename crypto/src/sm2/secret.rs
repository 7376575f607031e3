//! Private keys.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::arith::Scalar;
use super::signer::Signer;
use super::{PublicKey, SecretScalar, Signature};
use crate::CryptoError;

/// An SM2 private key d in [1, n-2]. Wiped from memory when dropped; has neither `Debug` nor `Clone`.
pub struct SecretKey {
    d: SecretScalar,
    public: PublicKey,
    signer: OnceLock<Signer>,
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
        // 1 + d must have an inverse: GB/T 32918.1, 6.1 leaves n - 1 out.
        if Zeroizing::new(Scalar::ONE + *d.get()).is_zero() {
            return Err(OUT_OF_RANGE);
        }
        let public = d.public_key();
        Ok(Self { d, public, signer: OnceLock::new() })
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
        self.signer().sign(&self.public, user_id, msg)
    }

    pub(super) fn signer(&self) -> &Signer {
        self.signer.get_or_init(|| Signer::new(&self.d, &self.public))
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

const OUT_OF_RANGE: CryptoError = CryptoError::SecretKey("d must lie in [1, n-2]");
