//! Files as tables, with the declared types and no guessing.

mod cell;
mod csv;
mod file;
mod hint;
mod kind;
mod parquet;

use std::sync::Arc;

use datafusion::catalog::TableProvider;

pub(crate) use cell::{CellBuilder, CellError};
pub use file::DataFile;
pub(crate) use file::OpenFile;
pub(crate) use hint::near;
pub use kind::FileKind;

use self::csv::Written;
use crate::{DataError, DatasetSpec, Place, SourceSpec};

/// The name a view calls its source by.
pub(crate) const TABLE: &str = "source";

/// Opens a dataset's file, which must be there, be a file and not be empty.
pub(crate) fn open(spec: &DatasetSpec) -> Result<Arc<OpenFile>, DataError> {
    let file = spec.source.file().open()?;
    if file.bytes() == 0 {
        return Err(DataError::Empty(spec.name.clone()));
    }
    Ok(Arc::new(file))
}

/// An open file as a table of all its columns; reads no more than its header or footer.
pub(crate) fn table(spec: &DatasetSpec, file: Arc<OpenFile>) -> Result<Arc<dyn TableProvider>, DataError> {
    match written(&spec.source) {
        Some(written) => csv::open(spec, file, written),
        None => parquet::open(spec, file),
    }
}

/// The error for a column that the source does not have: with the columns it has, and why that may be.
pub(crate) fn missing(spec: &DatasetSpec, file: &Arc<OpenFile>, column: &str) -> DataError {
    let found = match written(&spec.source) {
        Some(written) => hint::in_csv(spec, file, &written, column),
        None => hint::in_parquet(file, column),
    };
    DataError::ColumnMissing { column: column.into(), place: "the source", found }
}

/// Where the source's row is that comes after `row` others.
pub(crate) fn place(spec: &DatasetSpec, file: &Arc<OpenFile>, row: u64) -> Place {
    match written(&spec.source) {
        Some(written) => csv::line(file, written, row).map_or(Place::Unknown, Place::Line),
        None => Place::Row(row + 1),
    }
}

fn written(source: &SourceSpec) -> Option<Written> {
    match source {
        SourceSpec::Csv { has_header, delimiter, time_zone, .. } => {
            Some(Written { has_header: *has_header, delimiter: *delimiter, time_zone: time_zone.clone() })
        }
        SourceSpec::Parquet { .. } => None,
    }
}

/// Refuses a source in which one name means two columns.
fn no_repeats<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), DataError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(DataError::ColumnRepeated(name.into()));
        }
    }
    Ok(())
}
