//! The WASM engine: strict settings, the imports a model may have, the ticker.

use std::sync::Arc;

use thiserror::Error;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Strategy};

use crate::host::{self, Host};
use crate::model::Model;
use crate::ticker::{Clock, Ticker};
use crate::vet::{self, VetError, Vetted};

/// Stack of the model's own calls. Runs have a thread with [`THREAD_STACK`], well above it.
const WASM_STACK: usize = 1 << 20;
/// The host's frames and the model's share it.
pub(crate) const THREAD_STACK: usize = 4 << 20;

/// What a model may declare. What it may use while it runs is in [`crate::Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Bytes of a component. The largest stock guests are interpreters: Python takes 18 MiB.
    pub component_bytes: usize,
    /// Bytes of linear memory that a component may declare at the start.
    pub declared_memory_bytes: u64,
    /// Linear memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
    /// Elements of all tables together. JavaScript guests declare 8,000.
    pub table_elements: u64,
    /// Core module instances. Python guests have 38.
    pub core_instances: u32,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            component_bytes: 32 << 20,
            declared_memory_bytes: 512 << 20,
            memories: 8,
            tables: 64,
            table_elements: 20_000,
            core_instances: 64,
        }
    }
}

/// Why there is no engine.
#[derive(Debug, Error)]
#[error("the WASM engine cannot start on this machine: {0}")]
pub struct EngineError(String);

/// Vets and compiles models. Clones share one engine; its ticker thread ends with the last clone and the
/// last model.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) config: EngineConfig,
    linker: Linker<Host>,
    ticker: Ticker,
}

impl Inner {
    pub(crate) fn clock(&self) -> Clock {
        self.ticker.clock()
    }
}

impl Engine {
    /// Starts the engine and its ticker.
    ///
    /// # Errors
    /// If the machine has no code generator, or no thread can be started.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let start = || -> wasmtime::Result<Inner> {
            let wasm = wasmtime::Engine::new(&strict())?;
            let linker = host::linker(&wasm)?;
            let ticker = Ticker::start(wasm.weak())?;
            Ok(Inner { wasm, config, linker, ticker })
        };
        start().map(|inner| Self(Arc::new(inner))).map_err(|error| EngineError(format!("{error:#}")))
    }

    /// Whether `component` may be run here. Checks its size, features, imports, exports, strings,
    /// memories and tables, compiles it, and makes one instance with small limits and no tables.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn vet(&self, component: &[u8]) -> Result<Vetted, VetError> {
        self.compile(component).map(|model| model.vetted().clone())
    }

    /// Vets `component` and keeps the compiled code.
    ///
    /// # Errors
    /// As [`Engine::vet`].
    pub fn compile(&self, component: &[u8]) -> Result<Model, VetError> {
        let vetted = vet::inspect(component, &self.0.config)?;
        let code = Component::from_binary(&self.0.wasm, component)
            .map_err(|error| VetError::Compile(format!("{error:#}")))?;
        let pre =
            self.0.linker.instantiate_pre(&code).map_err(|error| VetError::Types(format!("{error:#}")))?;
        let model = Model::new(self.0.clone(), pre, vetted);
        model.try_out()?;
        Ok(model)
    }
}

/// Same model, rows, parameters and seed: same output, same fuel. Everything a model does not need is off.
fn strict() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(WASM_STACK)
        .wasm_backtrace_max_frames(None)
        .wasm_component_model(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .concurrency_support(false);
    config
}
