//! The log-loss of logistic regression, and its derivatives.

use crate::linalg::dot;

/// Sums over rows at given coefficients.
pub(crate) struct Derivatives {
    /// ∂/∂w of the log-loss, intercept first.
    pub(crate) gradient: Vec<f64>,
    /// ∂²/∂w², row-major; the upper half until [`Derivatives::hessian`] fills in the lower.
    upper: Vec<f64>,
    pub(crate) deviance: f64,
}

impl Derivatives {
    /// No rows yet, `size` coefficients.
    pub(crate) fn new(size: usize) -> Self {
        Self { gradient: vec![0.0; size], upper: vec![0.0; size * size], deviance: 0.0 }
    }

    /// Adds a row: `x` begins with 1 for the intercept, `y` is 0 or 1.
    pub(crate) fn add(&mut self, w: &[f64], x: &[f64], y: f64) {
        let score = dot(w, x);
        let probability = 1.0 / (1.0 + (-score).exp());
        let weight = probability * (1.0 - probability);
        self.deviance += 2.0 * log_loss(score, y);
        for (sum, x) in self.gradient.iter_mut().zip(x) {
            *sum += (probability - y) * x;
        }
        for (index, (row, x_i)) in self.upper.chunks_exact_mut(x.len()).zip(x).enumerate() {
            let factor = weight * x_i;
            for (sum, x_j) in row.iter_mut().zip(x).skip(index) {
                *sum += factor * x_j;
            }
        }
    }

    /// Both halves of the Hessian.
    pub(crate) fn hessian(&self) -> Vec<f64> {
        let size = self.gradient.len();
        let at = |row: usize, column: usize| self.upper.get(row * size + column).copied().unwrap_or(0.0);
        (0..size * size)
            .map(|index| (index / size, index % size))
            .map(|(i, j)| at(i.min(j), i.max(j)))
            .collect()
    }
}

/// −ln of the probability of `y`, for the log-odds `score` of 1; without overflow for any score.
pub(crate) fn log_loss(score: f64, y: f64) -> f64 {
    score.max(0.0) - score * y + (-score.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_loss_is_the_definition_where_that_can_be_computed() {
        for score in [-30.0_f64, -1.0, 0.0, 0.5, 20.0] {
            let probability = 1.0 / (1.0 + (-score).exp());
            assert!((log_loss(score, 1.0) + probability.ln()).abs() < 1e-12);
        }
        assert_eq!(log_loss(1000.0, 1.0), 0.0);
        assert_eq!(log_loss(-1000.0, 1.0), 1000.0);
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let rows = [([1.0, 0.3, -1.2], 1.0), ([1.0, -0.7, 0.4], 0.0), ([1.0, 2.0, 0.1], 1.0)];
        let at = |w: &[f64]| {
            let mut sums = Derivatives::new(3);
            rows.iter().for_each(|(x, y)| sums.add(w, x, *y));
            sums
        };
        let (w, step) = ([0.1, -0.4, 0.7], 1e-6);
        let here = at(&w);
        for index in 0..3 {
            let mut there = w;
            there[index] += step;
            let there = at(&there);
            // The deviance is twice the loss.
            let slope = (there.deviance - here.deviance) / (2.0 * step);
            assert!((slope - here.gradient[index]).abs() < 1e-5);
            for other in 0..3 {
                let slope = (there.gradient[other] - here.gradient[other]) / step;
                assert!((slope - here.hessian()[index * 3 + other]).abs() < 1e-5);
            }
        }
    }
}
