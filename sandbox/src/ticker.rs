//! The one place that looks at a clock: it advances the engine's epoch, at which runs check whether they
//! should end.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use wasmtime::EngineWeak;

/// A stopped or late run ends within about two of these.
const TICK: Duration = Duration::from_millis(10);

/// When the ticker started.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "wall-time limits; nothing a model sees depends on it")]
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since then.
    pub(crate) fn now_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
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
        let (alive, dropped) = mpsc::channel();
        std::thread::Builder::new().name("sandbox-ticker".to_owned()).spawn(move || {
            while dropped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        })?;
        Ok(Self { clock: Clock::start(), _alive: alive })
    }

    pub(crate) const fn clock(&self) -> Clock {
        self.clock
    }
}
