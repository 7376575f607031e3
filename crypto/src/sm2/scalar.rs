//! Secret numbers modulo the curve's order.

use ::sm2::elliptic_curve::Group;
use ::sm2::elliptic_curve::ops::{Mul, Reduce};
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{AffinePoint, FieldBytes, NonZeroScalar, ProjectivePoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use super::PublicKey;
use crate::{CryptoError, hmac, random};

/// Draws before the generator is called broken: one draw misses with probability 2^-32.
const MAX_DRAWS: u8 = 16;

/// A secret in [1, n-1], wiped from memory when dropped.
pub(crate) struct SecretScalar(NonZeroScalar);

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
        Option::from(NonZeroScalar::from_repr(FieldBytes::from(*bytes))).map(Self)
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(FieldBytes::from(&self.0).into())
    }

    /// This scalar times the base point.
    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey::from(::sm2::PublicKey::from_secret_scalar(&self.0))
    }

    /// The x-coordinate of this scalar times `peer`. The curve's order is prime and `peer` is on it, so the
    /// product is never the point at infinity.
    pub(crate) fn ecdh(&self, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(affine(ProjectivePoint::from(peer.point()).mul(*self.0)).x().into())
    }

    /// The nonce number `draw` for signing the hash `e`: HMAC-SM3 keyed with this private key over fresh
    /// random bytes and `e`. If the random bytes should ever repeat, the nonce still differs from message to
    /// message, and repeats only where the whole signature does.
    pub(super) fn nonce(&self, e: &[u8; 32], fresh: &[u8; 32], draw: u8) -> Option<Self> {
        let keyed = hmac::Keyed::new(self.to_bytes().as_ref());
        let tag = Zeroizing::new(keyed.tag(&[b"qianmo sm2 nonce v1", &[draw], fresh, e]));
        Self::from_bytes(&tag)
    }

    /// The x-coordinate of this scalar times the base point, modulo n.
    pub(super) fn commitment(&self) -> Scalar {
        reduce(affine(ProjectivePoint::mul_by_generator(&self.0)).x())
    }

    pub(super) fn get(&self) -> &Scalar {
        &self.0
    }
}

impl Drop for SecretScalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// 32 big-endian bytes modulo n.
pub(super) fn reduce(bytes: impl Into<FieldBytes>) -> Scalar {
    Scalar::reduce(&bytes.into())
}

fn affine(point: ProjectivePoint) -> AffinePoint {
    point.to_affine()
}
