//! What a measurement cost: CPU time of this process, and time on the wall.

use std::{fs, time::Instant};

use crate::Result;

/// Linux counts CPU time in hundredths of a second for everybody (proc(5), USER_HZ).
const TICKS_PER_SECOND: f64 = 100.0;

/// A measurement under way.
pub(crate) struct Cost {
    cpu_s: f64,
    wall: Instant,
}

impl Cost {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    pub(crate) fn start() -> Result<Self> {
        Ok(Self { cpu_s: cpu_s()?, wall: Instant::now() })
    }

    /// Seconds of CPU and of wall time since the start.
    pub(crate) fn so_far(&self) -> Result<(f64, f64)> {
        Ok((cpu_s()? - self.cpu_s, self.wall.elapsed().as_secs_f64()))
    }
}

/// User and system time of this process so far, in seconds.
fn cpu_s() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The program's name, in brackets, may have spaces; utime and stime are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/self/stat has another form")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
    Ok(ticks.sum::<std::result::Result<u32, _>>().map(f64::from)? / TICKS_PER_SECOND)
}
