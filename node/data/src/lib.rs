#![forbid(unsafe_code)]
//! Data sources, the views over them, and the barrier that shows a job only what its contract grants.

mod batch;
mod error;
mod grant;
mod spec;

pub use batch::{BATCH_ROWS, Batch, Column, ColumnData};
pub use error::{DataError, Fault, Place};
pub use grant::{Grant, Mask};
pub use spec::{ColumnType, DatasetSpec, FieldSpec, SourceSpec};
