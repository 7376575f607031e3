//! Why a column seems to be missing: the mistakes that files from elsewhere come with.

use std::io::Read;
use std::sync::Arc;

use csv::ReaderBuilder;

use super::csv::{Written, header};
use super::file::OpenFile;
use super::parquet;
use crate::error::{Found, Hint};
use crate::{ColumnType, DatasetSpec};

/// Bytes in which a header below a title is looked for.
const SEARCHED_BYTES: u64 = 1 << 16;

/// Lines in which it is looked for.
const SEARCHED_LINES: usize = 10;

/// What separates cells in practice.
const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', 1];

pub(super) fn in_csv(spec: &DatasetSpec, file: &Arc<OpenFile>, written: &Written, column: &str) -> Found {
    if !written.has_header {
        let declared = if spec.source_fields.is_empty() { &spec.fields } else { &spec.source_fields };
        return near(declared.iter().map(|field| field.name.clone()).collect(), column);
    }
    let Ok(names) = header(spec, Arc::clone(file), written.clone()) else { return Found::default() };
    let told = near(names, column);
    let hint = told
        .hint
        .clone()
        .or_else(|| title(file, written, column))
        .or_else(|| delimiter(&told.names, written.delimiter, column))
        .or_else(|| told.names.iter().any(|name| is_value(name)).then_some(Hint::NoHeader));
    // A first line of values is not shown: they are somebody's.
    let names = if hint == Some(Hint::NoHeader) { Vec::new() } else { told.names };
    Found { names, hint }
}

pub(super) fn in_parquet(file: &Arc<OpenFile>, column: &str) -> Found {
    let names = parquet::column_names(file).unwrap_or_default();
    near(names, column)
}

/// Names that were found, with the one that is meant if the difference is in case and spaces.
pub(crate) fn near(names: Vec<String>, column: &str) -> Found {
    let gap = |char: char| char.is_whitespace() || char == '\u{feff}';
    let plain = |name: &str| name.split(gap).collect::<String>().to_lowercase();
    let meant = names.iter().find(|name| plain(name) == plain(column)).cloned();
    Found { names, hint: meant.map(Hint::Spelling) }
}

/// Whether the column is named on a later line.
fn title(file: &Arc<OpenFile>, written: &Written, column: &str) -> Option<Hint> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(written.delimiter)
        .from_reader(file.reader().take(SEARCHED_BYTES));
    let mut records = reader.byte_records().take(SEARCHED_LINES).filter_map(Result::ok);
    let header = records.find(|record| record.iter().any(|cell| cell.trim_ascii() == column.as_bytes()))?;
    header.position().map(|position| Hint::TitleLine(position.line()))
}

/// Whether the column is named in a header that is cut at other bytes.
fn delimiter(names: &[String], declared: u8, column: &str) -> Option<Hint> {
    let named = |byte: &u8| {
        names.iter().flat_map(|name| name.split(char::from(*byte))).any(|part| part.trim() == column)
    };
    DELIMITERS.into_iter().filter(|byte| *byte != declared).find(named).map(Hint::Delimiter)
}

/// Whether a name is rather a number, a date or a time. Years do name columns.
fn is_value(name: &str) -> bool {
    let year = name.len() == 4 && name.bytes().all(|byte| byte.is_ascii_digit());
    let typed = [ColumnType::Float64, ColumnType::Date32, ColumnType::TimestampUs];
    !year && typed.into_iter().any(|ty| super::CellBuilder::new(ty, None).push(name).is_ok())
}
