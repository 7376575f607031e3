//! Multiplication of any point, in constant time: signed windows of five bits.

use super::super::arith::Words;
use super::digits::{Digit, odd_digits};
use super::select::select;
use super::{Affine, Jacobian};

const WIDTH: u32 = 5;
const DIGITS: usize = 52;
const MULTIPLES: usize = 1 << (WIDTH - 1);

/// `k` times `point`. `k` must be below n, and `point` on the curve and not infinity.
///
/// Call what was added before a digit A and the digit D, both multiples of the point. As integers A is a positive
/// multiple of 32 and |D| is less than that, so A ± D is never 0. Before the last digit it is far below n, too. At the
/// last, A - D = n happens for k = n - 6, so that addition is the complete one; A + D is k.
pub(crate) fn multiply(k: &Words, point: &Affine) -> Jacobian {
    let table = Multiples::new(point);
    let (digits, opposite) = odd_digits::<WIDTH, DIGITS>(k);
    let [lowest, middle @ .., highest] = digits.as_slice() else { return Jacobian::INFINITY };
    let sum = middle
        .iter()
        .rev()
        .fold(table.read(highest), |sum, digit| sum.double_times(WIDTH).add(&table.read(digit)));
    sum.double_times(WIDTH).add_complete(&table.read(lowest)).negate_if(opposite)
}

/// 1, 3, … 31 times a point.
#[repr(align(64))]
struct Multiples([[Words; 3]; MULTIPLES]);

impl Multiples {
    /// `point` must not be infinity. No multiple met here is: the group's order is a large prime.
    fn new(point: &Affine) -> Self {
        let mut multiple = Jacobian::from(*point);
        let twice = multiple.double();
        Self([(); MULTIPLES].map(|()| {
            let entry = multiple.into();
            multiple = multiple.add(&twice);
            entry
        }))
    }

    #[inline(always)]
    fn read(&self, digit: &Digit) -> Jacobian {
        Jacobian::from(select(&self.0, digit.index)).negate_if(digit.negative)
    }
}
