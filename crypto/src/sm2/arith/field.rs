//! The field of the curve: integers modulo p = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5, annex A).
//!
//! Elements are kept in Montgomery form (times 2^256) and below p. Since p is -1 modulo 2^64, the factor of a
//! Montgomery reduction step is the lowest word itself, and the step is shifts and additions.
//!
//! There are two implementations: `portable`, and `x86_64`, whose products need BMI2 and ADX and run where the processor
//! has them.

mod portable;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86_64;

use std::ops::{Add, Mul, Neg, Sub};

use zeroize::Zeroize;

use super::inverse::Modulus;
use super::limbs::{self, Mask, Words};

/// The prime p.
pub(crate) const P: Words =
    [0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

/// 2^512 and 2^768 modulo p, to enter Montgomery form from outside and from inversion.
const R_SQUARED: Words =
    [0x0000_0002_0000_0003, 0x0000_0002_ffff_ffff, 0x0000_0001_0000_0001, 0x0000_0004_0000_0002];
const R_CUBED: Words =
    [0x0000_0012_0000_0016, 0x0000_000e_ffff_fff8, 0x0000_000a_0000_000c, 0x0000_001b_0000_0009];

const INVERSION: Modulus = Modulus::new(&P);

/// A field element. It may be secret: nothing here branches on it, except `==`, which is for public ones.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub(crate) struct Fe(Words);

impl Fe {
    pub(crate) const ZERO: Self = Self([0; 4]);

    /// One: 2^256 modulo p.
    pub(crate) const ONE: Self = Self([1, 0x0000_0000_ffff_ffff, 0, 0x0000_0001_0000_0000]);

    /// The element whose Montgomery form is `words`, which must be below p.
    pub(crate) const fn from_montgomery(words: Words) -> Self {
        Self(words)
    }

    /// The Montgomery form, below p.
    pub(crate) const fn montgomery(&self) -> &Words {
        &self.0
    }

    /// The element written in 32 big-endian bytes, if it is below p.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let words = limbs::from_be_bytes(bytes);
        limbs::is_below(&words, &P).declassify().then(|| Self::from_words(words))
    }

    /// The element with the value `words`, which must be below p.
    pub(crate) fn from_words(words: Words) -> Self {
        &Self(words) * &Self(R_SQUARED)
    }

    /// The value, below p.
    pub(crate) fn to_words(self) -> Words {
        (&self * &Self([1, 0, 0, 0])).0
    }

    /// The value as 32 big-endian bytes.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        limbs::to_be_bytes(&self.to_words())
    }

    #[inline(always)]
    pub(crate) fn square(&self) -> Self {
        Self(kernel::square(&self.0))
    }

    #[inline(always)]
    pub(crate) fn double(&self) -> Self {
        *self + *self
    }

    #[inline(always)]
    pub(crate) fn triple(&self) -> Self {
        *self + *self + *self
    }

    /// Half of this.
    #[inline(always)]
    pub(crate) fn halve(&self) -> Self {
        let [a0, ..] = self.0;
        let odd = Mask::from_bit(a0 & 1);
        let ([r0, r1, r2, r3], carry) = limbs::add(self.0, odd.select(&P, &[0; 4]));
        Self([r0 >> 1 | r1 << 63, r1 >> 1 | r2 << 63, r2 >> 1 | r3 << 63, r3 >> 1 | u64::from(carry) << 63])
    }

    /// The inverse; zero for zero.
    pub(crate) fn invert(&self) -> Self {
        // (a R)^-1 comes back; a product with R^3 in Montgomery's way makes it a^-1 R.
        &Self(INVERSION.invert(&self.0)) * &Self(R_CUBED)
    }

    #[inline(always)]
    pub(crate) fn is_zero(&self) -> Mask {
        limbs::is_zero(&self.0)
    }

    /// `yes` if `mask` is true, else `no`.
    #[inline(always)]
    pub(crate) fn select(mask: Mask, yes: &Self, no: &Self) -> Self {
        Self(mask.select(&yes.0, &no.0))
    }
}

impl Add for Fe {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(kernel::add(self.0, other.0))
    }
}

impl Sub for Fe {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(kernel::sub(self.0, other.0))
    }
}

impl Neg for Fe {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

/// By reference, as the kernels read from memory: a copy made for them would be a detour.
impl Mul for &Fe {
    type Output = Fe;

    #[inline(always)]
    fn mul(self, other: Self) -> Fe {
        Fe(kernel::mul(&self.0, &other.0))
    }
}

/// Which implementation runs.
mod kernel {
    use super::*;

    #[inline(always)]
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    pub(super) fn mul(a: &Words, b: &Words) -> Words {
        if let Some(mulx) = x86_64::Mulx::detected() {
            return mulx.mul(a, b);
        }
        let [r0, r1, r2, r3] = portable::mul(a, b);
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    pub(super) fn square(a: &Words) -> Words {
        if let Some(mulx) = x86_64::Mulx::detected() {
            return mulx.square(a);
        }
        let [r0, r1, r2, r3] = portable::square(a);
        [r0, r1, r2, r3]
    }

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    pub(super) use x86_64::{add, sub};

    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    pub(super) use portable::{add, mul, square, sub};
}

#[cfg(test)]
mod tests;
