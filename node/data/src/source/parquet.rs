//! Parquet files, with the types that their footers say.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::{no_repeats, open_file, unreadable};
use crate::engine::translate;
use crate::{DataError, DatasetSpec, FieldSpec};

pub(super) fn open(spec: &DatasetSpec, path: &Path) -> Result<Arc<dyn TableProvider>, DataError> {
    let bad = |reason: String| DataError::SourceUnreadable { path: path.into(), reason };
    let schema = footer(path)?;
    no_repeats(schema.fields().iter().map(|field| field.name().as_str()))?;
    for declared in &spec.source_fields {
        same_type(&schema, declared)?;
    }
    let absolute = path.canonicalize().map_err(|error| unreadable(path, &error))?;
    let url = ListingTableUrl::parse(file_url(&absolute)).map_err(|error| bad(error.strip_backtrace()))?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
    let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(schema);
    let table = ListingTable::try_new(config).map_err(|error| translate(&error, DataError::ReadFailed))?;
    Ok(Arc::new(table))
}

fn footer(path: &Path) -> Result<SchemaRef, DataError> {
    let metadata = ArrowReaderMetadata::load(&open_file(path)?, ArrowReaderOptions::new());
    let metadata = metadata.map_err(|error| DataError::SourceUnreadable {
        path: path.into(),
        reason: format!("it is not a Parquet file ({error})"),
    })?;
    Ok(Arc::clone(metadata.schema()))
}

fn same_type(schema: &SchemaRef, declared: &FieldSpec) -> Result<(), DataError> {
    let missing = || DataError::ColumnMissing { column: declared.name.clone(), place: "the source" };
    let found = schema.field_with_name(&declared.name).map_err(|_| missing())?.data_type();
    if declared.ty.accepts(found) {
        return Ok(());
    }
    Err(DataError::TypeMismatch {
        column: declared.name.clone(),
        declared: declared.ty,
        found: found.to_string(),
    })
}

/// A `file:` URL. A plain path would be searched for `*`, `?` and `[`, and mean other files than the one it names.
fn file_url(path: &Path) -> String {
    let mut url = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                url.push(char::from(*byte))
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}
