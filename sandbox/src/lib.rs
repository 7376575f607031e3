//! Models next to the data.

mod limits;
mod outcome;
mod output;
mod stop;
mod table;

pub use limits::Limits;
pub use outcome::{ErrorCode, Level, LogLine, Outcome, OutputError, RunError, Usage};
pub use output::{Metric, Output, ResultTable, Step, Update, Vector};
pub use stop::StopFlag;
pub use table::{Batch, Column, ColumnData, ColumnType, Field, RowSource, SourceError, TableSource};
