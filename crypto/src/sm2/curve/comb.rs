//! Multiplication of the base point, in constant time: a table of its multiples, 37 additions and no doubling.

use std::sync::LazyLock;

use super::super::arith::Words;
use super::booth::Booth;
use super::select::select;
use super::{Affine, Jacobian, batch_to_affine};

/// Bits per digit, digits per scalar, and multiples per digit: 148 KiB in all.
const WIDTH: u32 = 7;
const DIGITS: usize = 37;
const MULTIPLES: usize = 1 << (WIDTH - 1);

/// 1 to 64 times 2^(7 i) G, each as x and y.
#[repr(align(64))]
struct Row([[u64; 8]; MULTIPLES]);

/// Computed at first use, which takes less time than reading it from disk.
static TABLE: LazyLock<Box<[Row]>> = LazyLock::new(build);

/// `k` times the base point. `k` must be below n.
///
/// No exceptional addition occurs. Before digit i is added the sum is S with |S| ≤ 64 (2^(7i) - 1) / 127 < 2^(7i), and
/// the addend is D with 2^(7i) ≤ |D|, or 0, which is masked. So S ≠ ±D as integers, and modulo n they could meet only
/// if S + D or S - D were ±n. Below the last digit both are smaller than 2^252. At the last, S + D is k itself, and
/// D - S = n would make k = n + 2 S, so S < 0 and D = n - |S|; but D is a multiple of 2^252 and |S| < 0.51 · 2^252, while
/// n lies 2^224 below 2^256, further than that from any multiple but 2^256, where S would not be negative.
pub(crate) fn multiply_base(k: &Words) -> Jacobian {
    let mut sum = Jacobian::INFINITY;
    for (row, digit) in TABLE.iter().zip(Booth::<WIDTH>::new(k)) {
        let multiple = Affine::from(select(&row.0, digit.magnitude));
        sum = sum.add_affine(&multiple.negate_if(digit.negative));
    }
    sum
}

/// `sum` plus `k` times the base point, in variable time.
pub(super) fn add_multiple_of_base(mut sum: Jacobian, k: &Words) -> Jacobian {
    for (row, digit) in TABLE.iter().zip(Booth::<WIDTH>::new(k)) {
        let multiple = digit.magnitude.checked_sub(1).and_then(|index| row.0.get(index as usize));
        if let Some(multiple) = multiple {
            sum = sum.add_affine_vartime(&Affine::from(*multiple).negate_if(digit.negative));
        }
    }
    sum
}

fn build() -> Box<[Row]> {
    let mut points = Vec::with_capacity(DIGITS * MULTIPLES);
    let mut base = Jacobian::from(Affine::BASE);
    for _ in 0..DIGITS {
        let mut multiple = base.double();
        points.push(base);
        for _ in 1..MULTIPLES {
            points.push(multiple);
            multiple = multiple.add(&base);
        }
        // 64 times the base, doubled, begins the next row.
        base = points.last().map_or(base, Jacobian::double);
    }
    let entries: Vec<[u64; 8]> = batch_to_affine(&points).into_iter().map(Into::into).collect();
    entries.as_chunks().0.iter().map(|row| Row(*row)).collect()
}
