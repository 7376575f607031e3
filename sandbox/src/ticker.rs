//! The one place that looks at a clock: it advances the engine's epoch, at which runs check whether they
//! should end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use wasmtime::EngineWeak;

/// A stopped or late run ends within about two of these.
const TICK: Duration = Duration::from_millis(10);

/// Milliseconds since the ticker started, as of its last tick.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A thread that ticks until this value is dropped.
pub(crate) struct Ticker {
    clock: Clock,
    /// Dropping it disconnects the channel that the thread waits on.
    _alive: Sender<()>,
}

impl Ticker {
    pub(crate) fn start(engine: EngineWeak) -> std::io::Result<Self> {
        let clock = Clock(Arc::default());
        let (alive, dropped) = mpsc::channel();
        let shared = clock.clone();
        std::thread::Builder::new().name("sandbox-ticker".to_owned()).spawn(move || {
            #[expect(
                clippy::disallowed_methods,
                reason = "wall-time limits; nothing a model sees depends on it"
            )]
            let start = Instant::now();
            while dropped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { return };
                let elapsed = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                shared.0.store(elapsed, Ordering::Relaxed);
                engine.increment_epoch();
            }
        })?;
        Ok(Self { clock, _alive: alive })
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }
}
