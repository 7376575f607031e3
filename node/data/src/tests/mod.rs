//! All tests of the crate in one binary: each one that links the engine costs seconds and hundreds of megabytes.

mod cases;
mod check_csv;
mod check_parquet;
mod check_view;
mod grants;
mod leaks;
mod queries;
mod random;
mod scans;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use crate::{
    Batch, BatchStream, ColumnData, ColumnType, DataError, DataFile, DatasetSpec, FieldSpec, Grant,
    JobSession, MemoryLimits, SourceSpec,
};

/// A folder that is gone after the test.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(super) fn parquet(&self, name: &str, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
        let path = self.path(name);
        write_parquet(&path, columns);
        path
    }
}

/// The file at a path, as one of the folder it is in.
pub(super) fn file(path: impl AsRef<Path>) -> DataFile {
    let path = path.as_ref();
    DataFile::new(path.parent().unwrap(), path.file_name().unwrap()).unwrap()
}

pub(super) fn csv_of(path: impl AsRef<Path>) -> SourceSpec {
    SourceSpec::csv(file(path))
}

pub(super) fn parquet_of(path: impl AsRef<Path>) -> SourceSpec {
    SourceSpec::parquet(file(path))
}

fn write_parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

pub(super) fn array<A: datafusion::arrow::array::Array + 'static>(values: A) -> ArrayRef {
    Arc::new(values)
}

pub(super) fn int(name: &str) -> FieldSpec {
    FieldSpec::new(name, ColumnType::Int64)
}

pub(super) fn float(name: &str) -> FieldSpec {
    FieldSpec::new(name, ColumnType::Float64)
}

pub(super) fn text(name: &str) -> FieldSpec {
    FieldSpec::new(name, ColumnType::Utf8)
}

/// Six people; `hidden` marks the one that policies hide in these tests, with y = 20.
pub(super) const PEOPLE: &str = "\
name,y,hidden
ann,10,false
bob,11,false
cyd,20,true
dan,12,false
eve,13,false
fay,14,false
";

pub(super) fn people(folder: &Folder) -> DatasetSpec {
    let source = csv_of(folder.write("people.csv", PEOPLE));
    let fields = vec![text("name"), int("y"), FieldSpec::new("hidden", ColumnType::Boolean)];
    DatasetSpec::new("people", source, fields)
}

pub(super) async fn open(spec: DatasetSpec, grant: Grant) -> Result<JobSession, DataError> {
    JobSession::open(vec![(spec, grant)], MemoryLimits::default()).await
}

pub(super) async fn drain(mut stream: BatchStream) -> Result<Vec<Batch>, DataError> {
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await? {
        batches.push(batch);
    }
    Ok(batches)
}

/// The answer of a query, printed cell by cell: rows of `a|b`, nulls as `-`.
pub(super) async fn answer(session: &JobSession, sql: &str) -> Result<Vec<String>, DataError> {
    Ok(drain(session.query(sql).await?).await?.iter().flat_map(print_rows).collect())
}

/// All columns of a table, printed in the same way.
pub(super) async fn dump(session: &JobSession, name: &str) -> Result<Vec<String>, DataError> {
    let columns: Vec<usize> = (0..session.schema(name)?.len()).collect();
    Ok(drain(session.scan(name, &columns, 0).await?).await?.iter().flat_map(print_rows).collect())
}

fn print_rows(batch: &Batch) -> Vec<String> {
    let cell = |row: usize, column: &crate::Column| match &column.data {
        _ if !column.is_valid(row) => "-".to_owned(),
        ColumnData::Bool(values) => (values[row] == 1).to_string(),
        ColumnData::I32(values) => values[row].to_string(),
        ColumnData::I64(values) => values[row].to_string(),
        ColumnData::F64(values) => values[row].to_string(),
        ColumnData::Utf8 { offsets, bytes } => {
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            String::from_utf8(bytes[range].to_vec()).unwrap()
        }
    };
    let row = |row| batch.columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join("|");
    (0..batch.rows as usize).map(row).collect()
}
