//! Time on the processor: of this thread alone, the best of many short slices.
//!
//! What else runs on the machine takes turns with this thread and so adds nothing to its CPU time; what it costs in
//! caches and clock rate is spread unevenly, and the best slice has least of it.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds in one slice: well above the clock's own cost of half a microsecond.
const SLICE_S: f64 = 1e-3;
/// CPU seconds spent on one figure.
const BUDGET_S: f64 = 0.5;
/// Figures that take longer a call than a slice get at least this many.
const MIN_SLICES: u32 = 5;

/// CPU seconds of this thread so far.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Seconds of one call of `work`, whose result nobody needs but the compiler must not know that.
pub(crate) fn seconds<R>(mut work: impl FnMut() -> R) -> f64 {
    let mut work = || drop(black_box(work()));
    let mut calls = 1_u32;
    // Warms caches up too.
    while time(calls, &mut work) < SLICE_S && calls < 1 << 24 {
        calls *= 2;
    }
    best(|| time(calls, &mut work)) / f64::from(calls)
}

/// Seconds of one call of `work`, which uses up what `prepare` lays out; only `work` is timed.
pub(crate) fn seconds_prepared<T>(
    state: &mut T,
    mut prepare: impl FnMut(&mut T),
    mut work: impl FnMut(&mut T),
) -> f64 {
    best(|| {
        prepare(state);
        time(1, &mut || work(state))
    })
}

fn time(calls: u32, work: &mut impl FnMut()) -> f64 {
    let start = now();
    (0..calls).for_each(|_| work());
    now() - start
}

fn best(mut slice: impl FnMut() -> f64) -> f64 {
    let (start, mut slices, mut best) = (now(), 0, f64::INFINITY);
    while slices < MIN_SLICES || now() - start < BUDGET_S {
        best = slice().min(best);
        slices += 1;
    }
    best
}
