//! What can go wrong, whose fault it is, and what each side may be told.

use std::fmt;
use std::path::PathBuf;

use crate::{ColumnType, FileKind};

/// Why data could not be checked, opened or read.
///
/// The `Display` text is for the owner of the data: it names files, lines and columns, and never quotes a value. A
/// consumer gets [`DataError::code`] and [`DataError::public_message`], which name nothing at all.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The source's name leads out of the folder that its file must be in.
    #[error(
        "`{}` leads out of the node's folder of data; name a file beneath that folder, without `..`, without a leading \
         `/` and without a link to elsewhere", .0.display()
    )]
    OutsideFolder(PathBuf),
    /// No file where the source says.
    #[error(
        "there is no file `{}` in the node's folder of data; correct the path in the descriptor or put the file there",
        .0.display()
    )]
    SourceMissing(PathBuf),
    /// The file exists and cannot be read.
    #[error("cannot read `{}`: {reason}", name.display())]
    SourceUnreadable {
        /// The file, as the descriptor names it.
        name: PathBuf,
        /// What the operating system or the file format's reader said, and what to do.
        reason: String,
    },
    /// The file is of another kind than the descriptor says.
    #[error("`{}` {found}", name.display())]
    WrongKind {
        /// The file, as the descriptor names it.
        name: PathBuf,
        /// What it is.
        found: FileKind,
    },
    /// The file is not what it was when it was checked.
    #[error("`{}` has changed since it was opened or checked; check the dataset again", .0.display())]
    SourceChanged(PathBuf),
    /// There is nothing to read.
    #[error("dataset `{0}` has no rows; fill its file, or loosen its view")]
    Empty(String),
    /// A declared column is not in the source, or not in what the view yields.
    #[error(
        "there is no column `{column}` in {place}{found}; add it there or take the field out of the descriptor"
    )]
    ColumnMissing {
        /// The declared name.
        column: String,
        /// Where it was looked for.
        place: &'static str,
        /// What is there instead.
        found: Found,
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
    #[error(
        "line {line}, column `{column}`: not UTF-8 text{}",
        if *gbk { ", but it looks like GBK; convert the file: iconv -f GB18030 -t UTF-8" } else { "; convert the file to UTF-8" }
    )]
    NotUtf8 {
        /// Line of the file where the row begins, from 1.
        line: u64,
        /// The column.
        column: String,
        /// Whether the row could be GBK, that is GB 18030.
        gbk: bool,
    },
    /// A cell does not fit the declared type.
    #[error("{place}, column `{column}`: not a value of type {expected}; correct the cell or the type")]
    ValueBroken {
        /// Where the cell is.
        place: Place,
        /// The column.
        column: String,
        /// The declared type.
        expected: ColumnType,
    },
    /// A time is written with a zone, and the source does not say in which zone its days are.
    #[error(
        "{place}, column `{column}`: the time is written with a zone other than UTC; declare the zone of the file's days, \
         such as time_zone = \"+08:00\", under [source]"
    )]
    TimeZoned {
        /// Where the cell is.
        place: Place,
        /// The column.
        column: String,
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
    #[error("reading the dataset failed: {0}")]
    ReadFailed(Failure),
    /// The caller's expressions failed on a row they were allowed to see.
    #[error("the query failed: {0}")]
    QueryFailed(Failure),
}

