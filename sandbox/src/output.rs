//! What leaves a model, checked: lengths agree, numbers are finite, sizes are within the limits.

use std::collections::HashSet;

use thiserror::Error;

use crate::table::check_table;
use crate::{Column, ColumnData, Field, Limits, OutputError};

/// A named number.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Metric {
    /// What it measures.
    pub name: String,
    /// Finite.
    pub value: f64,
}

/// A named array of numbers.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Vector {
    /// What it holds.
    pub name: String,
    /// Length of each axis; their product is the number of values.
    pub shape: Vec<u32>,
    /// Row-major, finite.
    pub values: Vec<f64>,
}

/// A table that a model returns.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultTable {
    /// Unique within the output.
    pub name: String,
    /// One per column.
    pub fields: Vec<Field>,
    /// Rows in each column.
    pub rows: u32,
    /// One per field.
    pub columns: Vec<Column>,
    /// One per row: how many individuals stand behind it, as the model claims.
    pub contributors: Vec<u32>,
}

/// The result of an analysis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Tables.
    pub tables: Vec<ResultTable>,
    /// Single numbers.
    pub metrics: Vec<Metric>,
    /// Arrays.
    pub vectors: Vec<Vector>,
}

/// One site's share of a federated round, or the sum of several.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Update {
    /// Rows that went into it.
    pub samples: u64,
    /// Arrays; the same names and shapes at every site.
    pub vectors: Vec<Vector>,
    /// Numbers; the same names at every site.
    pub metrics: Vec<Metric>,
}

/// What the coordinator's half of a model decides after a round.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// Goes to every site in the next round; after the last one, the result of the run.
    pub state: Vec<Vector>,
    /// Whether the run is over.
    pub done: bool,
}

/// Why two updates cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MergeError {
    /// Their vectors or metrics have other names, another order or other shapes.
    #[error(
        "the sites sent different parts: `{left}` and `{right}`; do they run the same model on the same fields?"
    )]
    Mismatch {
        /// A part of the one.
        left: String,
        /// What the other has in its place.
        right: String,
    },
    /// More rows than fit in 64 bits, or a sum that is not finite.
    #[error("the sum of the sites' `{name}` is too large for a number")]
    Overflow {
        /// What overflowed.
        name: String,
    },
}

impl Update {
    /// Adds another site's update: samples, and each vector and metric value by value. On an error this
    /// update is unchanged.
    ///
    /// # Errors
    /// If the two do not have the same parts, or a sum overflows.
    pub fn add(&mut self, other: &Self) -> Result<(), MergeError> {
        if let Some((left, right)) = first_difference(&self.parts(), &other.parts()) {
            return Err(MergeError::Mismatch { left, right });
        }
        let mut sum = self.clone();
        sum.samples = sum
            .samples
            .checked_add(other.samples)
            .ok_or_else(|| MergeError::Overflow { name: "samples".to_owned() })?;
        for (vector, more) in sum.vectors.iter_mut().zip(&other.vectors) {
            vector.values.iter_mut().zip(&more.values).for_each(|(value, add)| *value += add);
        }
        for (metric, more) in sum.metrics.iter_mut().zip(&other.metrics) {
            metric.value += more.value;
        }
        check_numbers(&sum.vectors, &sum.metrics).map_err(|name| MergeError::Overflow { name })?;
        *self = sum;
        Ok(())
    }

    fn parts(&self) -> Vec<String> {
        let vectors =
            self.vectors.iter().map(|v| format!("vector {} {:?} of {}", v.name, v.shape, v.values.len()));
        vectors.chain(self.metrics.iter().map(|m| format!("metric {}", m.name))).collect()
    }
}

fn first_difference(left: &[String], right: &[String]) -> Option<(String, String)> {
    let longest = left.len().max(right.len());
    let at = |parts: &[String], index| parts.get(index).cloned().unwrap_or_else(|| "nothing".to_owned());
    (0..longest).map(|index| (at(left, index), at(right, index))).find(|(one, other)| one != other)
}

/// Something a model returns, that the host checks before anyone sees it.
pub(crate) trait Checked {
    fn check(&self, limits: &Limits) -> Result<(), OutputError>;
}

