//! CSV files, read so that every complaint names the line.
//!
//! The engine's own CSV reader counts records instead of lines and speaks of columns by number; and what it accepts
//! when it scans is not quite what another reader accepts when it checks. So there is one reader, used for both.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use async_trait::async_trait;
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use super::file::{FileReader, OpenFile, unreadable};
use super::kind::{SNIFFED_BYTES, could_be_gbk};
use super::{CellBuilder, CellError, no_repeats};
use crate::spec::arrow_schema;
use crate::zone::TimeZone;
use crate::{BATCH_ROWS, ColumnType, DataError, DatasetSpec, FieldSpec, FileKind, Place};

/// The line of a row, counted from 0 as a view is given them.
pub(super) fn line(file: &Arc<OpenFile>, written: Written, row: u64) -> Option<u64> {
    let format = Format { file: Arc::clone(file), written, columns: Vec::new() };
    let (mut reader, mut record) = (format.reader(), ByteRecord::new());
    let mut left = row + u64::from(format.written.has_header);
    while format.read(&mut reader, &mut record).ok()? {
        let header = format.written.has_header && record.position().is_some_and(|at| at.record() == 0);
        match left {
            _ if !header && record.iter().all(is_blank) => {}
            0 => return Some(line_of(&format, &record)),
            _ => left -= 1,
        }
    }
    None
}

/// Longest row. Beyond it lies, nearly always, a quote that is never closed and the rest of the file.
const MAX_ROW_BYTES: u64 = 16 << 20;

/// A batch ends here even if it has few rows, so that rows of long text do not pile up in memory.
const MAX_BATCH_BYTES: usize = 32 << 20;

/// How a descriptor says that a file is written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) has_header: bool,
    pub(super) delimiter: u8,
    pub(super) time_zone: Option<TimeZone>,
}

pub(super) fn open(
    spec: &DatasetSpec,
    file: Arc<OpenFile>,
    written: Written,
) -> Result<Arc<dyn TableProvider>, DataError> {
    if let Some(found) = FileKind::instead_of_csv(&file.start(SNIFFED_BYTES)?) {
        return Err(DataError::WrongKind { name: file.name().into(), found });
    }
    let mut format = Format { file, written, columns: Vec::new() };
    format.columns = match format.written.has_header {
        true => typed(spec, format.header(&spec.name)?),
        false if spec.source_fields.is_empty() => spec.fields.clone(),
        false => spec.source_fields.clone(),
    };
    no_repeats(format.columns.iter().map(|column| column.name.as_str()))?;
    let zone = format.written.time_zone.as_ref();
    let schema = Arc::new(arrow_schema(&format.columns, zone));
    Ok(Arc::new(CsvTable { format: Arc::new(format), schema }))
}

/// The names in the header line.
pub(super) fn header(
    spec: &DatasetSpec,
    file: Arc<OpenFile>,
    written: Written,
) -> Result<Vec<String>, DataError> {
    Format { file, written, columns: Vec::new() }.header(&spec.name)
}

/// Columns of a header with the types declared for them; those that no list names are nullable text. Under a view, what
/// the dataset's fields say about nulls holds for what the view yields, not for what it is given.
fn typed(spec: &DatasetSpec, names: Vec<String>) -> Vec<FieldSpec> {
    names.into_iter().map(|name| typed_column(spec, name)).collect()
}

fn typed_column(spec: &DatasetSpec, name: String) -> FieldSpec {
    if let Some(declared) = find(&spec.source_fields, &name) {
        return declared.clone();
    }
    match find(&spec.fields, &name).cloned() {
        Some(field) if spec.view.is_some() => field.nullable(),
        Some(field) => field,
        None => FieldSpec::new(name, ColumnType::Utf8).nullable(),
    }
}

fn find<'a>(fields: &'a [FieldSpec], name: &str) -> Option<&'a FieldSpec> {
    fields.iter().find(|field| field.name == name)
}

/// How one file is written, and all its columns by position.
#[derive(Debug)]
struct Format {
    file: Arc<OpenFile>,
    written: Written,
    columns: Vec<FieldSpec>,
}