/// What went wrong on some row. The engine's own words are not passed on: they quote the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A CAST or another conversion met a value that it cannot turn into its type.
    Conversion,
    /// The same, looked into: the conversion and the row it failed on.
    Cast {
        /// Where the value is.
        place: Place,
        /// The column, or the expression, that was converted.
        column: String,
        /// The type it was to become.
        expected: String,
    },
    /// A whole number was divided by zero.
    DivideByZero,
    /// A result is too large for its type.
    Overflow,
    /// The file is damaged: its parts do not fit together.
    Damaged,
    /// A rule of this crate does not hold: its own fault.
    Broken(&'static str),
    /// Anything else that an expression of the SQL can do wrong.
    Expression,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversion => f.write_str(
                "a conversion, such as a CAST, met a value that is not of its type; check the dataset to learn where, and \
                 leave such values out (NULLIF, CASE, TRY_CAST)",
            ),
            Self::Cast { place, column, expected } => write!(
                f,
                "{place}, column `{column}`: the value cannot become {expected}; leave such values out (NULLIF, CASE, \
                 TRY_CAST) or correct them"
            ),
            Self::DivideByZero => {
                f.write_str("a whole number was divided by zero; leave such rows out or use NULLIF")
            }
            Self::Overflow => {
                f.write_str("a number became too large for its type; CAST to a wider type before calculating")
            }
            Self::Damaged => f.write_str("the file is damaged; write it anew"),
            Self::Broken(what) => write!(f, "{what}; report this as a fault of the program"),
            Self::Expression => {
                f.write_str("an expression of the SQL failed on a value; guard it against such values")
            }
        }
    }
}

/// The columns that were found where one is missing, and what that may mean. The names are a header's or a schema's:
/// never those of a first line that looks like a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Their names, as far as they are told.
    pub names: Vec<String>,
    /// What is most likely wrong.
    pub hint: Option<Hint>,
}

/// Why a column may seem to be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A column's name differs in upper and lower case or in spaces only.
    Spelling(String),
    /// Cells are separated by another byte.
    Delimiter(u8),
    /// The names are on a later line; those before it are a title.
    TitleLine(u64),
    /// The first line holds values, not names.
    NoHeader,
}

/// Column names that an error lists, and characters of each.
const LISTED: (usize, usize) = (40, 40);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.iter().take(LISTED.0).map(|name| format!("`{}`", shown(name)));
        let names = names.collect::<Vec<_>>().join(", ");
        match self.names.len().saturating_sub(LISTED.0) {
            _ if names.is_empty() => {}
            0 => write!(f, ", which has {names}")?,
            more => write!(f, ", which has {names} and {more} more")?,
        }
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// A name shortened, and its control characters as escapes.
fn shown(name: &str) -> String {
    let mut text: String = name
        .chars()
        .take(LISTED.1)
        .flat_map(|char| {
            let escape = char.is_control();
            char.escape_default().filter(move |_| escape).chain((!escape).then_some(char))
        })
        .collect();
    if name.chars().nth(LISTED.1).is_some() {
        text.push('…');
    }
    text
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spelling(name) => {
                write!(f, "names must agree in case and spaces: did you mean `{}`?", shown(name))
            }
            Self::Delimiter(byte) => write!(
                f,
                "the cells seem to be separated by {}: set delimiter under [source]",
                delimiter_name(*byte)
            ),
            Self::TitleLine(line) => {
                write!(f, "the names are on line {line}: take the title lines before it out of the file")
            }
            Self::NoHeader => f.write_str(
                "the first line looks like a row, not like names: set header = false under [source]",
            ),
        }
    }
}

fn delimiter_name(byte: u8) -> String {
    match byte {
        b'\t' => "a tab (\"\\t\")".into(),
        0..=0x1f => format!("the control character \"\\u{byte:04x}\""),
        byte => format!("`{}`", char::from(byte)),
    }
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
            Self::OutsideFolder(_) => "outside-folder",
            Self::SourceMissing(_) => "source-missing",
            Self::SourceUnreadable { .. } => "source-unreadable",
            Self::WrongKind { .. } => "wrong-kind",
            Self::SourceChanged(_) => "source-changed",
            Self::Empty(_) => "dataset-empty",
            Self::ColumnMissing { .. } => "column-missing",
            Self::ColumnRepeated(_) => "column-repeated",
            Self::RowBroken { .. } => "row-broken",
            Self::RowTooLong { .. } => "row-too-long",
            Self::NotUtf8 { .. } => "not-utf8",
            Self::ValueBroken { .. } => "value-broken",
            Self::TimeZoned { .. } => "time-zoned",
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
