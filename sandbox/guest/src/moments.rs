//! Kernels over columns of numbers.

use crate::{Integers, Numbers};

/// Independent accumulators: they break the chain of additions, so that SIMD can be used.
const LANES: usize = 8;

/// Count, sum, mean and variance in one pass, without the cancellation of Σx² − n·mean².
///
/// Batches are merged by the update of Chan, Golub and LeVeque (1979).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    sum: f64,
    mean: f64,
    /// Sum of squared distances from the mean.
    m2: f64,
}

impl Moments {
    /// Adds the values of a column; missing ones are left out.
    pub fn add_column(&mut self, column: &Numbers<'_>) {
        match column.dense() {
            Some(values) => self.add_slice(values),
            None => self.add_slice(&column.iter().flatten().collect::<Vec<f64>>()),
        }
    }

    /// Adds values.
    pub fn add_slice(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        let count = values.len() as u64;
        let sum = lanes(values, |value| value);
        let mean = sum / count as f64;
        let m2 = lanes(values, |value| (value - mean) * (value - mean));
        self.merge(&Self { count, sum, mean, m2 });
    }

    /// Adds the values that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        let share = other.count as f64 / count as f64;
        self.m2 += other.m2 + distance * distance * self.count as f64 * share;
        self.mean += distance * share;
        self.sum += other.sum;
        self.count = count;
    }

    /// Values seen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Their mean; 0 if there are none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Their sample variance (divided by n − 1); none for fewer than two values.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.m2 / (self.count - 1) as f64)
    }
}

/// The same over whole numbers, with a sum that is exact whatever their size.
///
/// Distances are taken from the first value, so that the variance of large numbers that lie close together
/// is not lost in rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntegerMoments {
    sum: i128,
    origin: i64,
    distances: Moments,
}

impl IntegerMoments {
    /// Adds the values of a column; missing ones are left out.
    pub fn add_column(&mut self, column: &Integers<'_>) {
        match column.dense() {
            Some(values) => self.add_slice(values),
            None => self.add_slice(&column.iter().flatten().collect::<Vec<i64>>()),
        }
    }

    /// Adds values.
    pub fn add_slice(&mut self, values: &[i64]) {
        let Some(first) = values.first() else { return };
        if self.distances.count() == 0 {
            self.origin = *first;
        }
        let origin = self.origin;
        self.sum += values.chunks(EXACT_CHUNK).map(exact_sum).sum::<i128>();
        let distances: Vec<f64> = values.iter().map(|value| distance(*value, origin)).collect();
        self.distances.add_slice(&distances);
    }

    /// Values seen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.distances.count()
    }

    /// Their exact sum.
    #[must_use]
    pub fn sum(&self) -> i128 {
        self.sum
    }

    /// Their mean, from the exact sum; 0 if there are none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count() == 0 { 0.0 } else { self.sum as f64 / self.count() as f64 }
    }

    /// Their sample variance (divided by n − 1); none for fewer than two values.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        self.distances.variance()
    }
}

/// Values whose halves cannot overflow 64 bits when summed.
const EXACT_CHUNK: usize = 1 << 30;

/// The sum of at most [`EXACT_CHUNK`] values, by halves of 32 bits: additions of 64 bits can be vectorised.
fn exact_sum(values: &[i64]) -> i128 {
    let high: i64 = values.iter().map(|value| value >> 32).sum();
    let low: i64 = values.iter().map(|value| value & 0xffff_ffff).sum();
    (i128::from(high) << 32) + i128::from(low)
}

/// Exact before it is rounded, unless the two are over 2⁶³ apart.
fn distance(value: i64, origin: i64) -> f64 {
    value.checked_sub(origin).map_or(value as f64 - origin as f64, |exact| exact as f64)
}

/// Σ(x − c) and Σ(x − c)² about a centre c: what sites can add up to a pooled mean and variance.
///
/// About 0 for the mean, then about the mean for the variance: Σx² − n·mean² cancels where the mean is large.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Σ(x − c).
    pub sum: f64,
    /// Σ(x − c)².
    pub squares: f64,
}

impl Sums {
    /// Adds values, about `centre`.
    pub fn add_slice(&mut self, values: &[f64], centre: f64) {
        self.sum += lanes(values, |value| value - centre);
        self.squares += lanes(values, |value| (value - centre) * (value - centre));
    }
}

/// Σ f(x), in an order that depends only on the number of values.
fn lanes(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += f(*value);
        }
    }
    let rest: f64 = chunks.remainder().iter().map(|value| f(*value)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_equal_the_definition_however_the_values_are_cut() {
        let values: Vec<f64> = (0..1000).map(|i| 1e6 + f64::from(i * 7919 % 1000)).collect();
        let mean = values.iter().sum::<f64>() / 1000.0;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 999.0;
        for size in [1, 3, 8, 100, 999, 1000] {
            let mut moments = Moments::default();
            values.chunks(size).for_each(|part| moments.add_slice(part));
            assert_eq!(moments.count(), 1000);
            assert!((moments.mean() - mean).abs() < 1e-9 * mean, "{size}");
            assert!((moments.variance().unwrap() - variance).abs() < 1e-9 * variance, "{size}");
        }
    }

    #[test]
    fn one_value_has_no_variance_and_no_value_has_no_effect() {
        let mut moments = Moments::default();
        moments.add_slice(&[]);
        assert_eq!(moments, Moments::default());
        moments.add_slice(&[3.0]);
        assert_eq!((moments.sum(), moments.mean(), moments.variance()), (3.0, 3.0, None));
    }

    #[test]
    fn sums_are_those_of_all_values() {
        let mut sums = Sums::default();
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        sums.add_slice(&values, 0.0);
        assert_eq!(sums, Sums { sum: 210.0, squares: 2870.0 });
        let mut about_ten = Sums::default();
        about_ten.add_slice(&values, 10.0);
        assert_eq!(about_ten, Sums { sum: 10.0, squares: 670.0 });
    }

    #[test]
    fn whole_numbers_are_summed_exactly_and_vary_as_by_definition() {
        for values in [
            [i64::MAX, i64::MAX, i64::MIN, -1, 0, 7].as_slice(),
            &[9_007_199_254_740_993, 1, 1, -5],
            &[i64::MIN; 5],
        ] {
            let mut moments = IntegerMoments::default();
            values.chunks(2).for_each(|part| moments.add_slice(part));
            assert_eq!(moments.sum(), values.iter().map(|value| i128::from(*value)).sum::<i128>());
            assert_eq!(moments.count(), values.len() as u64);
        }
        // One apart, where doubles are two apart.
        let mut close = IntegerMoments::default();
        close.add_slice(&(0..30).map(|step| 9_007_199_254_740_993 + step).collect::<Vec<i64>>());
        assert!((close.variance().unwrap() - 77.5).abs() < 1e-12);
        assert_eq!(IntegerMoments::default().mean(), 0.0);
    }
}
