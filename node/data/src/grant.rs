//! What one contract lets a job see of one dataset.

use serde::{Deserialize, Serialize};

/// What a job may see of a dataset: these columns, of these rows, with these masks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The columns the job sees, in the order it sees them. All others do not exist for it.
    pub columns: Vec<String>,
    /// A boolean SQL expression over the dataset's fields, granted or not; rows where it is not true do not exist
    /// for the job. Comparisons, `IN`, `BETWEEN`, `LIKE`, `IS NULL`, `AND`, `OR` and `NOT` over columns and literals
    /// only: an expression that can fail on a hidden row would reveal it. Anything richer belongs in the view.
    #[serde(default)]
    pub row_filter: Option<String>,
    /// Granted columns whose values are replaced, each at most once.
    #[serde(default)]
    pub masks: Vec<(String, Mask)>,
}

impl Grant {
    /// A grant of whole columns, all rows, no masks.
    pub fn columns<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { columns: names.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The same grant for the rows where an expression is true.
    #[must_use]
    pub fn with_row_filter(mut self, sql: impl Into<String>) -> Self {
        self.row_filter = Some(sql.into());
        self
    }

    /// The same grant with one column masked.
    #[must_use]
    pub fn with_mask(mut self, column: impl Into<String>, mask: Mask) -> Self {
        self.masks.push((column.into(), mask));
        self
    }
}

/// How the values of a column are replaced before a job sees them. The column keeps its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mask {
    /// Every value is null.
    Null,
    /// Every value, null or not, is this one, written as a CSV cell of the column's type.
    Constant(String),
    /// A number becomes the lower end of its bucket `[k·width, (k + 1)·width)`; null stays null.
    Bucket {
        /// Positive; a whole number for integer columns.
        width: f64,
    },
    /// Text keeps its first characters (Unicode scalar values); null stays null.
    Prefix {
        /// How many characters stay.
        chars: u32,
    },
}
