//! Tables, scans and the rows they give.

use std::borrow::Cow;

use crate::bindings::analysis::qianmo::model::dataset::{self, Batch, Reader};
use crate::bindings::analysis::qianmo::model::types::{Column, ColumnData};
use crate::{ColumnType, Error, ErrorCode, Field};

/// A table that the job may read.
pub struct Table {
    handle: dataset::Table,
    fields: Vec<Field>,
}

impl Table {
    /// Opens a table by its name.
    ///
    /// # Errors
    /// With `not-permitted` if the job has no such table.
    pub fn open(name: &str) -> Result<Self, Error> {
        let handle = dataset::open(name)?;
        let fields = handle.schema();
        Ok(Self { handle, fields })
    }

    /// Opens the job's only table.
    ///
    /// # Errors
    /// With `no-data` if the job has none, with `bad-params` if it has several.
    pub fn only() -> Result<Self, Error> {
        match dataset::names().as_slice() {
            [name] => Self::open(name),
            [] => Err(Error::no_data("the job has no table")),
            names => Err(Error::bad_params(format!("the job has several tables, name one of {names:?}"))),
        }
    }

    /// Opens the table of that name, or the only one.
    ///
    /// # Errors
    /// As [`Table::open`] and [`Table::only`].
    pub fn named_or_only(name: Option<&str>) -> Result<Self, Error> {
        name.map_or_else(Self::only, Self::open)
    }

    /// The columns the job may see.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The position and field of a column.
    ///
    /// # Errors
    /// With `bad-schema` if there is none, naming those there are.
    pub fn column(&self, name: &str) -> Result<(u32, &Field), Error> {
        match (0..).zip(&self.fields).find(|(_, field)| field.name == name) {
            Some(found) => Ok(found),
            None => {
                let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
                Err(Error::bad_schema(format!("no column `{name}`; the job may see {}", names.join(", "))))
            }
        }
    }

    /// The names of the columns that [`Rows::numbers`] can read, in the order of the table.
    pub fn numeric_columns(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|field| is_numeric(field.ty)).map(|field| field.name.as_str())
    }

    /// Starts reading columns, from the first row. A column may be asked for once.
    ///
    /// # Errors
    /// With `bad-schema` if there is no such column.
    pub fn scan(&self, columns: &[&str]) -> Result<Scan, Error> {
        let found: Result<Vec<(u32, &Field)>, Error> = columns.iter().map(|name| self.column(name)).collect();
        let (positions, fields): (Vec<u32>, Vec<&Field>) = found?.into_iter().unzip();
        let reader = self.handle.scan(&positions, 0)?;
        Ok(Scan { reader, fields: fields.into_iter().cloned().collect() })
    }
}

/// Whether [`Rows::numbers`] can read a column of this type. Dates and times are not numbers.
fn is_numeric(ty: ColumnType) -> bool {
    matches!(ty, ColumnType::Boolean | ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64)
}

/// A reading under way.
pub struct Scan {
    reader: Reader,
    fields: Vec<Field>,
}

impl Scan {
    /// The next rows; none when all have been read.
    ///
    /// # Errors
    /// Those of the host.
    #[expect(clippy::should_implement_trait, reason = "rows borrow from the scan, which no iterator can say")]
    pub fn next(&mut self) -> Result<Option<Rows<'_>>, Error> {
        let batch = self.reader.next()?;
        Ok(batch.map(|batch| Rows { batch, fields: &self.fields }))
    }
}

/// Some rows of a scan. Columns go by their position in the scan.
pub struct Rows<'a> {
    batch: Batch,
    fields: &'a [Field],
}

