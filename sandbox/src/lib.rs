//! Models next to the data: an untrusted WASM component reads the rows that a job shows it, and returns
//! typed results, within limits on work, time, memory and output.
//!
//! A model is a WebAssembly component of the world `analysis` or `federated` of the package
//! `qianmo:model@0.1.0` (`wit/model.wit`). Its imports are all it can reach: rows, parameters, a log, and
//! randomness if the job grants it. There is no WASI, clock, file, network or environment. The engine is
//! strict: the same model, rows, parameters and seed give the same output and use the same fuel.
//!
//! What this crate is **not**: it knows nothing of peers, contracts or policy; it does not decide who may
//! run what, nor whether a result may leave (see egress in the node); it keeps no files and no cache.
//!
//! Main types: [`Engine`] vets and compiles, [`Model`] runs a [`Job`] over [`TableSource`]s and gives an
//! [`Outcome`]; [`Limits`] bounds it, [`StopFlag`] ends it. [`pack`] makes a component of a core module,
//! [`shipped`] holds the models that come with Qianmo, [`MemTable`] is a table in memory.
//!
//! ```
//! use qianmo_sandbox::{Column, ColumnData, ColumnType, Engine, EngineConfig, Field, Job, MemTable, shipped};
//!
//! let engine = Engine::new(EngineConfig::default())?;
//! let model = engine.compile(shipped::STATS)?;
//! let age = Field { name: "age".into(), ty: ColumnType::Float64, nullable: false };
//! let ages = Column::new(ColumnData::F64((20..80).map(f64::from).collect()));
//! let table = MemTable::new("people", vec![age], vec![ages])?;
//! let outcome = model.analyse(Job::new(vec![Box::new(table)], r#"{"columns":["age"]}"#));
//! assert_eq!(outcome.result?.tables[0].contributors, [60]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod engine;
mod host;
mod limits;
mod mem;
mod model;
mod outcome;
mod output;
mod pack;
mod run;
pub mod shipped;
mod stop;
mod table;
mod ticker;
mod vet;
mod wire;

pub use engine::{Engine, EngineConfig, EngineError};
pub use limits::Limits;
pub use mem::MemTable;
pub use model::{CoordinatorJob, Job, Model};
pub use outcome::{ErrorCode, Level, LogLine, Outcome, OutputError, RunError, Usage};
pub use output::{MergeError, Metric, Output, ResultTable, Step, Update, Vector};
pub use pack::{PackError, pack};
pub use stop::StopFlag;
pub use table::{
    Batch, Column, ColumnData, ColumnType, Field, RowSource, SourceError, TableError, TableSource,
};
pub use vet::{VetError, Vetted, World};
