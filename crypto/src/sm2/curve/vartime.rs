//! Sums of multiples in variable time, for verification: nothing here may be secret.
//!
//! A factor is written in its width-w non-adjacent form: digits odd and below 2^(w-1) in size, at least w places apart.

use super::super::arith::{Words, limbs};
use super::comb::add_multiple_of_base;
use super::{Affine, Jacobian, batch_to_affine};

/// Places of a 256-bit factor in non-adjacent form, which may be one longer than the factor.
const PLACES: usize = 257;

/// Something whose multiples can be added to a multiple of the base point.
pub(crate) trait Multiply {
    /// `factor` times the point.
    fn multiply(&self, factor: &Words) -> Jacobian;
}

/// `base_factor` times the base point plus `factor` times the point.
pub(crate) fn multiply_add(base_factor: &Words, factor: &Words, point: &impl Multiply) -> Jacobian {
    add_multiple_of_base(point.multiply(factor), base_factor)
}

/// A point's odd multiples 1, 3, … 15.
pub(crate) struct Multiples([Affine; 8]);

impl Multiples {
    const WIDTH: u32 = 5;

    /// The multiples of each of `points`, with one inversion for all. No point may be infinity.
    pub(crate) fn batch(points: &[Affine]) -> Vec<Self> {
        let mut multiples = Vec::with_capacity(points.len() * 8);
        for point in points {
            push_odd_multiples::<8>(&mut multiples, Jacobian::from(*point));
        }
        batch_to_affine(&multiples).as_chunks().0.iter().map(|odd| Self(*odd)).collect()
    }
}

impl Multiply for Multiples {
    fn multiply(&self, factor: &Words) -> Jacobian {
        let mut sum = Jacobian::INFINITY;
        for digit in non_adjacent::<PLACES>(*factor, Self::WIDTH).iter().rev() {
            sum = sum.double();
            sum = add_odd_multiple(sum, *digit, &self.0);
        }
        sum
    }
}

/// A point's multiples for many verifications: 1, 3, … 31 times 2^(32 i) times the point, for i from 0 to 7. 8 KiB.
pub(crate) struct Prepared([[Affine; 16]; 8]);

impl Prepared {
    const WIDTH: u32 = 6;
    const PLACES: usize = 33;

    /// `point` must not be infinity.
    pub(crate) fn new(point: &Affine) -> Box<Self> {
        let mut multiples = Vec::with_capacity(8 * 16);
        let mut base = Jacobian::from(*point);
        for row in 0..8 {
            if row > 0 {
                base = base.double_times(32);
            }
            push_odd_multiples::<16>(&mut multiples, base);
        }
        let mut rows = Box::new(Self([[Affine::INFINITY; 16]; 8]));
        rows.0.iter_mut().zip(batch_to_affine(&multiples).as_chunks().0).for_each(|(to, row)| *to = *row);
        rows
    }
}

impl Multiply for Prepared {
    fn multiply(&self, factor: &Words) -> Jacobian {
        let [w0, w1, w2, w3] = factor.map(|word| [word & 0xffff_ffff, word >> 32]);
        let parts = [w0, w1, w2, w3].concat();
        let digits: Vec<_> = parts
            .iter()
            .map(|part| non_adjacent::<{ Self::PLACES }>([*part, 0, 0, 0], Self::WIDTH))
            .collect();
        let mut sum = Jacobian::INFINITY;
        for place in (0..Self::PLACES).rev() {
            sum = sum.double();
            for (digits, row) in digits.iter().zip(&self.0) {
                sum = add_odd_multiple(sum, digits.get(place).copied().unwrap_or(0), row);
            }
        }
        sum
    }
}

/// `sum` plus `digit` times the point whose odd multiples are `odd`; `digit` is 0 or odd and in range.
fn add_odd_multiple(sum: Jacobian, digit: i8, odd: &[Affine]) -> Jacobian {
    if digit == 0 {
        return sum;
    }
    match odd.get(usize::from(digit.unsigned_abs() / 2)) {
        Some(multiple) if digit < 0 => sum.add_affine_vartime(&multiple.negate()),
        Some(multiple) => sum.add_affine_vartime(multiple),
        None => sum,
    }
}

/// Appends 1, 3, … 2 N - 1 times `point`.
pub(super) fn push_odd_multiples<const N: usize>(out: &mut Vec<Jacobian>, point: Jacobian) {
    let twice = point.double();
    let mut multiple = point;
    for _ in 0..N {
        out.push(multiple);
        multiple = multiple.add(&twice);
    }
}

/// The digits of `number` in non-adjacent form of `width`, least significant first.
fn non_adjacent<const PLACES: usize>(number: Words, width: u32) -> [i8; PLACES] {
    let mut digits = [0; PLACES];
    let mut rest = number;
    let mut place = 0;
    while rest != [0; 4] {
        let [lowest, ..] = rest;
        let zeros = lowest.trailing_zeros().min(u64::BITS - 1);
        if zeros > 0 {
            rest = shift_right(rest, zeros);
            place += zeros as usize;
            continue;
        }
        let low = (lowest & ((1 << width) - 1)) as i8;
        let negative = low >> (width - 1) == 1;
        if let Some(digit) = digits.get_mut(place) {
            *digit = if negative { low - (1 << width) } else { low };
        }
        // What a negative digit takes away is made good one place above.
        rest = limbs::add(shift_right(rest, width), [u64::from(negative), 0, 0, 0]).0;
        place += width as usize;
    }
    digits
}

/// `number` shifted by 1 to 63 places.
fn shift_right([w0, w1, w2, w3]: Words, places: u32) -> Words {
    let up = u64::BITS - places;
    [w0 >> places | w1 << up, w1 >> places | w2 << up, w2 >> places | w3 << up, w3 >> places]
}
