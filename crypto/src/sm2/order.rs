//! Numbers modulo n, the order of the curve (GB/T 32918.5, annex A).

use std::ops::{Add, Mul, Sub};

use ::sm2::FieldBytes;
use ::sm2::elliptic_curve::PrimeField;
use ::sm2::elliptic_curve::ops::Reduce;
use zeroize::Zeroize;

/// A number modulo n. It may be secret: nothing here branches on it, and whoever holds a secret one wipes it.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub(crate) struct Scalar(::sm2::Scalar);

impl Scalar {
    /// One.
    pub(crate) const ONE: Self = Self(::sm2::Scalar::ONE);

    /// The number written in 32 big-endian bytes, if it is below n.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        Option::from(::sm2::Scalar::from_repr(FieldBytes::from(*bytes))).map(Self)
    }

    /// The number written in 32 big-endian bytes, modulo n.
    pub(crate) fn reduce(bytes: &[u8; 32]) -> Self {
        Self(::sm2::Scalar::reduce(&FieldBytes::from(*bytes)))
    }

    /// This number as 32 big-endian bytes.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        self.0.to_repr().into()
    }

    /// Whether this is zero: an answer that callers let show.
    pub(crate) fn is_zero(&self) -> bool {
        ::sm2::elliptic_curve::Field::is_zero(&self.0).into()
    }

    /// The inverse; zero for zero.
    pub(crate) fn invert(&self) -> Self {
        Self(self.0.invert().unwrap_or(::sm2::Scalar::ZERO))
    }

    pub(super) fn inner(&self) -> &::sm2::Scalar {
        &self.0
    }
}

impl Add for Scalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Scalar {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul for Scalar {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}

impl From<::sm2::Scalar> for Scalar {
    fn from(scalar: ::sm2::Scalar) -> Self {
        Self(scalar)
    }
}
