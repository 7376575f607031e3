//! Tables on their way into a model: schema, columns, and the traits a host implements to feed them.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use thiserror::Error;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// [`ColumnData::Bool`].
    Boolean,
    /// [`ColumnData::I32`].
    Int32,
    /// [`ColumnData::I64`].
    Int64,
    /// [`ColumnData::F64`].
    Float64,
    /// [`ColumnData::Utf8`].
    Utf8,
    /// Days since 1970-01-01, in [`ColumnData::I32`].
    Date32,
    /// Microseconds since 1970-01-01T00:00:00Z, in [`ColumnData::I64`].
    TimestampUs,
}

/// A column's name and type.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Field {
    /// Unique within its table.
    pub name: String,
    /// The type of every value.
    pub ty: ColumnType,
    /// Whether values may be missing.
    pub nullable: bool,
}

/// The values of one column, one per row.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnData {
    /// One byte per row, 0 or 1.
    Bool(Vec<u8>),
    /// Also carries [`ColumnType::Date32`].
    I32(Vec<i32>),
    /// Also carries [`ColumnType::TimestampUs`].
    I64(Vec<i64>),
    /// IEEE 754 binary64.
    F64(Vec<f64>),
    /// Text: `rows + 1` offsets into `bytes`, as in Arrow's Utf8 layout.
    Utf8 {
        /// Ascending, from 0 to `bytes.len()`.
        offsets: Vec<u32>,
        /// UTF-8.
        bytes: Vec<u8>,
    },
}

impl ColumnData {
    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Utf8 { offsets, .. } => offsets.len().saturating_sub(1),
        }
    }

    /// Whether there is no value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes the values take, as copied into or out of a model.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::I32(values) => values.len() * 4,
            Self::I64(values) => values.len() * 8,
            Self::F64(values) => values.len() * 8,
            Self::Utf8 { offsets, bytes } => offsets.len() * 4 + bytes.len(),
        }
    }

    /// Whether this layout can carry values of `ty`.
    #[must_use]
    pub fn carries(&self, ty: ColumnType) -> bool {
        matches!(
            (self, ty),
            (Self::Bool(_), ColumnType::Boolean)
                | (Self::I32(_), ColumnType::Int32 | ColumnType::Date32)
                | (Self::I64(_), ColumnType::Int64 | ColumnType::TimestampUs)
                | (Self::F64(_), ColumnType::Float64)
                | (Self::Utf8 { .. }, ColumnType::Utf8)
        )
    }
}

/// One column of a batch or of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The values; where `validity` says there is none, any value.
    pub data: ColumnData,
    /// One bit per row, least significant bit first, set = there is a value. None: no nulls.
    pub validity: Option<Vec<u8>>,
}

impl Column {
    /// A column without nulls.
    #[must_use]
    pub fn new(data: ColumnData) -> Self {
        Self { data, validity: None }
    }