impl Format {
    fn reader(&self) -> Reader<Capped> {
        ReaderBuilder::new()
            .has_headers(false)
            .delimiter(self.written.delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(Capped { file: self.file.reader(), left: MAX_ROW_BYTES })
    }

    fn header(&self, dataset: &str) -> Result<Vec<String>, DataError> {
        let mut record = ByteRecord::new();
        if !self.read(&mut self.reader(), &mut record)? {
            return Err(DataError::Empty(dataset.into()));
        }
        let name = |(position, cell)| match std::str::from_utf8(cell) {
            Ok(name) => Ok(column_name(position, name)),
            Err(_) => {
                let gbk = could_be_gbk(record.as_slice());
                Err(DataError::NotUtf8 { line: 1, column: format!("number {}", position + 1), gbk })
            }
        };
        record.iter().enumerate().map(name).collect()
    }

    /// Reads the next row; false at the end of the file.
    fn read(&self, reader: &mut Reader<Capped>, record: &mut ByteRecord) -> Result<bool, DataError> {
        reader.get_mut().left = MAX_ROW_BYTES;
        let start = reader.position().byte();
        reader.read_byte_record(record).map_err(|error| match error.kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => DataError::RowBroken {
                line: self.line_at(pos.as_ref().map_or(start, csv::Position::byte)),
                found: *len,
                expected: *expected_len,
            },
            _ if reader.get_ref().left == 0 => {
                DataError::RowTooLong { line: self.line_at(start), limit: MAX_ROW_BYTES }
            }
            ErrorKind::Io(error) => unreadable(self.file.name(), error),
            _ => DataError::SourceUnreadable {
                name: self.file.name().into(),
                reason: "it is no CSV file".into(),
            },
        })
    }

    /// The line, from 1, of the row that was read from a byte offset on. Counted only when something is wrong, by
    /// going through the file again: the reader's own count is off after CRLF and after blank lines.
    fn line_at(&self, offset: u64) -> u64 {
        let (mut feeds, mut returns) = (0, 0);
        for (position, byte) in (0..).zip(BufReader::new(self.file.reader()).bytes()) {
            match byte {
                Ok(b'\n') => feeds += 1,
                Ok(b'\r') => returns += 1,
                Ok(_) if position < offset => {}
                _ => break,
            }
        }
        // Old Macintosh files end their lines with a return alone; elsewhere it is part of a cell or of an end.
        1 + if feeds == 0 { returns } else { feeds }
    }
}

/// A header's name for a column. Columns without one, as a spreadsheet leaves them behind at the right, cannot be asked
/// for, but must not pass for one another.
fn column_name(position: usize, cell: &str) -> String {
    match cell.trim() {
        "" => format!("(column {} without a name)", position + 1),
        name => name.to_owned(),
    }
}

/// A file that gives out a bounded number of bytes per row.
struct Capped {
    file: FileReader,
    left: u64,
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("a row is too long"));
        }
        let count = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

/// The whole file as a table.
#[derive(Debug)]
struct CsvTable {
    format: Arc<Format>,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for CsvTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.format.columns.len()).collect());
        let schema = Arc::new(self.schema.project(&wanted)?);
        let scan = Scan { format: Arc::clone(&self.format), wanted, schema: Arc::clone(&schema) };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(scan)], None, [], false, limit)?))
    }
}

