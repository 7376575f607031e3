//! Signed digits of a secret scalar (Booth's recoding).

use zeroize::Zeroize;

use super::super::arith::{Mask, Words};

/// One digit: `magnitude` from 0 to 2^(W-1), and whether it counts negative.
#[derive(Clone, Copy, Default, Zeroize)]
pub(super) struct Digit {
    pub(super) magnitude: u64,
    pub(super) negative: Mask,
}

/// The digits of a number in base 2^W, least significant first: the number is the sum of digit(i) · 2^(W i).
///
/// The iterator is endless; after 256 / W digits, rounded up with room for one bit more, all are zero.
pub(super) struct Booth<const W: u32> {
    /// What is left of twice the number: each digit looks at the top bit of the one below.
    rest: [u64; 5],
}

impl<const W: u32> Booth<W> {
    pub(super) fn new([w0, w1, w2, w3]: &Words) -> Self {
        Self { rest: [w0 << 1, w1 << 1 | w0 >> 63, w2 << 1 | w1 >> 63, w3 << 1 | w2 >> 63, w3 >> 63] }
    }
}

impl<const W: u32> Iterator for Booth<W> {
    type Item = Digit;

    #[inline(always)]
    fn next(&mut self) -> Option<Digit> {
        let [r0, r1, r2, r3, r4] = self.rest;
        let up = 64 - W;
        self.rest = [r0 >> W | r1 << up, r1 >> W | r2 << up, r2 >> W | r3 << up, r3 >> W | r4 << up, r4 >> W];
        // W + 1 bits: the digit is their upper W bits, plus the lowest, less 2^W if the highest is set.
        let ones = (2 << W) - 1;
        let bits = r0 & ones;
        let negative = Mask::from_bit(bits >> W);
        let [twice, ..] = negative.select(&[ones - bits, 0, 0, 0], &[bits, 0, 0, 0]);
        Some(Digit { magnitude: (twice >> 1) + (twice & 1), negative })
    }
}