    /// Whether row `row` has a value.
    #[must_use]
    pub fn is_valid(&self, row: usize) -> bool {
        match &self.validity {
            None => true,
            Some(bits) => bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1),
        }
    }

    /// Bytes the column takes, as copied into or out of a model.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.data.byte_len() + self.validity.as_ref().map_or(0, Vec::len)
    }

    /// Checks that there are `rows` values, validity for all of them, and sound text.
    pub(crate) fn check(&self, rows: usize) -> Result<(), String> {
        if self.data.len() != rows {
            return Err(format!("{} values for {rows} rows", self.data.len()));
        }
        if let Some(bits) = &self.validity
            && bits.len() != rows.div_ceil(8)
        {
            return Err(format!("{} validity bytes for {rows} rows, not {}", bits.len(), rows.div_ceil(8)));
        }
        match &self.data {
            ColumnData::Utf8 { offsets, bytes } => check_text(offsets, bytes),
            ColumnData::Bool(values) if values.iter().any(|value| *value > 1) => {
                Err("a boolean that is neither 0 nor 1".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Checks that there is one column per field, of its type, with `rows` values, and no two of one name.
pub(crate) fn check_table(fields: &[Field], columns: &[Column], rows: usize) -> Result<(), String> {
    if fields.len() != columns.len() {
        return Err(format!("{} fields and {} columns", fields.len(), columns.len()));
    }
    let mut names = HashSet::new();
    for (field, column) in fields.iter().zip(columns) {
        let name = &field.name;
        if !names.insert(name) {
            return Err(format!("two columns named `{name}`"));
        }
        if !column.data.carries(field.ty) {
            return Err(format!("a column `{name}` whose values are not of its type {:?}", field.ty));
        }
        column.check(rows).map_err(|reason| format!("a column `{name}` with {reason}"))?;
        if !field.nullable && column.validity.is_some() && (0..rows).any(|row| !column.is_valid(row)) {
            return Err(format!("a column `{name}` with a missing value although it is not nullable"));
        }
    }
    Ok(())
}

/// Rows `start..end` of a sound column; both must be within it.
pub(crate) fn piece(column: &Column, start: usize, end: usize) -> Column {
    let data = match &column.data {
        ColumnData::Bool(values) => ColumnData::Bool(part(values, start, end)),
        ColumnData::I32(values) => ColumnData::I32(part(values, start, end)),
        ColumnData::I64(values) => ColumnData::I64(part(values, start, end)),
        ColumnData::F64(values) => ColumnData::F64(part(values, start, end)),
        ColumnData::Utf8 { offsets, bytes } => {
            let ends = offsets.get(start..=end).unwrap_or_default();
            let base = ends.first().copied().unwrap_or(0);
            let last = ends.last().copied().unwrap_or(0);
            ColumnData::Utf8 {
                offsets: ends.iter().map(|offset| offset - base).collect(),
                bytes: part(bytes, base as usize, last as usize),
            }
        }
    };
    let validity = column.validity.as_ref().map(|_| {
        let mut bits = vec![0_u8; (end - start).div_ceil(8)];
        for row in (start..end).filter(|row| column.is_valid(*row)) {
            if let Some(byte) = bits.get_mut((row - start) / 8) {
                *byte |= 1 << ((row - start) % 8);
            }
        }
        bits
    });
    Column { data, validity }
}

fn part<T: Clone>(values: &[T], start: usize, end: usize) -> Vec<T> {
    values.get(start..end).unwrap_or_default().to_vec()
}

/// Offsets ascend from 0 to the end of `bytes`, and every piece between two of them is UTF-8.
fn check_text(offsets: &[u32], bytes: &[u8]) -> Result<(), String> {
    if offsets.first() != Some(&0) || offsets.last().map(|end| *end as usize) != Some(bytes.len()) {
        return Err("text offsets do not run from 0 to the end of the bytes".to_owned());
    }
    for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
        let piece = bytes.get(*start as usize..*end as usize).ok_or("text offsets that do not ascend")?;
        std::str::from_utf8(piece).map_err(|_| "text that is not UTF-8")?;
    }
    Ok(())
}

/// Some rows of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Rows in each column.
    pub rows: u32,
    /// In the order the scan asked for.
    pub columns: Vec<Column>,
}

impl Batch {
    /// Bytes the batch takes, as copied into a model.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.columns.iter().map(Column::byte_len).sum()
    }

    /// The rows in order, in batches of at most `limit` bytes, halved as often as it takes.
    pub(crate) fn split(self, limit: u64, into: &mut VecDeque<Self>) -> Result<(), String> {
        let bytes = self.byte_len() as u64;
        if bytes <= limit {
            into.push_back(self);
            return Ok(());
        }
        if self.rows <= 1 {
            return Err(format!("one row of {bytes} bytes; the limit is {limit}"));
        }
        let (middle, end) = (self.rows / 2, self.rows);
        for (start, end) in [(0, middle), (middle, end)] {
            let columns = self.columns.iter().map(|column| piece(column, start as usize, end as usize));
            Self { rows: end - start, columns: columns.collect() }.split(limit, into)?;
        }
        Ok(())
    }
}

/// Why columns do not make a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this is not a table: {0}")]
pub struct TableError(pub(crate) String);

/// Why rows could not be read. The text goes into the node's own log, never to the model or its author.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// A table that a job may read.
///
/// Its rows come in the same order and in the same batches each time: a job repeated on the same data
/// must give the same result and use the same fuel.
pub trait TableSource: Send {
    /// The name the model opens it by.
    fn name(&self) -> &str;

    /// The columns the job may see, and only those.
    fn schema(&self) -> &[Field];

    /// Starts reading from the first row. `columns` are positions in the schema, already checked; a batch
    /// may have at most `max_rows` rows. Called on a thread of the sandbox, which has no async runtime.
    ///
    /// # Errors
    /// Whatever keeps the source from being read; the job then fails with [`crate::RunError::Source`].
    fn scan(&self, columns: &[usize], max_rows: u32) -> Result<Box<dyn RowSource>, SourceError>;
}

/// A scan under way.
pub trait RowSource: Send {
    /// The next rows, or None when there are no more. May block, but only for `left`, the time that the run has
    /// left, and only until the job's [`StopFlag`](crate::StopFlag) is set: the run ends when this returns,
    /// whatever it returns then.
    ///
    /// # Errors
    /// As [`TableSource::scan`].
    fn next(&mut self, left: Duration) -> Result<Option<Batch>, SourceError>;
}

#[cfg(test)]
mod tests;
