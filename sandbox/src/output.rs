//! What leaves a model, checked: lengths agree, numbers are finite, sizes are within the limits.

use crate::{Column, Field};

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
