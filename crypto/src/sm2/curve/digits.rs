//! Signed odd digits of a secret scalar: as many for one scalar as for another, and none of them zero.

use zeroize::{Zeroize, Zeroizing};

use super::super::arith::{Mask, Words, limbs, order};

/// An odd digit: 2 · `index` + 1 or its opposite, with `index` below 2^(W-1).
#[derive(Clone, Copy, Default, Zeroize)]
pub(super) struct Digit {
    pub(super) index: u64,
    pub(super) negative: Mask,
}

/// The digits of one of k and n - k, whichever is odd, in base 2^W and least significant first; and whether it was
/// n - k. `k` must be below n.
///
/// With ⌊x⌋ for x rounded down to an odd number, digit i is ⌊k / 2^(W i)⌋ modulo 2^(W+1), less 2^W; the last digit is
/// ⌊k / 2^(W i)⌋ itself. So the digits from i on, taken together, are ⌊k / 2^(W i)⌋.
pub(super) fn odd_digits<const W: u32, const N: usize>(k: &Words) -> (Zeroizing<[Digit; N]>, Mask) {
    let [lowest, ..] = k;
    let even = Mask::from_bit(1 ^ (lowest & 1));
    let (opposite, _) = limbs::sub(order::N, *k);
    let [w0, w1, w2, w3] = even.select(&opposite, k);
    // The bit above the last digit makes that one positive.
    let mut rest = [w0, w1, w2, w3, 1 << (W * N as u32 - 256)];
    let mut digits = Zeroizing::new([Digit::default(); N]);
    for digit in digits.iter_mut() {
        let [r0, r1, r2, r3, r4] = rest;
        let up = u64::BITS - W;
        rest = [r0 >> W | r1 << up, r1 >> W | r2 << up, r2 >> W | r3 << up, r3 >> W | r4 << up, r4 >> W];
        let negative = Mask::from_bit(1 ^ (r0 >> W & 1));
        *digit = Digit { index: (r0 >> 1 ^ negative.keep(u64::MAX)) & ((1 << (W - 1)) - 1), negative };
    }
    (digits, even)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::super::super::arith::testing::{big, number};
    use super::super::super::arith::{Scalar, order};
    use super::odd_digits;

    fn value<const W: u32, const N: usize>(k: &[u64; 4]) -> BigInt {
        let (digits, opposite) = odd_digits::<W, N>(k);
        let sum = digits.iter().rev().fold(BigInt::ZERO, |sum, digit| {
            assert!(digit.index < 1 << (W - 1));
            let size = BigInt::from(2 * digit.index + 1);
            (sum << W) + if digit.negative.declassify() { -size } else { size }
        });
        if opposite.declassify() { BigInt::from(big(&order::N)) - sum } else { sum }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

        #[test]
        fn digits_are_worth_the_scalar(k in number()) {
            let k = *Scalar::reduce_words(k).words();
            prop_assert_eq!(value::<7, 37>(&k), BigInt::from(big(&k)));
            prop_assert_eq!(value::<5, 52>(&k), BigInt::from(big(&k)));
        }
    }
}
