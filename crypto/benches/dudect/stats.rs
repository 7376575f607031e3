//! Welch's t-test on two classes of times, as dudect runs it.

use std::fmt;

/// Upper ends, as shares of the first batch's times, beyond which samples are left out: interrupts make long tails
/// that hide small differences. Half as many beyond each next one.
const CROPS: usize = 40;
/// Samples in each class before a t-value means anything.
const ENOUGH: f64 = 500.0;
/// dudect's bounds: below the first nothing was found, above the second it is certain.
const SUSPECT: f64 = 4.5;
const CERTAIN: f64 = 10.0;

/// Which of the two sets an input is from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    A,
    B,
}

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    NoDifference,
    Unclear,
    Leak,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoDifference => "no difference found",
            Self::Unclear => "unclear: run it longer",
            Self::Leak => "differs",
        })
    }
}

/// The result of one case.
pub(crate) struct Outcome {
    pub(crate) samples: u64,
    pub(crate) largest_t: f64,
    /// Where the largest t-value comes from.
    pub(crate) difference: Difference,
    /// The smallest difference of the mean times that would have been suspect, as a share of them, the longest
    /// thousandth of the times left out.
    pub(crate) resolution: f64,
}

/// By how much the two classes differ in one test, as a share of that of B.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Difference {
    /// In the mean time.
    Mean(f64),
    /// In the mean squared distance from the class's mean time.
    Spread(f64),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean(share) => write!(f, "{:+.4} % in time", share * 100.0),
            Self::Spread(share) => write!(f, "{:+.2} % in variance", share * 100.0),
        }
    }
}

impl Outcome {
    pub(crate) fn verdict(&self) -> Verdict {
        match self.largest_t {
            t if t < SUSPECT => Verdict::NoDifference,
            t if t < CERTAIN => Verdict::Unclear,
            _ => Verdict::Leak,
        }
    }
}

/// Mean and variance as they grow (Welford).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn push(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}

/// Both classes' times, up to a limit.
#[derive(Clone, Copy)]
struct Welch {
    limit: f64,
    a: Moments,
    b: Moments,
}

impl Welch {
    fn up_to(limit: f64) -> Self {
        Self { limit, a: Moments::default(), b: Moments::default() }
    }

    fn push(&mut self, class: Class, value: f64) {
        if value <= self.limit {
            self.of(class).push(value);
        }
    }

    fn of(&mut self, class: Class) -> &mut Moments {
        match class {
            Class::A => &mut self.a,
            Class::B => &mut self.b,
        }
    }

    fn difference(&self) -> f64 {
        (self.a.mean - self.b.mean) / self.b.mean
    }

    /// The standard error of the difference of the means.
    fn error(&self) -> f64 {
        (self.a.variance() / self.a.count + self.b.variance() / self.b.count).sqrt()
    }

    fn t(&self) -> f64 {
        let error = self.error();
        let enough = self.a.count >= ENOUGH && self.b.count >= ENOUGH;
        if enough && error > 0.0 { ((self.a.mean - self.b.mean) / error).abs() } else { 0.0 }
    }
}

/// The tests of one case: whole, cropped, and of the variance.
pub(crate) struct Test {
    samples: u64,
    first_order: Vec<Welch>,
    /// The squared distance from the class's mean: finds a difference in spread where the means agree.
    second_order: Welch,
}

impl Test {
    /// Sets the crops by a batch of times, which does not count otherwise.
    pub(crate) fn calibrated(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let limit = |crop: usize| {
            let beyond = 0.5_f64.powf(10.0 * (crop + 1) as f64 / CROPS as f64);
            let rank = (times.len() as f64 * (1.0 - beyond)) as usize;
            times[rank.min(times.len() - 1)] as f64
        };
        let mut first_order: Vec<Welch> = (0..CROPS).map(|crop| Welch::up_to(limit(crop))).collect();
        first_order.push(Welch::up_to(f64::INFINITY));
        Self { samples: 0, first_order, second_order: Welch::up_to(f64::INFINITY) }
    }

    pub(crate) fn push(&mut self, class: Class, time: u64) {
        self.samples += 1;
        let time = time as f64;
        self.first_order.iter_mut().for_each(|test| test.push(class, time));
        let whole = self.first_order.last_mut().expect("the uncropped one");
        let moments = *whole.of(class);
        if moments.count > ENOUGH {
            self.second_order.push(class, (time - moments.mean).powi(2));
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let first = self.first_order.iter().map(|test| (test.t(), Difference::Mean(test.difference())));
        let second = (self.second_order.t(), Difference::Spread(self.second_order.difference()));
        let largest = first.chain([second]).max_by(|(a, _), (b, _)| a.total_cmp(b));
        let (largest_t, difference) = largest.expect("there is the second-order test");
        let widest = self.first_order.iter().rev().nth(1).expect("there are crops");
        let resolution = SUSPECT * widest.error() / widest.b.mean;
        Outcome { samples: self.samples, largest_t, difference, resolution }
    }
}
