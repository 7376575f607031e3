//! Secret numbers modulo the curve's order.

use ::sm2::elliptic_curve::Group;
use ::sm2::elliptic_curve::ops::Mul;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{AffinePoint, ProjectivePoint};
use zeroize::{Zeroize, Zeroizing};

use super::{PublicKey, Scalar};
use crate::{CryptoError, hmac, random};

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

    /// This scalar times the base point.
    pub(crate) fn public_key(&self) -> PublicKey {
        affine(ProjectivePoint::mul_by_generator(self.0.inner())).into()
    }

    /// x and y of this scalar times `peer`. The curve's order is prime and `peer` is on it, so the product is never
    /// the point at infinity.
    pub(crate) fn mul_point(&self, peer: &PublicKey) -> Zeroizing<[u8; 64]> {
        let product = affine(ProjectivePoint::from(*peer.point()).mul(*self.0.inner()));
        Zeroizing::new(PublicKey::from(product).coordinates())
    }

    /// The x-coordinate of this scalar times `peer`.
    pub(crate) fn ecdh(&self, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
        let product = self.mul_point(peer);
        let mut x = Zeroizing::new([0; 32]);
        x.iter_mut().zip(product.iter()).for_each(|(to, from)| *to = *from);
        x
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
        Scalar::reduce(&affine(ProjectivePoint::mul_by_generator(self.0.inner())).x().into())
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

fn affine(point: ProjectivePoint) -> AffinePoint {
    point.to_affine()
}
