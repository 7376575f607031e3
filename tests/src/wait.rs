//! Waiting for events, never for time: every wait has a limit and says what it waited for.

use std::{sync::OnceLock, time::Duration};

use qianmo_net::clock::{Clock as _, Stopwatch, SystemClock};
use tokio::runtime::Runtime;

/// How long anything may take on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// How often a condition is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs the client library's futures; one runtime for all tests of a process.
pub fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap()).block_on(future)
}

/// Looks again and again until `probe` finds what `what` names.
///
/// # Panics
/// After three minutes without it.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let watch = Stopwatch::start();
    let mut tick = block_on(async { tokio::time::interval(LOOK_EVERY) });
    while watch.elapsed() < PATIENCE {
        if let Some(found) = probe() {
            return found;
        }
        block_on(tick.tick());
    }
    panic!("waited {PATIENCE:?} in vain for: {what}");
}

/// The time, UNIX milliseconds.
pub fn now_ms() -> i64 {
    SystemClock.now_ms()
}
