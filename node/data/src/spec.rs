//! What a dataset is made of: a source file, the view over it and the fields it shows.

use std::fmt;
use std::str::FromStr;

use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::source::DataFile;
use crate::zone::TimeZone;

/// The type of a column, as a descriptor writes it and as a model sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// `true` or `false`.
    Boolean,
    /// Signed 32-bit integer.
    Int32,
    /// Signed 64-bit integer.
    Int64,
    /// IEEE 754 double, finite.
    Float64,
    /// UTF-8 text.
    Utf8,
    /// Days since 1970-01-01.
    Date32,
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    TimestampUs,
}

impl ColumnType {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Boolean, Self::Int32, Self::Int64, Self::Float64, Self::Utf8, Self::Date32, Self::TimestampUs];

    /// The name used in descriptors, for example `timestamp-us`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Utf8 => "utf8",
            Self::Date32 => "date32",
            Self::TimestampUs => "timestamp-us",
        }
    }

    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Utf8 => DataType::Utf8,
            Self::Date32 => DataType::Date32,
            Self::TimestampUs => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    /// The column type that holds every value of an Arrow type exactly, if there is one.
    pub(crate) fn holding(found: &DataType) -> Option<Self> {
        Some(match found {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
                Self::Int32
            }
            DataType::UInt32 | DataType::Int64 => Self::Int64,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float64,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Utf8,
            DataType::Dictionary(_, values) => return Self::holding(values),
            DataType::Date32 => Self::Date32,
            // Of any zone: the number counts from 1970 in UTC.
            DataType::Timestamp(unit, _) if *unit != TimeUnit::Nanosecond => Self::TimestampUs,
            _ => return None,
        })
    }

    /// Whether values of an Arrow type become this type without loss.
    pub(crate) fn accepts(self, found: &DataType) -> bool {
        match (self, Self::holding(found)) {
            (Self::Int64, Some(Self::Int32)) | (Self::Float64, Some(Self::Int32)) => true,
            (declared, Some(held)) => declared == held,
            (_, None) => false,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ColumnType {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        Self::ALL.into_iter().find(|ty| ty.name() == text).ok_or_else(|| {
            DataError::BadSpec(format!("there is no column type `{text}`; use one of {}", names()))
        })
    }
}

fn names() -> String {
    ColumnType::ALL.map(ColumnType::name).join(", ")
}

/// One column of a dataset or of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Column name, matched exactly (case counts).
    pub name: String,
    /// Declared type; a value that does not fit is an error, never a guess.
    #[serde(rename = "type")]
    pub ty: ColumnType,
    /// Whether a value may be absent. In a CSV file an empty cell is an absent value.
    #[serde(default)]
    pub nullable: bool,
}

impl FieldSpec {
    /// A field that may not be null.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Self { name: name.into(), ty, nullable: false }
    }

    /// The same field, allowed to be null.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    fn arrow(&self, zone: Option<&TimeZone>) -> Field {
        let ty = match (self.ty, zone) {
            (ColumnType::TimestampUs, Some(zone)) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(zone.shared()))
            }
            (ty, _) => ty.arrow(),
        };
        Field::new(&self.name, ty, self.nullable)
    }
}

/// The engine's schema of some fields, whose times are of a zone.
pub(crate) fn arrow_schema(fields: &[FieldSpec], zone: Option<&TimeZone>) -> Schema {
    Schema::new(fields.iter().map(|field| field.arrow(zone)).collect::<Vec<_>>())
}

/// The file a dataset is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// Delimiter-separated text (RFC 4180): UTF-8, `"` quotes, LF or CRLF.
    Csv {
        /// The file.
        file: DataFile,
        /// Whether the first line names the columns. If not, they are named by position from the fields.
        has_header: bool,
        /// The byte between cells, usually `,`.
        delimiter: u8,
        /// The zone of times that are written without one, and of the days that a view sees. `None`: UTC, and times
        /// written with another zone are refused.
        time_zone: Option<TimeZone>,
    },
    /// One Apache Parquet file.
    Parquet {
        /// The file.
        file: DataFile,
        /// The zone of times that the file gives none, and of the days that a view sees of all times. Times of the old
        /// kind (INT96) count as instants. `None`: what the file says, else UTC.
        time_zone: Option<TimeZone>,
    },
}

