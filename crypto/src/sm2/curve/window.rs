//! Multiplication of any point, in constant time: signed windows of five bits.

use zeroize::Zeroizing;

use super::super::arith::Words;
use super::booth::{Booth, Digit};
use super::select::select;
use super::{Affine, Jacobian};

const WIDTH: u32 = 5;
const DIGITS: usize = 52;
const MULTIPLES: usize = 1 << (WIDTH - 1);

/// `k` times `point`. `k` must be below n, and `point` on the curve and not infinity.
///
/// Before a digit D is added the sum is S = 32 T times the point, |D| ≤ 16. S = ±D as integers only where both are 0,
/// which masks handle. Modulo n, sums before the last digit are too small to meet; at the last, S + D is k and so not
/// n, but S - D = n happens for k = n - 6 (D = -3). The last addition is therefore the complete one.
pub(crate) fn multiply(k: &Words, point: &Affine) -> Jacobian {
    let table = Multiples::new(point);
    let mut digits = Zeroizing::new([Digit::default(); DIGITS]);
    digits.iter_mut().zip(Booth::<WIDTH>::new(k)).for_each(|(to, digit)| *to = digit);
    let [lowest, middle @ .., highest] = &*digits;
    let mut sum = table.read(highest);
    for digit in middle.iter().rev() {
        sum = shift(sum).add(&table.read(digit));
    }
    shift(sum).add_complete(&table.read(lowest))
}

/// 2^WIDTH times `sum`.
fn shift(sum: Jacobian) -> Jacobian {
    (0..WIDTH).fold(sum, |sum, _| sum.double())
}

/// 1 to 16 times a point.
#[repr(align(64))]
struct Multiples([[u64; 12]; MULTIPLES]);

impl Multiples {
    /// `point` must not be infinity. No multiple met here is: the group's order is a large prime.
    fn new(point: &Affine) -> Self {
        let twice = Jacobian::from(*point).double();
        let mut table = [Jacobian::from(*point).into(); MULTIPLES];
        let mut multiple = twice;
        for entry in table.iter_mut().skip(1) {
            *entry = multiple.into();
            multiple = multiple.add_affine(point);
        }
        Self(table)
    }

    #[inline(always)]
    fn read(&self, digit: &Digit) -> Jacobian {
        Jacobian::from(select(&self.0, digit.magnitude)).negate_if(digit.negative)
    }
}
