//! Building and reading what a model returns.

use crate::bindings::analysis::qianmo::model::results::Table as ResultTable;
use crate::bindings::analysis::qianmo::model::types::{Column, ColumnData, Utf8Data};
use crate::{ColumnType, Error, Field, Metric, Output, Update, Vector};

/// A vector of one axis.
#[must_use]
pub fn vector(name: &str, values: Vec<f64>) -> Vector {
    let shape = vec![u32::try_from(values.len()).unwrap_or(u32::MAX)];
    Vector { name: name.to_owned(), shape, values }
}

/// A vector of one number.
#[must_use]
pub fn scalar(name: &str, value: f64) -> Vector {
    vector(name, vec![value])
}

/// One number for each label, as vectors `name:label`: people see them as one table, a row a label and a column a
/// name. Labels must differ, and have no colon before which another name could be read.
pub fn labelled<'a>(
    name: &str,
    labels: impl IntoIterator<Item = &'a str>,
    values: &[f64],
) -> impl Iterator<Item = Vector> {
    labels.into_iter().zip(values).map(move |(label, value)| scalar(&format!("{name}:{label}"), *value))
}

/// The labels that [`labelled`] gave `name`, with their numbers, in their order.
pub fn find_labelled<'a>(vectors: &'a [Vector], name: &str) -> impl Iterator<Item = (&'a str, f64)> {
    vectors.iter().filter_map(move |vector| {
        let label = vector.name.strip_prefix(name)?.strip_prefix(':')?;
        Some((label, *vector.values.first()?))
    })
}

/// The values of the vector of that name.
///
/// # Errors
/// With `internal` if there is none: a model finds in a state or total what it has put there.
pub fn find<'a>(vectors: &'a [Vector], name: &str) -> Result<&'a [f64], Error> {
    let found = vectors.iter().find(|vector| vector.name == name);
    found.map(|vector| vector.values.as_slice()).ok_or_else(|| Error::internal(format!("no vector `{name}`")))
}

/// The only value of the vector of that name.
///
/// # Errors
/// With `internal` if there is no such vector, or it has another number of values.
pub fn find_scalar(vectors: &[Vector], name: &str) -> Result<f64, Error> {
    match find(vectors, name)? {
        [value] => Ok(*value),
        values => Err(Error::internal(format!("the vector `{name}` has {} values, not one", values.len()))),
    }
}

/// Builds the output of an analysis.
#[derive(Default)]
pub struct OutputBuilder {
    tables: Vec<ResultTable>,
    metrics: Vec<Metric>,
    vectors: Vec<Vector>,
}

impl OutputBuilder {
    /// An empty output.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a number.
    #[must_use]
    pub fn metric(mut self, name: &str, value: f64) -> Self {
        self.metrics.push(Metric { name: name.to_owned(), value });
        self
    }

    /// Adds an array.
    #[must_use]
    pub fn vector(mut self, vector: Vector) -> Self {
        self.vectors.push(vector);
        self
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: TableBuilder) -> Self {
        self.tables.push(table.0);
        self
    }

    /// The output.
    #[must_use]
    pub fn build(self) -> Output {
        Output { tables: self.tables, metrics: self.metrics, vectors: self.vectors }
    }
}

/// Builds a table of an output: column by column, each with one value per row.
pub struct TableBuilder(ResultTable);

impl TableBuilder {
    /// A table without columns yet. `contributors` has one count per row: how many individuals stand
    /// behind it. The node refuses to release rows with too few.
    #[must_use]
    pub fn new(name: &str, contributors: Vec<u32>) -> Self {
        let rows = u32::try_from(contributors.len()).unwrap_or(u32::MAX);
        let name = name.to_owned();
        Self(ResultTable { name, fields: Vec::new(), rows, columns: Vec::new(), contributors })
    }

