//! 256-bit numbers as four 64-bit words, and masks.

use zeroize::Zeroize;

use crate::barrier::opaque;

/// A 256-bit number, least significant word first.
pub(crate) type Words = [u64; 4];

/// A condition that may be secret: all ones or all zeros. It selects; it is never branched on.
#[derive(Clone, Copy, Default, Zeroize)]
pub(crate) struct Mask(u64);

impl Mask {
    /// True if `bit` is 1, false if it is 0; `bit` must be one of them.
    #[inline(always)]
    pub(crate) fn from_bit(bit: u64) -> Self {
        Self(opaque(bit.wrapping_neg()))
    }

    /// Whether `word` is zero.
    #[inline(always)]
    pub(crate) fn is_zero(word: u64) -> Self {
        // The top bit of word | -word is set unless word is zero.
        Self(opaque(((word | word.wrapping_neg()) >> 63).wrapping_sub(1)))
    }

    /// Whether `a` and `b` are equal.
    #[inline(always)]
    pub(crate) fn equal(a: u64, b: u64) -> Self {
        Self::is_zero(a ^ b)
    }

    /// `word` if this is true, else 0.
    #[inline(always)]
    pub(crate) fn keep(self, word: u64) -> u64 {
        word & self.0
    }

    /// `yes` if this is true, else `no`.
    #[inline(always)]
    pub(crate) fn select(self, yes: &Words, no: &Words) -> Words {
        let [y0, y1, y2, y3] = *yes;
        let [n0, n1, n2, n3] = *no;
        let pick = |yes: u64, no: u64| no ^ (self.0 & (yes ^ no));
        [pick(y0, n0), pick(y1, n1), pick(y2, n2), pick(y3, n3)]
    }

    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Gives the condition away, for decisions whose outcome is public.
    #[inline(always)]
    pub(crate) fn declassify(self) -> bool {
        self.0 != 0
    }
}

/// a + b and the carry.
#[inline(always)]
pub(crate) fn add([a0, a1, a2, a3]: Words, [b0, b1, b2, b3]: Words) -> (Words, bool) {
    let (r0, carry) = a0.carrying_add(b0, false);
    let (r1, carry) = a1.carrying_add(b1, carry);
    let (r2, carry) = a2.carrying_add(b2, carry);
    let (r3, carry) = a3.carrying_add(b3, carry);
    ([r0, r1, r2, r3], carry)
}

/// a - b and the borrow.
#[inline(always)]
pub(crate) fn sub([a0, a1, a2, a3]: Words, [b0, b1, b2, b3]: Words) -> (Words, bool) {
    let (r0, borrow) = a0.borrowing_sub(b0, false);
    let (r1, borrow) = a1.borrowing_sub(b1, borrow);
    let (r2, borrow) = a2.borrowing_sub(b2, borrow);
    let (r3, borrow) = a3.borrowing_sub(b3, borrow);
    ([r0, r1, r2, r3], borrow)
}

/// `carry` · 2^256 + `a`, less `modulus` if it is not below it. The number must be below twice the modulus.
#[inline(always)]
pub(super) fn reduce_once(a: Words, carry: bool, modulus: &Words) -> Words {
    let (less, borrow) = sub(a, *modulus);
    // Too small to subtract from: a borrow that no carry pays for.
    let (_, below) = u64::from(carry).borrowing_sub(0, borrow);
    Mask::from_bit(u64::from(below)).select(&a, &less)
}

/// a + b modulo `modulus`; both must be below it.
#[inline(always)]
pub(super) fn add_mod(a: Words, b: Words, modulus: &Words) -> Words {
    let (sum, carry) = add(a, b);
    reduce_once(sum, carry, modulus)
}

/// a - b modulo `modulus`; both must be below it.
#[inline(always)]
pub(super) fn sub_mod(a: Words, b: Words, [m0, m1, m2, m3]: &Words) -> Words {
    let (difference, borrow) = sub(a, b);
    let negative = Mask::from_bit(u64::from(borrow));
    let modulus = [negative.keep(*m0), negative.keep(*m1), negative.keep(*m2), negative.keep(*m3)];
    add(difference, modulus).0
}

/// Whether `a` is zero.
#[inline(always)]
pub(super) fn is_zero([a0, a1, a2, a3]: &Words) -> Mask {
    Mask::is_zero(a0 | a1 | a2 | a3)
}

/// Whether `a` is below `b`.
#[inline(always)]
pub(crate) fn is_below(a: &Words, b: &Words) -> Mask {
    Mask::from_bit(u64::from(sub(*a, *b).1))
}

/// a · b as low and high half.
#[inline(always)]
pub(super) fn wide_mul(a: Words, b: Words) -> (Words, Words) {
    let [b0, b1, b2, b3] = b;
    let (r0, t) = mul_row(a, b0, [0; 4]);
    let (r1, t) = mul_row(a, b1, t);
    let (r2, t) = mul_row(a, b2, t);
    let (r3, t) = mul_row(a, b3, t);
    ([r0, r1, r2, r3], t)
}

/// a · b + t: the lowest word, and the others.
#[inline(always)]
pub(super) fn mul_row([a0, a1, a2, a3]: Words, b: u64, [t0, t1, t2, t3]: Words) -> (u64, Words) {
    let (r0, carry) = a0.carrying_mul_add(b, 0, t0);
    let (r1, carry) = a1.carrying_mul_add(b, carry, t1);
    let (r2, carry) = a2.carrying_mul_add(b, carry, t2);
    let (r3, carry) = a3.carrying_mul_add(b, carry, t3);
    (r0, [r1, r2, r3, carry])
}

/// The number written in 32 big-endian bytes.
pub(crate) fn from_be_bytes(bytes: &[u8; 32]) -> Words {
    let mut words = [0; 4];
    for (word, chunk) in words.iter_mut().rev().zip(bytes.as_chunks().0) {
        *word = u64::from_be_bytes(*chunk);
    }
    words
}

/// `words` as 32 big-endian bytes.
pub(crate) fn to_be_bytes(words: &Words) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (word, chunk) in words.iter().rev().zip(bytes.as_chunks_mut().0) {
        *chunk = word.to_be_bytes();
    }
    bytes
}
