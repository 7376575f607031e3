//! Multiplication of the base point, in constant time: a table of its multiples, 36 additions and no doubling.

use std::sync::LazyLock;

use super::super::arith::Words;
use super::digits::odd_digits;
use super::select::select;
use super::vartime::push_odd_multiples;
use super::{Affine, Jacobian, batch_to_affine};

/// Bits per digit, digits per scalar, and multiples per digit: 148 KiB in all.
const WIDTH: u32 = 7;
const DIGITS: usize = 37;
const MULTIPLES: usize = 1 << (WIDTH - 1);

/// 1, 3, … 127 times 2^(7 i) G.
#[repr(align(64))]
struct Row([[Words; 2]; MULTIPLES]);

/// Computed at first use, in about a millisecond.
static TABLE: LazyLock<Box<[Row]>> = LazyLock::new(build);

/// `k` times the base point. `k` must be below n.
///
/// Digits are added from the highest to the lowest, and no addition is exceptional. Let k be odd, as the digits have
/// it; call what was added before digit i A and the digit's worth D, both multiples of the base point. As integers A
/// is a positive multiple of 2^(7 (i+1)) and |D| is less than that, so A ± D is never 0, and it is below 2n. For i > 0
/// it is even, so it is not n either. For i = 0, A + D is k, and not n unless the scalar is 0, where the result is
/// infinity as it should be; A - D = n would mean D = -m and k = n - 2m, but the lowest digit of that k is
/// n - 2m - 128 modulo 256, which is -m for no m below 128.
pub(crate) fn multiply_base(k: &Words) -> Jacobian {
    let (digits, opposite) = odd_digits::<WIDTH, DIGITS>(k);
    let mut multiples = TABLE
        .iter()
        .zip(digits.iter())
        .rev()
        .map(|(row, digit)| Affine::from(select(&row.0, digit.index)).negate_if(digit.negative));
    let first = multiples.next().map_or(Jacobian::INFINITY, Jacobian::from);
    multiples.fold(first, |sum, multiple| sum.add_affine(&multiple)).negate_if(opposite)
}

/// `sum` plus `k` times the base point, in variable time. `k` must be below n.
pub(super) fn add_multiple_of_base(sum: Jacobian, k: &Words) -> Jacobian {
    let (digits, opposite) = odd_digits::<WIDTH, DIGITS>(k);
    TABLE.iter().zip(digits.iter()).fold(sum, |sum, (row, digit)| {
        let negative = digit.negative.xor(opposite).declassify();
        match row.0.get(digit.index as usize).map(|entry| Affine::from(*entry)) {
            Some(multiple) if negative => sum.add_affine_vartime(&multiple.negate()),
            Some(multiple) => sum.add_affine_vartime(&multiple),
            None => sum,
        }
    })
}

fn build() -> Box<[Row]> {
    let mut points = Vec::with_capacity(DIGITS * MULTIPLES);
    let mut base = Jacobian::from(Affine::BASE);
    for _ in 0..DIGITS {
        push_odd_multiples::<MULTIPLES>(&mut points, base);
        base = base.double_times(WIDTH);
    }
    let entries: Vec<[Words; 2]> = batch_to_affine(&points).into_iter().map(Into::into).collect();
    entries.as_chunks().0.iter().map(|row| Row(*row)).collect()
}
