//! Rows on their way into the sandbox: one enforcement point, the `PolicyTable`s of a job's session.

use std::sync::Arc;

use qianmo_data::{self as data, JobSession};
use qianmo_sandbox::{self as sandbox, RowSource, SourceError, TableSource};
use tokio::runtime::Handle;

/// A table of the job's session, as the sandbox reads it. The sandbox runs on a thread of its own and
/// waits there for the next batch: back-pressure, not buffering.
pub(crate) struct SessionTable {
    name: String,
    schema: Vec<sandbox::Field>,
    session: Arc<JobSession>,
    runtime: Handle,
}

impl SessionTable {
    /// The table `name` of `session`; batches are awaited on `runtime`.
    pub(crate) fn new(
        name: &str,
        session: Arc<JobSession>,
        runtime: Handle,
    ) -> Result<Self, data::DataError> {
        let schema = session.schema(name)?.iter().map(field).collect();
        Ok(Self { name: name.to_owned(), schema, session, runtime })
    }
}

impl TableSource for SessionTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &[sandbox::Field] {
        &self.schema
    }

    fn scan(&self, columns: &[usize], max_rows: u32) -> Result<Box<dyn RowSource>, SourceError> {
        let stream = self.runtime.block_on(self.session.scan(&self.name, columns, max_rows));
        let stream = stream.map_err(|e| SourceError(e.to_string()))?;
        Ok(Box::new(SessionRows { stream, runtime: self.runtime.clone() }))
    }
}

struct SessionRows {
    stream: data::BatchStream,
    runtime: Handle,
}

impl RowSource for SessionRows {
    fn next(&mut self) -> Result<Option<sandbox::Batch>, SourceError> {
        let next = self.runtime.block_on(self.stream.next());
        next.map(|found| found.map(batch)).map_err(|e| SourceError(e.to_string()))
    }
}

fn field(field: &data::FieldSpec) -> sandbox::Field {
    let ty = match field.ty {
        data::ColumnType::Boolean => sandbox::ColumnType::Boolean,
        data::ColumnType::Int32 => sandbox::ColumnType::Int32,
        data::ColumnType::Int64 => sandbox::ColumnType::Int64,
        data::ColumnType::Float64 => sandbox::ColumnType::Float64,
        data::ColumnType::Utf8 => sandbox::ColumnType::Utf8,
        data::ColumnType::Date32 => sandbox::ColumnType::Date32,
        data::ColumnType::TimestampUs => sandbox::ColumnType::TimestampUs,
    };
    sandbox::Field { name: field.name.clone(), ty, nullable: field.nullable }
}

/// Moves a batch across: the two crates know nothing of one another, the vectors are the same.
fn batch(batch: data::Batch) -> sandbox::Batch {
    let column = |column: data::Column| sandbox::Column {
        validity: column.validity,
        data: match column.data {
            data::ColumnData::Bool(v) => sandbox::ColumnData::Bool(v),
            data::ColumnData::I32(v) => sandbox::ColumnData::I32(v),
            data::ColumnData::I64(v) => sandbox::ColumnData::I64(v),
            data::ColumnData::F64(v) => sandbox::ColumnData::F64(v),
            data::ColumnData::Utf8 { offsets, bytes } => sandbox::ColumnData::Utf8 { offsets, bytes },
        },
    };
    sandbox::Batch { rows: batch.rows, columns: batch.columns.into_iter().map(column).collect() }
}
