#![forbid(unsafe_code)]
//! Data sources, the views over them, and the barrier that shows a job only what its contract grants.
//!
//! A [`DatasetSpec`] says where rows come from and what they must look like; [`check`] reads all of them once and names
//! the first that does not. A [`Grant`] says what one contract may see: columns, rows, masks. A [`JobSession`] binds
//! datasets to grants for one job, which then [scans](JobSession::scan) or [queries](JobSession::query) its tables and
//! gets [`Batch`]es whose order and size are the same each time. Errors are [`DataError`]s: a full text for the owner of
//! the data, which never quotes a value, and a code for everyone else.
//!
//! What it is **not**: it decides nothing (the grant comes from a permit), it runs no models, it sends nothing anywhere,
//! and it writes nothing but spill files where it is told to. It is the only crate that knows DataFusion, and no type of
//! DataFusion or Arrow is in its interface. Everything here needs a tokio runtime.
//!
//! ```
//! use qianmo_data::{
//!     ColumnType, DataFile, DatasetSpec, FieldSpec, Grant, JobSession, MemoryLimits, SourceSpec, check,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! # let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("people.csv"), "name,age,consent\nAnn,42,true\nBob,17,false\n")?;
//! let fields = vec![
//!     FieldSpec::new("name", ColumnType::Utf8),
//!     FieldSpec::new("age", ColumnType::Int32),
//!     FieldSpec::new("consent", ColumnType::Boolean),
//! ];
//! let file = DataFile::new(folder.path(), "people.csv")?;
//! let people = DatasetSpec::new("people", SourceSpec::csv(file), fields);
//! assert_eq!(check(&people).await?.rows, 2);
//!
//! let grant = Grant::columns(["age"]).with_row_filter("consent");
//! let session = JobSession::open(vec![(people, grant)], MemoryLimits::default()).await?;
//! let mut rows = session.scan("people", &[0], 0).await?;
//! assert_eq!(rows.next().await?.map(|batch| batch.rows), Some(1));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod blame;
mod check;
mod convert;
mod coop;
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
mod zone;

#[cfg(test)]
mod tests;

pub use batch::{BATCH_ROWS, Batch, Column, ColumnData};
pub use check::{Checked, check, check_within};
pub use engine::MemoryLimits;
pub use error::{DataError, Failure, Fault, Found, Hint, Place};
pub use grant::{Grant, Mask};
pub use session::JobSession;
pub use source::{DataFile, FileKind};
pub use spec::{ColumnType, DatasetSpec, FieldSpec, SourceSpec};
pub use stream::BatchStream;
pub use zone::TimeZone;