impl Rows<'_> {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.rows as usize
    }

    /// Whether there is none; a scan does not give such.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.rows == 0
    }

    /// A column as numbers: booleans as 0 and 1, integers rounded to the nearest `f64` beyond 2⁵³.
    ///
    /// # Errors
    /// With `bad-schema` if the column is not numeric.
    pub fn numbers(&self, column: usize) -> Result<Numbers<'_>, Error> {
        let (field, column) = self.column(column)?;
        let values = match &column.data {
            ColumnData::Booleans(values) => {
                Cow::Owned(values.iter().map(|value| f64::from(*value)).collect())
            }
            ColumnData::Int32s(values) if is_numeric(field.ty) => {
                Cow::Owned(values.iter().map(|value| f64::from(*value)).collect())
            }
            ColumnData::Int64s(values) if is_numeric(field.ty) => {
                Cow::Owned(values.iter().map(|value| *value as f64).collect())
            }
            ColumnData::Float64s(values) => Cow::Borrowed(values.as_slice()),
            _ => return Err(Error::bad_schema(format!("column `{}` is not numeric", field.name))),
        };
        Ok(Numbers { values, validity: column.validity.as_deref() })
    }

    /// A column as whole numbers: booleans as 0 and 1, dates as days and times as microseconds since 1970.
    ///
    /// # Errors
    /// With `bad-schema` if the column has reals or text.
    pub fn integers(&self, column: usize) -> Result<Integers<'_>, Error> {
        let (field, column) = self.column(column)?;
        let values = match &column.data {
            ColumnData::Booleans(values) => {
                Cow::Owned(values.iter().map(|value| i64::from(*value)).collect())
            }
            ColumnData::Int32s(values) => Cow::Owned(values.iter().map(|value| i64::from(*value)).collect()),
            ColumnData::Int64s(values) => Cow::Borrowed(values.as_slice()),
            _ => return Err(Error::bad_schema(format!("column `{}` has no whole numbers", field.name))),
        };
        Ok(Integers { values, validity: column.validity.as_deref() })
    }

    /// A column as text: any type, dates and times as their numbers.
    ///
    /// # Errors
    /// If the scan has no such column.
    pub fn texts(&self, column: usize) -> Result<Texts<'_>, Error> {
        self.column(column).map(|(_, column)| Texts { column, rows: self.len() })
    }

    fn column(&self, index: usize) -> Result<(&Field, &Column), Error> {
        let missing = || Error::new(ErrorCode::Internal, format!("the scan has no column {index}"));
        let field = self.fields.get(index).ok_or_else(missing)?;
        Ok((field, self.batch.columns.get(index).ok_or_else(missing)?))
    }
}

/// A column of numbers.
pub type Numbers<'a> = Values<'a, f64>;

/// A column of whole numbers.
pub type Integers<'a> = Values<'a, i64>;

/// A column of values of one kind.
pub struct Values<'a, T: Copy> {
    values: Cow<'a, [T]>,
    validity: Option<&'a [u8]>,
}

impl<T: Copy> Values<'_, T> {
    /// All values, if none is missing.
    #[must_use]
    pub fn dense(&self) -> Option<&[T]> {
        match self.validity {
            None => Some(&self.values),
            Some(_) => self.iter().all(|value| value.is_some()).then_some(&*self.values),
        }
    }

    /// Value by value; none where it is missing.
    pub fn iter(&self) -> impl Iterator<Item = Option<T>> {
        self.values.iter().enumerate().map(|(row, value)| is_valid(self.validity, row).then_some(*value))
    }
}

/// A column as text.
pub struct Texts<'a> {
    column: &'a Column,
    rows: usize,
}

impl<'a> Texts<'a> {
    /// Text by text; none where it is missing.
    pub fn iter(&self) -> impl Iterator<Item = Option<Cow<'a, str>>> {
        let Self { column, rows } = *self;
        (0..rows).map(move |row| is_valid(column.validity.as_deref(), row).then(|| text(&column.data, row)))
    }
}

fn text(data: &ColumnData, row: usize) -> Cow<'_, str> {
    fn show<T: ToString>(values: &[T], row: usize) -> Cow<'static, str> {
        Cow::Owned(values.get(row).map(T::to_string).unwrap_or_default())
    }
    match data {
        ColumnData::Booleans(values) => {
            Cow::Borrowed(if values.get(row) == Some(&1) { "true" } else { "false" })
        }
        ColumnData::Int32s(values) => show(values, row),
        ColumnData::Int64s(values) => show(values, row),
        ColumnData::Float64s(values) => show(values, row),
        ColumnData::Utf8s(utf8) => {
            let start = utf8.offsets.get(row).map_or(0, |offset| *offset as usize);
            let end = utf8.offsets.get(row + 1).map_or(start, |offset| *offset as usize);
            String::from_utf8_lossy(utf8.bytes.get(start..end).unwrap_or_default())
        }
    }
}

fn is_valid(validity: Option<&[u8]>, row: usize) -> bool {
    validity.is_none_or(|bits| bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1))
}

#[cfg(test)]
mod tests;