impl Checked for Output {
    fn check(&self, limits: &Limits) -> Result<(), OutputError> {
        let rows: u64 = self.tables.iter().map(|table| u64::from(table.rows)).sum();
        if rows > u64::from(limits.output_rows) {
            return Err(OutputError::Rows { limit: limits.output_rows, rows });
        }
        let tables: usize = self.tables.iter().map(table_bytes).sum();
        check_bytes(tables + numbers_bytes(&self.vectors, &self.metrics), limits)?;
        check_names("table", self.tables.iter().map(|table| &table.name))?;
        self.tables.iter().try_for_each(check_result_table)?;
        check_parts(&self.vectors, &self.metrics)
    }
}

impl Checked for Update {
    fn check(&self, limits: &Limits) -> Result<(), OutputError> {
        check_bytes(numbers_bytes(&self.vectors, &self.metrics), limits)?;
        check_parts(&self.vectors, &self.metrics)
    }
}

impl Checked for Step {
    fn check(&self, limits: &Limits) -> Result<(), OutputError> {
        self.state.as_slice().check(limits)
    }
}

impl Checked for [Vector] {
    fn check(&self, limits: &Limits) -> Result<(), OutputError> {
        check_bytes(numbers_bytes(self, &[]), limits)?;
        check_parts(self, &[])
    }
}

fn check_bytes(bytes: usize, limits: &Limits) -> Result<(), OutputError> {
    if bytes as u64 > limits.output_bytes {
        return Err(OutputError::Bytes { limit: limits.output_bytes });
    }
    Ok(())
}

fn table_bytes(table: &ResultTable) -> usize {
    let names: usize = table.fields.iter().map(|field| field.name.len() + 2).sum();
    let columns: usize = table.columns.iter().map(Column::byte_len).sum();
    table.name.len() + names + columns + 4 * table.contributors.len()
}

/// Bytes of vectors and metrics: their names, axes and numbers.
pub(crate) fn numbers_bytes(vectors: &[Vector], metrics: &[Metric]) -> usize {
    let vectors: usize = vectors.iter().map(|v| v.name.len() + 4 * v.shape.len() + 8 * v.values.len()).sum();
    vectors + metrics.iter().map(|metric| metric.name.len() + 8).sum::<usize>()
}

fn check_parts(vectors: &[Vector], metrics: &[Metric]) -> Result<(), OutputError> {
    check_names("vector", vectors.iter().map(|vector| &vector.name))?;
    check_names("metric", metrics.iter().map(|metric| &metric.name))?;
    vectors.iter().try_for_each(check_shape)?;
    check_numbers(vectors, metrics).map_err(|name| OutputError::NotFinite { name })
}

fn check_names<'a>(kind: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), OutputError> {
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() || !seen.insert(name) {
            return Err(OutputError::Name { kind, name: name.clone() });
        }
    }
    Ok(())
}

fn check_shape(vector: &Vector) -> Result<(), OutputError> {
    let product = vector.shape.iter().try_fold(1_usize, |product, axis| product.checked_mul(*axis as usize));
    if product == Some(vector.values.len()) {
        return Ok(());
    }
    Err(OutputError::Shape {
        name: vector.name.clone(),
        shape: vector.shape.clone(),
        values: vector.values.len(),
    })
}

/// The name of the first part that holds an infinite number or none at all.
fn check_numbers(vectors: &[Vector], metrics: &[Metric]) -> Result<(), String> {
    let vector = vectors.iter().find(|vector| !vector.values.iter().all(|value| value.is_finite()));
    let metric = metrics.iter().find(|metric| !metric.value.is_finite());
    match (vector, metric) {
        (Some(vector), _) => Err(vector.name.clone()),
        (None, Some(metric)) => Err(metric.name.clone()),
        (None, None) => Ok(()),
    }
}

fn check_result_table(table: &ResultTable) -> Result<(), OutputError> {
    let rows = table.rows as usize;
    let wrong = |reason| OutputError::Table { table: table.name.clone(), reason };
    if table.contributors.len() != rows {
        return Err(wrong(format!("{} contributor counts for {rows} rows", table.contributors.len())));
    }
    check_names("field", table.fields.iter().map(|field| &field.name))?;
    check_table(&table.fields, &table.columns, rows).map_err(wrong)?;
    for (field, column) in table.fields.iter().zip(&table.columns) {
        let ColumnData::F64(values) = &column.data else { continue };
        if values.iter().enumerate().any(|(row, value)| !value.is_finite() && column.is_valid(row)) {
            return Err(OutputError::NotFinite { name: format!("{}.{}", table.name, field.name) });
        }
    }
    Ok(())
}
