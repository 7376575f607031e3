//! Secret numbers modulo the curve's order.

use zeroize::{Zeroize, Zeroizing};

use super::PublicKey;
use super::arith::Scalar;
use super::curve;
use crate::{CryptoError, random};

/// Draws before the generator is called broken: one draw misses with probability 2^-32.
const MAX_DRAWS: u8 = 16;

/// A secret in [1, n-1], wiped from memory when dropped.
pub(crate) struct SecretScalar(Scalar);

impl SecretScalar {
    /// A uniformly random scalar, by rejection.
    pub(crate) fn random() -> Result<Self, CryptoError> {
        let mut bytes = Zeroizing::new([0; 32]);
        for _ in 0..MAX_DRAWS {
            random::fill(bytes.as_mut())?;
            if let Some(scalar) = Self::from_bytes(&bytes) {
                return Ok(scalar);
            }
        }
        Err(CryptoError::Random)
    }

    /// The scalar written in 32 big-endian bytes, if it lies in [1, n-1].
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        Self::from_scalar(Scalar::from_bytes(bytes)?)
    }

    /// `scalar`, unless it is zero.
    pub(crate) fn from_scalar(scalar: Scalar) -> Option<Self> {
        (!scalar.is_zero()).then_some(Self(scalar))
    }

    /// This scalar as 32 big-endian bytes.
    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// This scalar times the base point. The product's Z, which says something about the scalar, is wiped.
    pub(crate) fn public_key(&self) -> PublicKey {
        let product = Zeroizing::new(curve::multiply_base(self.0.words()));
        PublicKey::from_point(product.to_affine())
    }

    /// x and y of this scalar times `peer`, each as 32 big-endian bytes. The curve's order is prime and `peer` is on
    /// it, so the product is never the point at infinity.
    pub(crate) fn mul_point(&self, peer: &PublicKey) -> Zeroizing<[u8; 64]> {
        let product = Zeroizing::new(curve::multiply(self.0.words(), peer.point()));
        let product = Zeroizing::new(product.to_affine());
        let mut out = Zeroizing::new([0; 64]);
        out.iter_mut().zip(product.coordinates()).for_each(|(to, from)| *to = from);
        out
    }

    /// The x-coordinate of this scalar times `peer`.
    pub(crate) fn ecdh(&self, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
        let product = Zeroizing::new(curve::multiply(self.0.words(), peer.point()));
        Zeroizing::new(Zeroizing::new(product.affine_x()).to_bytes())
    }

    /// The x-coordinate of this scalar times the base point, modulo n.
    pub(super) fn commitment(&self) -> Scalar {
        let product = Zeroizing::new(curve::multiply_base(self.0.words()));
        Scalar::reduce_words(product.affine_x().to_words())
    }

    /// The number, for arithmetic modulo n.
    pub(crate) fn get(&self) -> &Scalar {
        &self.0
    }
}

impl Drop for SecretScalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
