//! What a measurement cost: CPU time of this process, and time on the wall.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A measurement under way.
pub(crate) struct Cost {
    cpu: Duration,
    wall: Instant,
}

impl Cost {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    pub(crate) fn start() -> Self {
        Self { cpu: cpu(), wall: Instant::now() }
    }

    /// Seconds of CPU and of wall time since the start.
    pub(crate) fn so_far(&self) -> (f64, f64) {
        ((cpu() - self.cpu).as_secs_f64(), self.wall.elapsed().as_secs_f64())
    }
}

/// User and system time of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
