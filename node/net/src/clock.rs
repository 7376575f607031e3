//! The one module that reads the clock. Everything else is handed the time.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustls::{pki_types::UnixTime, time_provider::TimeProvider};

/// Where a node reads the time; tests hand in one that jumps ([`StandingClock`]).
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// UNIX milliseconds.
    fn now_ms(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands at the time written in a file, UNIX milliseconds, until the file says another: tests make the
/// time of a whole program jump with it.
#[derive(Debug, Clone)]
pub struct StandingClock(PathBuf);

impl StandingClock {
    /// The clock that `file` tells. Replace the file whole.
    pub const fn new(file: PathBuf) -> Self {
        Self(file)
    }
}

impl Clock for StandingClock {
    /// Without a readable file it is so late that nothing is valid any more.
    fn now_ms(&self) -> i64 {
        let told = std::fs::read_to_string(&self.0).ok().and_then(|text| text.trim().parse().ok());
        told.unwrap_or(i64::MAX)
    }
}

/// A clock as rustls wants it.
#[derive(Debug, Clone)]
pub(crate) struct TlsClock(pub(crate) Arc<dyn Clock>);

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = u64::try_from(self.0.now_ms()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now)))
    }
}

/// A stopwatch for progress lines and benchmarks; never a basis for decisions.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// `now_ms` as `2026-11-21T10:00:00Z`; out-of-range values as the number.
pub fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |t| format!("{t:.0}"))
}
