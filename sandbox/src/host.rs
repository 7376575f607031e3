//! The host's side of one run: what the model's imports do, and what bounds them.

mod context;
mod dataset;
mod memory;
mod random;

use std::time::Duration;

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{AsContextMut, StoreContextMut};

use crate::model::Inputs;
use crate::ticker::Clock;
use crate::{Limits, RunError, StopFlag, TableSource, Usage};

pub(crate) use memory::Memory;
use random::Random;

/// Fuel for one call of an import, besides one unit per byte handed over.
const CALL_FUEL: u64 = 100;

/// State of one run.
pub(crate) struct Host {
    pub(crate) memory: Memory,
    pub(crate) usage: Usage,
    limits: Limits,
    tables: Vec<Box<dyn TableSource>>,
    params: String,
    random: Option<Random>,
    log_bytes: u64,
    handles: ResourceTable,
    stop: StopFlag,
    clock: Clock,
    deadline_ms: u64,
}

impl Host {
    pub(crate) fn new(inputs: Inputs, config: &crate::EngineConfig, clock: Clock) -> Self {
        let limits = inputs.limits;
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(limits.handles as usize);
        Self {
            memory: Memory::new(limits.memory_bytes, config),
            usage: Usage::default(),
            limits,
            tables: inputs.tables,
            params: inputs.params,
            random: inputs.seed.map(Random::new),
            log_bytes: 0,
            handles,
            stop: inputs.stop,
            deadline_ms: clock.now_ms().saturating_add(limits.wall_ms),
            clock,
        }
    }

    /// Whether the run may go on. Asked at every tick of the epoch and after every wait for rows.
    pub(crate) fn check_time(&self) -> Result<(), RunError> {
        if self.stop.is_stopped() {
            Err(RunError::Stopped)
        } else if self.clock.now_ms() >= self.deadline_ms {
            Err(RunError::Time { limit_ms: self.limits.wall_ms })
        } else {
            Ok(())
        }
    }

    /// The time the run has left. When it has passed, [`Self::check_time`] says so.
    fn left(&self) -> Duration {
        Duration::from_millis(self.deadline_ms.saturating_sub(self.clock.now_ms()))
    }
}

/// Everything a model may import, and nothing else.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    dataset::link(&mut linker.instance("qianmo:model/dataset@0.1.0")?)?;
    context::link(&mut linker.instance("qianmo:model/context@0.1.0")?)?;
    Ok(linker)
}

/// Takes the fuel for a call that hands over `bytes`.
pub(crate) fn charge(mut cx: StoreContextMut<'_, Host>, bytes: usize) -> wasmtime::Result<()> {
    let left = cx.get_fuel()?;
    let cost = CALL_FUEL.saturating_add(bytes as u64);
    let limit = cx.data().limits.fuel;
    cx.as_context_mut().set_fuel(left.saturating_sub(cost))?;
    if cost > left { Err(wasmtime::Error::new(RunError::Fuel { limit })) } else { Ok(()) }
}

/// Ends the run.
fn halt<T>(error: RunError) -> wasmtime::Result<T> {
    Err(wasmtime::Error::new(error))
}
