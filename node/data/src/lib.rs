#![forbid(unsafe_code)]
//! Data sources, the views over them, and the barrier that shows a job only what its contract grants.

mod batch;
mod check;
mod convert;
mod engine;
mod error;
mod grant;
mod policy;
mod session;
mod source;
mod spec;
mod sql;
mod stream;
mod view;

#[cfg(test)]
mod tests;

pub use batch::{BATCH_ROWS, Batch, Column, ColumnData};
pub use check::{Checked, check, check_within};
pub use engine::MemoryLimits;
pub use error::{DataError, Fault, Place};
pub use grant::{Grant, Mask};
pub use session::JobSession;
pub use spec::{ColumnType, DatasetSpec, FieldSpec, SourceSpec};
pub use stream::BatchStream;
