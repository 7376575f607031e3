//! Logs: to standard error, as text or JSON lines. No secrets, no values of data.

use std::io::IsTerminal as _;

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
    // Colours are for a terminal that wants them (NO_COLOR is the library's to read); a file gets none.
    let builder = if std::io::stderr().is_terminal() { builder } else { builder.with_ansi(false) };
    // A second call (tests) keeps the first subscriber.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}