/// A reading of some columns of the file.
#[derive(Debug, Clone)]
struct Scan {
    format: Arc<Format>,
    wanted: Vec<usize>,
    schema: SchemaRef,
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        // Room for one batch: one is parsed while the one before it is used.
        let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 1);
        let sender = stream.tx();
        let scan = self.clone();
        stream.spawn_blocking(move || {
            let mut rows = Rows::open(scan)?;
            while let Some(batch) = rows.next_batch()? {
                if sender.blocking_send(Ok(batch)).is_err() {
                    break; // Nobody reads any more: a limit was reached or the job was stopped.
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// Where a reading has got to.
struct Rows {
    scan: Scan,
    reader: Reader<Capped>,
    record: ByteRecord,
    builders: Vec<CellBuilder>,
}

impl Rows {
    fn open(scan: Scan) -> Result<Self, DataError> {
        let format = &scan.format;
        let mut reader = format.reader();
        let mut record = ByteRecord::new();
        if format.written.has_header
            && !(format.read(&mut reader, &mut record)? && same_header(format, &record))
        {
            return Err(DataError::SourceChanged(format.file.name().into()));
        }
        let zone = format.written.time_zone.as_ref();
        let builders = scan.wanted.iter().filter_map(|at| format.columns.get(*at));
        let builders = builders.map(|column| CellBuilder::new(column.ty, zone)).collect();
        Ok(Self { scan, reader, record, builders })
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        let (mut rows, mut bytes) = (0, 0);
        while rows < BATCH_ROWS as usize && bytes < MAX_BATCH_BYTES {
            if !self.scan.format.read(&mut self.reader, &mut self.record)? {
                break;
            }
            // Rows of nothing but delimiters are what a spreadsheet leaves below a table: no samples.
            if self.record.iter().all(is_blank) {
                continue;
            }
            self.push_row()?;
            rows += 1;
            bytes += self.record.as_slice().len();
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = self.builders.iter_mut().map(CellBuilder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(Some(RecordBatch::try_new_with_options(Arc::clone(&self.scan.schema), columns, &options)?))
    }

    fn push_row(&mut self) -> Result<(), DataError> {
        let format = &self.scan.format;
        if self.record.len() != format.columns.len() {
            return Err(DataError::RowBroken {
                line: line_of(format, &self.record),
                found: self.record.len() as u64,
                expected: format.columns.len() as u64,
            });
        }
        for (at, builder) in self.scan.wanted.iter().zip(&mut self.builders) {
            let (Some(column), Some(cell)) = (format.columns.get(*at), self.record.get(*at)) else {
                continue;
            };
            push_cell(column, cell, builder).map_err(|fault| fault.at(format, &self.record, column, cell))?;
        }
        Ok(())
    }
}

fn is_blank(cell: &[u8]) -> bool {
    cell.trim_ascii().is_empty()
}

fn push_cell(column: &FieldSpec, cell: &[u8], builder: &mut CellBuilder) -> Result<(), Fault> {
    // Spaces are a value of text only.
    let empty = if column.ty == ColumnType::Utf8 { cell.is_empty() } else { is_blank(cell) };
    if !empty {
        let text = std::str::from_utf8(cell).map_err(|_| Fault::NotUtf8)?;
        return builder.push(text).map_err(Fault::Value);
    }
    if !column.nullable {
        return Err(Fault::Missing);
    }
    builder.push_null();
    Ok(())
}

/// What is wrong with a cell, before anyone has looked up where it is.
enum Fault {
    NotUtf8,
    Missing,
    Value(CellError),
}

impl Fault {
    fn at(self, format: &Format, record: &ByteRecord, column: &FieldSpec, cell: &[u8]) -> DataError {
        let line = line_of(format, record);
        let (place, column, expected) = (Place::Line(line), column.name.clone(), column.ty);
        match self {
            Self::NotUtf8 => DataError::NotUtf8 { line, column, gbk: could_be_gbk(cell) },
            Self::Missing => DataError::ValueMissing { place, column },
            Self::Value(CellError::NotFinite) => DataError::NotFinite { place, column },
            Self::Value(CellError::Zoned) => DataError::TimeZoned { place, column },
            Self::Value(CellError::Broken) => DataError::ValueBroken { place, column, expected },
        }
    }
}

fn line_of(format: &Format, record: &ByteRecord) -> u64 {
    format.line_at(record.position().map_or(0, csv::Position::byte))
}

fn same_header(format: &Format, record: &ByteRecord) -> bool {
    let names = record.iter().enumerate();
    let names = names.map(|(position, cell)| column_name(position, &String::from_utf8_lossy(cell)));
    names.eq(format.columns.iter().map(|column| column.name.clone()))
}
