//! What can go wrong, whose fault it is, and what each side may be told.

use std::fmt;
use std::path::PathBuf;

use crate::ColumnType;

/// Why data could not be checked, opened or read.
///
/// The `Display` text is for the owner of the data: it may quote a value, a line or a path. A consumer gets
/// [`DataError::code`] and [`DataError::public_message`], which never do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No file where the source says.
    #[error("there is no file at {}; correct the path in the descriptor or put the file there", .0.display())]
    SourceMissing(PathBuf),
    /// The file exists and cannot be read.
    #[error("cannot read {}: {reason}; check its owner and permissions", path.display())]
    SourceUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system or the file format's reader said.
        reason: String,
    },
    /// The file is not what it was when it was checked.
    #[error("{} has changed since it was checked; check the dataset again", .0.display())]
    SourceChanged(PathBuf),
    /// There is nothing to read.
    #[error("dataset `{0}` has no rows; fill its file, or loosen its view")]
    Empty(String),
    /// A declared column is not in the source, or not in what the view yields.
    #[error("there is no column `{column}` in {place}; add it there or take the field out of the descriptor")]
    ColumnMissing {
        /// The declared name.
        column: String,
        /// Where it was looked for.
        place: &'static str,
    },
    /// A column name occurs twice in the source.
    #[error("column `{0}` occurs twice in the source; rename one, because a name must mean one column")]
    ColumnRepeated(String),
    /// A row has too many or too few cells.
    #[error(
        "line {line}: {found} cells where the file has {expected} columns; look for a stray delimiter or quote"
    )]
    RowBroken {
        /// Line of the file where the row begins, from 1.
        line: u64,
        /// Cells in the row.
        found: u64,
        /// Cells in a whole row.
        expected: u64,
    },
    /// A row is longer than any sane row, usually because a quote is never closed.
    #[error("line {line}: the row is longer than {limit} bytes; look for a quote that is never closed")]
    RowTooLong {
        /// Line of the file where the row begins, from 1.
        line: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A cell is not UTF-8.
    #[error("line {line}, column `{column}`: not UTF-8 text; convert the file to UTF-8")]
    NotUtf8 {
        /// Line of the file where the row begins, from 1.
        line: u64,
        /// The column.
        column: String,
    },
    /// A cell does not fit the declared type.
    #[error(
        "{place}, column `{column}`: `{value}` is not a value of type {expected}; correct the cell or the type"
    )]
    ValueBroken {
        /// Where the cell is.
        place: Place,
        /// The column.
        column: String,
        /// The declared type.
        expected: ColumnType,
        /// The cell's text, shortened.
        value: String,
    },
    /// A number is NaN or infinite.
    #[error(
        "{place}, column `{column}`: the value is NaN or infinite; use an empty cell (null) or a view that drops it"
    )]
    NotFinite {
        /// Where the value is.
        place: Place,
        /// The column.
        column: String,
    },
    /// A value is missing in a field that is not nullable.
    #[error(
        "{place}, column `{column}`: no value, but the field is not nullable; fill it in or declare it nullable"
    )]
    ValueMissing {
        /// Where the value is missing.
        place: Place,
        /// The column.
        column: String,
    },
    /// The source or the view has a column of another type than declared.
    #[error(
        "column `{column}` is declared {declared} but holds {found}; change the declaration or CAST it in the view"
    )]
    TypeMismatch {
        /// The column.
        column: String,
        /// The declared type.
        declared: ColumnType,
        /// The Arrow type found.
        found: String,
    },
    /// The description of the dataset cannot be right, whatever the file holds.
    #[error("{0}")]
    BadSpec(String),
    /// The view is not one `SELECT` over `source`, or it cannot be planned.
    #[error("the view cannot be used: {0}; write one SELECT over the table `source`")]
    BadView(String),
    /// The grant does not fit the dataset.
    #[error("the grant cannot be used: {0}")]
    BadGrant(String),
    /// The caller's query is not one `SELECT` over the tables of the job, or cannot be planned.
    #[error("the query cannot be run: {0}; write one SELECT over the tables and columns of the contract")]
    BadQuery(String),
    /// The caller asked for a table or a column position the job does not have.
    #[error("the job has no table `{0}`, or not the columns asked for; look at the contract's fields")]
    NotGranted(String),
    /// The job needs more memory or spill space than it was given.
    #[error(
        "the query needs more memory or disk than the job's limit: {0}; ask for less data or raise the limit"
    )]
    Resources(String),
    /// The source, the view or a mask failed on some row while it was read.
    #[error("reading the dataset failed: {0}; check the dataset again")]
    ReadFailed(String),
    /// The caller's expressions failed on a row they were allowed to see.
    #[error("the query failed: {0}; guard the expression against such values")]
    QueryFailed(String),
}

/// Whose move it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The department that owns the data must correct a file, a descriptor or a grant.
    Owner,
    /// The consumer must ask differently.
    Caller,
    /// The node must be given more room.
    Node,
}

impl DataError {
    /// A stable short name of the error, the same for every value, line and path.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SourceMissing(_) => "source-missing",
            Self::SourceUnreadable { .. } => "source-unreadable",
            Self::SourceChanged(_) => "source-changed",
            Self::Empty(_) => "dataset-empty",
            Self::ColumnMissing { .. } => "column-missing",
            Self::ColumnRepeated(_) => "column-repeated",
            Self::RowBroken { .. } => "row-broken",
            Self::RowTooLong { .. } => "row-too-long",
            Self::NotUtf8 { .. } => "not-utf8",
            Self::ValueBroken { .. } => "value-broken",
            Self::NotFinite { .. } => "not-finite",
            Self::ValueMissing { .. } => "value-missing",
            Self::TypeMismatch { .. } => "type-mismatch",
            Self::BadSpec(_) => "bad-spec",
            Self::BadView(_) => "bad-view",
            Self::BadGrant(_) => "bad-grant",
            Self::BadQuery(_) => "bad-query",
            Self::NotGranted(_) => "not-granted",
            Self::Resources(_) => "resources",
            Self::ReadFailed(_) => "read-failed",
            Self::QueryFailed(_) => "query-failed",
        }
    }

    /// Whose move it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::BadQuery(_) | Self::NotGranted(_) | Self::QueryFailed(_) => Fault::Caller,
            Self::Resources(_) => Fault::Node,
            _ => Fault::Owner,
        }
    }

    /// What a consumer may be told: no value, no line, no path, no name that it did not send itself.
    pub fn public_message(&self) -> &'static str {
        match self {
            Self::BadQuery(_) => "the query is not one SELECT over the tables and columns of the contract",
            Self::NotGranted(_) => "the contract has no such table or column",
            Self::QueryFailed(_) => {
                "the query failed while it ran; its expressions do not fit the values they met"
            }
            Self::Resources(_) => "the query needs more memory or disk than the job may use",
            _ => "the dataset cannot be read; its owner has been told why",
        }
    }
}

/// Where in a source a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Line of a text file, from 1; a row that spans lines counts as the line where it begins.
    Line(u64),
    /// Row of the dataset, from 1, where the source has no lines or a view has moved the rows.
    Row(u64),
    /// Some row; filters hide which.
    Unknown,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
            Self::Unknown => f.write_str("some row"),
        }
    }
}
