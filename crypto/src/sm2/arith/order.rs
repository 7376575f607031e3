//! Numbers modulo n, the order of the curve (GB/T 32918.5, annex A).

use std::ops::{Add, Mul, Sub};

use zeroize::Zeroize;

use super::inverse::Modulus;
use super::limbs::{self, Words, mul_row, wide_mul};

/// The order n.
pub(crate) const N: Words =
    [0x53bb_f409_39d5_4123, 0x7203_df6b_21c6_052b, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// -1/n modulo 2^64.
const MINUS_N_INVERSE: u64 = 0x327f_9e88_7235_0975;

/// 2^512 modulo n: a Montgomery product with it brings a number into Montgomery form.
const R_SQUARED: Words =
    [0x9011_92af_7c11_4f20, 0x3464_504a_de6f_a2fa, 0x620f_c84c_3aff_e0d4, 0x1eb5_e412_a22b_3d3b];

const INVERSION: Modulus = Modulus::new(&N);

/// A number modulo n, below n. It may be secret: nothing here
/// branches on it except `==`, and whoever holds a secret one wipes it.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub(crate) struct Scalar(Words);

impl Scalar {
    /// One.
    pub(crate) const ONE: Self = Self([1, 0, 0, 0]);

    /// The number written in 32 big-endian bytes, if it is below n.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let words = limbs::from_be_bytes(bytes);
        limbs::is_below(&words, &N).declassify().then_some(Self(words))
    }

    /// The number written in 32 big-endian bytes, modulo n.
    pub(crate) fn reduce(bytes: &[u8; 32]) -> Self {
        Self::reduce_words(limbs::from_be_bytes(bytes))
    }

    /// `words` modulo n. 2^256 is below 2n, so one subtraction will do.
    pub(crate) fn reduce_words(words: Words) -> Self {
        Self(limbs::reduce_once(words, false, &N))
    }

    /// This number as 32 big-endian bytes.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        limbs::to_be_bytes(&self.0)
    }

    /// This number, below n.
    pub(crate) fn words(&self) -> &Words {
        &self.0
    }

    /// Whether this is zero: an answer that callers let show.
    pub(crate) fn is_zero(&self) -> bool {
        limbs::is_zero(&self.0).declassify()
    }

    /// The inverse; zero for zero.
    pub(crate) fn invert(&self) -> Self {
        Self(INVERSION.invert(&self.0))
    }

    /// This number made ready to be a factor many times.
    pub(crate) fn to_factor(self) -> Factor {
        Factor(montgomery(self.0, R_SQUARED))
    }
}

impl Add for Scalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(limbs::add_mod(self.0, other.0, &N))
    }
}

impl Sub for Scalar {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(limbs::sub_mod(self.0, other.0, &N))
    }
}

impl Mul for Scalar {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self * Factor(montgomery(other.0, R_SQUARED))
    }
}

impl Mul<Factor> for Scalar {
    type Output = Self;

    fn mul(self, factor: Factor) -> Self {
        Self(montgomery(self.0, factor.0))
    }
}

/// A number modulo n in Montgomery form: times 2^256. Half the work of a product is done.
#[derive(Clone, Copy, Zeroize)]
pub(crate) struct Factor(Words);

/// a · b / 2^256 modulo n.
fn montgomery(a: Words, b: Words) -> Words {
    let (low, high) = wide_mul(a, b);
    let low = (0..4).fold(low, |t, _| {
        let [t0, ..] = t;
        // The lowest word becomes zero and is dropped.
        mul_row(N, t0.wrapping_mul(MINUS_N_INVERSE), t).1
    });
    let (sum, carry) = limbs::add(low, high);
    limbs::reduce_once(sum, carry, &N)
}

#[cfg(test)]
mod tests;
