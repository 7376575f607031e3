//! Rows on their way to a model: typed columns, free of any engine's types.

use crate::ColumnType;

/// Rows a batch holds unless the caller asks for fewer. Enough to spread the cost of a call into the sandbox, and not
/// a power of two: column buffers of equal power-of-two sizes alias in the processor's caches, which cost a model that
/// reads several columns a third of its speed.
pub const BATCH_ROWS: u32 = 50_000;

/// Some consecutive rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Number of rows; every column has as many values.
    pub rows: u32,
    /// The columns asked for, in the order asked.
    pub columns: Vec<Column>,
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// One value per row. Where `validity` says there is none, any value.
    pub data: ColumnData,
    /// One bit per row, least significant bit first, set = there is a value. `None`: no nulls.
    pub validity: Option<Vec<u8>>,
}

impl Column {
    /// Whether row `row` (from 0) has a value.
    pub fn is_valid(&self, row: usize) -> bool {
        match &self.validity {
            None => true,
            Some(bits) => bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1),
        }
    }
}

/// The values of one column by physical type.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    /// One byte per row, 0 or 1.
    Bool(Vec<u8>),
    /// `int32`, and `date32` as days since 1970-01-01.
    I32(Vec<i32>),
    /// `int64`, and `timestamp-us` as microseconds since 1970-01-01 00:00 UTC.
    I64(Vec<i64>),
    /// `float64`.
    F64(Vec<f64>),
    /// `utf8`: value `i` is `bytes[offsets[i]..offsets[i + 1]]`; there are rows + 1 offsets, from 0.
    Utf8 {
        /// Where each value starts, and where the last one ends.
        offsets: Vec<u32>,
        /// All values, one after the other.
        bytes: Vec<u8>,
    },
}

impl ColumnData {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Utf8 { offsets, .. } => offsets.len().saturating_sub(1),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is how values of a column type are carried.
    pub fn carries(&self, ty: ColumnType) -> bool {
        match self {
            Self::Bool(_) => ty == ColumnType::Boolean,
            Self::I32(_) => matches!(ty, ColumnType::Int32 | ColumnType::Date32),
            Self::I64(_) => matches!(ty, ColumnType::Int64 | ColumnType::TimestampUs),
            Self::F64(_) => ty == ColumnType::Float64,
            Self::Utf8 { .. } => ty == ColumnType::Utf8,
        }
    }
}
