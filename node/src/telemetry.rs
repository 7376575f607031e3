//! Logs: to standard error, as text or JSON lines. No secrets, no values of data.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging: 0 warnings, 1 what happens, 2 details. Called once, by `serve`.
pub fn init(verbosity: u8, json: bool) {
    let level = match verbosity {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    // Libraries are a level quieter: quinn and DataFusion tell more than an operator wants.
    let filter = EnvFilter::new(format!("warn,qianmo={level},qianmo_trail={level},qianmo_sandbox={level}"));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call (tests) keeps the first subscriber.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}
