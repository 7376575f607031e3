//! Files as tables, with the declared types and no guessing.

mod cell;
mod csv;
mod parquet;

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::TableProvider;

pub(crate) use cell::{CellBuilder, CellError};

use crate::{DataError, DatasetSpec, SourceSpec};

/// The name a view calls its source by.
pub(crate) const TABLE: &str = "source";

/// Opens a source as a table of all its columns; reads no more than its header or footer.
pub(crate) fn open(spec: &DatasetSpec) -> Result<Arc<dyn TableProvider>, DataError> {
    match &spec.source {
        SourceSpec::Csv { path, has_header, delimiter } => csv::open(spec, path, *has_header, *delimiter),
        SourceSpec::Parquet { path } => parquet::open(spec, path),
    }
}

/// The metadata of a file that must be there, be a file and not be empty.
pub(crate) fn metadata(spec: &DatasetSpec) -> Result<Metadata, DataError> {
    let path = spec.source.path();
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(DataError::SourceUnreadable { path: path.into(), reason: "it is not a file".into() });
    }
    if metadata.len() == 0 {
        return Err(DataError::Empty(spec.name.clone()));
    }
    Ok(metadata)
}

fn open_file(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> DataError {
    if error.kind() == io::ErrorKind::NotFound {
        return DataError::SourceMissing(path.into());
    }
    DataError::SourceUnreadable { path: path.into(), reason: error.to_string() }
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
