//! Public keys.

use std::fmt;

use super::Signature;
use super::arith::{Fe, Scalar, Words, field, limbs, order};
use super::curve::{self, Affine, Multiples, Multiply};
use crate::{CryptoError, sm3};

/// An SM2 public key: a point on the curve other than infinity, checked when it was made.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Affine);

/// SubjectPublicKeyInfo up to the point: SEQUENCE { SEQUENCE { id-ecPublicKey, sm2p256v1 }, BIT STRING }
/// (GB/T 35276-2017, 7.1). DER has one form for it, so comparing is parsing.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81,
    0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
];

/// a, b, xG and yG of curve sm2p256v1, as they enter every user hash (GB/T 32918.5, annex A).
const CURVE: [u8; 128] = *b"\
    \xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc\
    \x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93\
    \x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94\x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7\
    \xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53\xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0";

impl PublicKey {
    /// Length of [`to_sec1`](Self::to_sec1) in bytes.
    pub const SEC1_LEN: usize = 65;

    /// Reads an uncompressed point: 0x04, x, y (65 bytes). Compressed and hybrid forms are refused, as TLS does.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if it is anything else or not on the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != Self::SEC1_LEN || bytes.first() != Some(&4) {
            return Err(NOT_A_POINT);
        }
        let [_, coordinates @ ..] = bytes else { return Err(NOT_A_POINT) };
        Self::from_coordinates(coordinates.try_into().map_err(|_| NOT_A_POINT)?)
    }

    /// This key as 0x04, x, y.
    pub fn to_sec1(&self) -> [u8; Self::SEC1_LEN] {
        let mut out = [4; Self::SEC1_LEN];
        out.iter_mut().skip(1).zip(self.coordinates()).for_each(|(to, from)| *to = from);
        out
    }

    /// x and y, each as 32 big-endian bytes.
    pub(crate) fn coordinates(&self) -> [u8; 64] {
        self.0.coordinates()
    }

    /// Reads x and y, each as 32 big-endian bytes.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if they are not below p or not on the curve.
    pub(crate) fn from_coordinates(bytes: &[u8; 64]) -> Result<Self, CryptoError> {
        let [x, y] = bytes.as_chunks().0 else { return Err(NOT_ON_CURVE) };
        let point = Fe::from_bytes(x).zip(Fe::from_bytes(y)).map(|(x, y)| Affine { x, y });
        point.filter(Affine::is_on_curve).map(Self).ok_or(NOT_ON_CURVE)
    }

    /// This point plus `factor` times `other`, unless that is infinity. In variable time: for public data only.
    pub(crate) fn add_multiple(&self, factor: &Scalar, other: &Self) -> Option<Self> {
        let [multiples] = &*Multiples::batch(&[other.0]) else { return None };
        let sum = multiples.multiply(factor.words()).add_affine_vartime(&self.0);
        (!sum.is_infinity().declassify()).then(|| Self(sum.to_affine()))
    }

    /// Reads a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of curve 1.2.156.10197.1.301.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if it is of another algorithm, curve or point form.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let point = der.strip_prefix(&SPKI_PREFIX).ok_or(CryptoError::PublicKey(
            "its SubjectPublicKeyInfo names another algorithm, curve or form",
        ))?;
        Self::from_sec1(point)
    }

    /// This key as a DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), &self.to_sec1()].concat()
    }

    /// Checks a signature of `msg` made under `user_id` (GB/T 32918.2, 7.1).
    ///
    /// # Errors
    /// [`CryptoError::Signature`] if it does not verify, [`CryptoError::UserId`] if the user id is too long.
    pub fn verify(&self, user_id: &[u8], msg: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        let [multiples] = &*Multiples::batch(&[self.0]) else { return Err(CryptoError::Signature) };
        verify_with(multiples, &self.message_hash(user_id, msg)?, signature)
    }

    /// e = SM3(Z, msg) (GB/T 32918.2, 6.1).
    pub(crate) fn message_hash(&self, user_id: &[u8], msg: &[u8]) -> Result<[u8; 32], CryptoError> {
        Ok(Self::message_hash_after(&self.user_hash(user_id)?, msg))
    }

    /// e = SM3(Z, msg), given Z.
    pub(super) fn message_hash_after(user_hash: &[u8; 32], msg: &[u8]) -> [u8; 32] {
        let mut e = sm3::Hasher::new();
        e.update(user_hash);
        e.update(msg);
        e.finish().0
    }

    /// Z = SM3(ENTL, user id, curve, public key) (GB/T 32918.2, 5.5).
    pub(super) fn user_hash(&self, user_id: &[u8]) -> Result<[u8; 32], CryptoError> {
        let bits = user_id.len().checked_mul(8).and_then(|bits| u16::try_from(bits).ok());
        let mut z = sm3::Hasher::new();
        z.update(&bits.ok_or(CryptoError::UserId)?.to_be_bytes());
        z.update(user_id);
        z.update(&CURVE);
        z.update(&self.coordinates());
        Ok(z.finish().0)
    }

    pub(super) fn point(&self) -> &Affine {
        &self.0
    }

    /// `point` must be on the curve and not infinity.
    pub(super) fn from_point(point: Affine) -> Self {
        Self(point)
    }
}

/// Checks a signature of the message hash `e`, with multiples of its key at hand.
pub(super) fn verify_with(
    multiples: &impl Multiply,
    e: &[u8; 32],
    signature: &Signature,
) -> Result<(), CryptoError> {
    verify_hash(multiples, Scalar::reduce(e), signature).then_some(()).ok_or(CryptoError::Signature)
}

/// Steps B4 to B7 of GB/T 32918.2, 7.1. Nothing here is secret, so it may take variable time.
pub(super) fn verify_hash(multiples: &impl Multiply, e: Scalar, signature: &Signature) -> bool {
    let (r, s) = signature.scalars();
    let t = r + s;
    if t.is_zero() {
        return false;
    }
    let point = curve::multiply_add(s.words(), t.words(), multiples);
    // R = e + x modulo n: x is R - e, or that plus n where it is still below p. Comparing with x Z² saves the inversion
    // that x itself would cost.
    let x = *(r - e).words();
    let matches = |x: Words| point.has_x(&Fe::from_words(x));
    let (other, carry) = limbs::add(x, order::N);
    !point.is_infinity().declassify()
        && (matches(x) || !carry && limbs::is_below(&other, &field::P).declassify() && matches(other))
}

const NOT_A_POINT: CryptoError = CryptoError::PublicKey("not 65 bytes that start with 04");
const NOT_ON_CURVE: CryptoError = CryptoError::PublicKey("not on the curve");

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.to_sec1()))
    }
}
