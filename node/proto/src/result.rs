//! Results, typed so that disclosure rules can look inside, and the node's receipt for them.

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ContractId, DatasetRef, JobId},
    signed::Document,
    texts::TextTooLong,
};

/// Numbers with a name and a shape (row-major).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedVector {
    /// What it is.
    pub name: String,
    /// Length of each axis; their product is the number of values.
    pub shape: Vec<u32>,
    /// The values, finite.
    pub values: Vec<f64>,
}

/// One number with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What it is.
    pub name: String,
    /// The value, finite.
    pub value: f64,
}

/// A column of a result table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cells {
    /// Whole numbers; none = no value.
    Int(Vec<Option<i64>>),
    /// Finite numbers; none = no value.
    Float(Vec<Option<f64>>),
    /// Text; none = no value.
    Text(Vec<Option<String>>),
    /// Yes or no; none = no value.
    Bool(Vec<Option<bool>>),
}

impl Cells {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Int(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Bool(v) => v.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named column of a result table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// Column name.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
}

/// A table with, for each row, how many records contributed to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultTable {
    /// What it is.
    pub name: String,
    /// Columns of equal length.
    pub columns: Vec<ResultColumn>,
    /// Contributors of each row, as the model claims them.
    pub contributors: Vec<u32>,
}

/// What a model computed at one node.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ResultDoc {
    /// Records behind the result: what the model claims, never more than the host handed it.
    pub samples: u64,
    /// Tables of an analysis.
    #[serde(default)]
    pub tables: Vec<ResultTable>,
    /// Single numbers.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Vectors and matrices.
    #[serde(default)]
    pub vectors: Vec<NamedVector>,
}

impl ResultDoc {
    /// Rows of all its tables, the longest column counting: the only place where rows could leave a node.
    pub fn table_rows(&self) -> u64 {
        let rows = |table: &ResultTable| {
            let longest = table.columns.iter().map(|column| column.cells.len()).max().unwrap_or_default();
            longest.max(table.contributors.len()) as u64
        };
        self.tables.iter().map(rows).sum()
    }
}

/// The node's signed word about one job's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Version of this format: 1.
    pub v: u32,
    /// The job.
    pub job: JobId,
    /// Full digest of the signed order.
    pub order: Digest,
    /// The contract it ran under.
    pub contract: ContractId,
    /// The dataset it read.
    pub dataset: DatasetRef,
    /// The model that ran.
    pub model: Digest,
    /// SM3 of the result document's bytes.
    pub result: Digest,
    /// Length of the result document in bytes.
    pub bytes: u64,
    /// Sequence number of the outcome in the node's trail.
    pub seq: u64,
    /// When the outcome was recorded, UNIX milliseconds.
    pub at_ms: i64,
}

impl Document for Receipt {
    const CONTEXT: &'static str = "qianmo/receipt/v1";

    /// There is no text in it that somebody wrote.
    fn check(&self) -> Result<(), TextTooLong> {
        Ok(())
    }
}
