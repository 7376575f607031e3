//! What Linux tells about processes.

use std::fs;

use crate::Result;

/// Linux counts CPU time in hundredths of a second for everybody (proc(5), USER_HZ).
const TICKS_PER_SECOND: f64 = 100.0;

/// Load averages over 1, 5 and 15 minutes.
pub(crate) fn load() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// Resident memory in MiB.
pub(crate) fn resident_mib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS is told")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// User and system time so far, in seconds.
pub(crate) fn cpu_s(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name, in brackets, may have spaces; utime and stime are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(") ").ok_or("/proc has another form")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
    Ok(ticks.sum::<std::result::Result<u32, _>>().map(f64::from)? / TICKS_PER_SECOND)
}