impl SourceSpec {
    /// A comma-separated file with a header line and times of UTC.
    pub fn csv(file: DataFile) -> Self {
        Self::Csv { file, has_header: true, delimiter: b',', time_zone: None }
    }

    /// A Parquet file.
    pub fn parquet(file: DataFile) -> Self {
        Self::Parquet { file, time_zone: None }
    }

    /// The file.
    pub fn file(&self) -> &DataFile {
        match self {
            Self::Csv { file, .. } | Self::Parquet { file, .. } => file,
        }
    }

    /// The zone of its times, if one is declared.
    pub fn time_zone(&self) -> Option<&TimeZone> {
        match self {
            Self::Csv { time_zone, .. } | Self::Parquet { time_zone, .. } => time_zone.as_ref(),
        }
    }
}

/// A dataset: a source, the view over it, and the fields the view yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSpec {
    /// The name of the table a job sees.
    pub name: String,
    /// Where the rows come from.
    pub source: SourceSpec,
    /// One `SELECT` over the table `source`. Without it the dataset is the source's columns named by `fields`.
    pub view: Option<String>,
    /// What the dataset shows, in order. The view must yield every one of them with a type that fits without loss.
    pub fields: Vec<FieldSpec>,
    /// Types of source columns that a view reads and that differ from, or are missing in, `fields`.
    /// A CSV column that neither list names is text; one that only `fields` names has that field's type, and under a view
    /// it may be null: what the view yields counts.
    pub source_fields: Vec<FieldSpec>,
}

impl DatasetSpec {
    /// A dataset that shows columns of its source as they are.
    pub fn new(name: impl Into<String>, source: SourceSpec, fields: Vec<FieldSpec>) -> Self {
        Self { name: name.into(), source, view: None, fields, source_fields: Vec::new() }
    }

    /// The same dataset seen through one `SELECT` over the table `source`.
    #[must_use]
    pub fn with_view(mut self, sql: impl Into<String>) -> Self {
        self.view = Some(sql.into());
        self
    }

    /// Declares types of source columns that the view reads but does not show as they are.
    #[must_use]
    pub fn with_source_fields(mut self, fields: Vec<FieldSpec>) -> Self {
        self.source_fields = fields;
        self
    }

    /// Refuses what no file could satisfy: no fields, empty or repeated names, an impossible delimiter.
    pub(crate) fn validate(&self) -> Result<(), DataError> {
        if self.name.is_empty() {
            return Err(DataError::BadSpec("the dataset has no name; give it one".into()));
        }
        if self.fields.is_empty() {
            return Err(DataError::BadSpec(format!(
                "dataset `{}` declares no fields; list at least one",
                self.name
            )));
        }
        no_repeats(&self.fields)?;
        no_repeats(&self.source_fields)?;
        if let SourceSpec::Csv { delimiter: b'"' | b'\n' | b'\r', .. } = self.source {
            return Err(DataError::BadSpec(
                "a quote or line break cannot separate cells; use `,` or a tab".into(),
            ));
        }
        Ok(())
    }
}

fn no_repeats(fields: &[FieldSpec]) -> Result<(), DataError> {
    let mut seen = std::collections::HashSet::new();
    for field in fields {
        if field.name.is_empty() {
            return Err(DataError::BadSpec("a field has no name; name it as the source's column".into()));
        }
        if !seen.insert(&field.name) {
            return Err(DataError::BadSpec(format!("field `{}` is declared twice; keep one", field.name)));
        }
    }
    Ok(())
}