    /// Adds a column of text.
    #[must_use]
    pub fn texts<'a>(self, name: &str, texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let (mut offsets, mut bytes, mut valid) = (vec![0], Vec::new(), Vec::new());
        for text in texts {
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
            offsets.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            valid.push(text.is_some());
        }
        self.column(name, ColumnType::Utf8, ColumnData::Utf8s(Utf8Data { offsets, bytes }), &valid)
    }

    /// Adds a column of numbers.
    #[must_use]
    pub fn numbers(self, name: &str, numbers: impl IntoIterator<Item = Option<f64>>) -> Self {
        let (values, valid) = split(numbers);
        self.column(name, ColumnType::Float64, ColumnData::Float64s(values), &valid)
    }

    /// Adds a column of whole numbers.
    #[must_use]
    pub fn integers(self, name: &str, numbers: impl IntoIterator<Item = Option<i64>>) -> Self {
        let (values, valid) = split(numbers);
        self.column(name, ColumnType::Int64, ColumnData::Int64s(values), &valid)
    }

    /// Adds a column of dates: days since 1970-01-01.
    #[must_use]
    pub fn dates(self, name: &str, days: impl IntoIterator<Item = Option<i32>>) -> Self {
        let (values, valid) = split(days);
        self.column(name, ColumnType::Date32, ColumnData::Int32s(values), &valid)
    }

    /// Adds a column of counts.
    #[must_use]
    pub fn counts(self, name: &str, counts: impl IntoIterator<Item = u64>) -> Self {
        let values: Vec<i64> =
            counts.into_iter().map(|count| i64::try_from(count).unwrap_or(i64::MAX)).collect();
        let valid = vec![true; values.len()];
        self.column(name, ColumnType::Int64, ColumnData::Int64s(values), &valid)
    }

    /// Adds a column of yes and no.
    #[must_use]
    pub fn flags(self, name: &str, flags: impl IntoIterator<Item = bool>) -> Self {
        let values: Vec<u8> = flags.into_iter().map(u8::from).collect();
        let valid = vec![true; values.len()];
        self.column(name, ColumnType::Boolean, ColumnData::Booleans(values), &valid)
    }

    fn column(mut self, name: &str, ty: ColumnType, data: ColumnData, valid: &[bool]) -> Self {
        let nullable = valid.contains(&false);
        let validity = nullable.then(|| valid.chunks(8).map(pack_bits).collect());
        self.0.fields.push(Field { name: name.to_owned(), ty, nullable });
        self.0.columns.push(Column { data, validity });
        self
    }
}

/// Up to eight flags, the first in the least significant bit.
fn pack_bits(flags: &[bool]) -> u8 {
    flags.iter().enumerate().fold(0, |byte, (bit, flag)| byte | u8::from(*flag) << bit)
}

fn split<T: Default>(values: impl IntoIterator<Item = Option<T>>) -> (Vec<T>, Vec<bool>) {
    values
        .into_iter()
        .map(|value| (value.is_some(), value))
        .map(|(ok, v)| (v.unwrap_or_default(), ok))
        .unzip()
}

/// Builds one site's share of a round.
pub struct UpdateBuilder(Update);

impl UpdateBuilder {
    /// An update over that many rows.
    #[must_use]
    pub fn new(samples: u64) -> Self {
        Self(Update { samples, vectors: Vec::new(), metrics: Vec::new() })
    }

    /// Adds a number; the coordinator gets the sum over the sites.
    #[must_use]
    pub fn metric(mut self, name: &str, value: f64) -> Self {
        self.0.metrics.push(Metric { name: name.to_owned(), value });
        self
    }

    /// Adds an array; the coordinator gets the sum over the sites, number by number.
    #[must_use]
    pub fn vector(mut self, vector: Vector) -> Self {
        self.0.vectors.push(vector);
        self
    }

    /// The update.
    #[must_use]
    pub fn build(self) -> Update {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_its_missing_values() {
        let table = TableBuilder::new("t", vec![10; 9])
            .numbers("x", (0..9).map(|i| (i != 8).then_some(f64::from(i))))
            .texts("s", (0..9).map(|i| (i > 0).then_some("ab")))
            .counts("n", 0..9);
        let ResultTable { rows, fields, columns, .. } = table.0;
        assert_eq!(rows, 9);
        assert_eq!(fields.iter().map(|field| field.nullable).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(columns[0].validity.as_deref(), Some([0xff, 0].as_slice()));
        assert_eq!(columns[1].validity.as_deref(), Some([0xfe, 1].as_slice()));
        let ColumnData::Utf8s(texts) = &columns[1].data else { panic!("not text") };
        assert_eq!(texts.offsets, [0, 0, 2, 4, 6, 8, 10, 12, 14, 16]);
    }

    #[test]
    fn labels_come_back_with_their_numbers() {
        let mut state = vec![scalar("steps", 4.0), vector("w", vec![9.0])];
        state.extend(labelled("w", ["(intercept)", "age"], &[0.5, -1.0]));
        state.extend(labelled("wide", ["age"], &[7.0]));
        assert_eq!(state[3].name, "w:age");
        assert_eq!(find_labelled(&state, "w").collect::<Vec<_>>(), [("(intercept)", 0.5), ("age", -1.0)]);
        assert_eq!(find_labelled(&state, "v").count(), 0);
    }

    #[test]
    fn a_vector_is_found_by_name_and_one_that_is_not_there_is_an_error() {
        let state = [scalar("phase", 1.0), vector("w", vec![1.0, 2.0])];
        assert_eq!(find(&state, "w").unwrap(), [1.0, 2.0]);
        assert_eq!(find_scalar(&state, "phase").unwrap(), 1.0);
        assert!(find(&state, "v").is_err());
        assert!(find_scalar(&state, "w").is_err());
    }
}
