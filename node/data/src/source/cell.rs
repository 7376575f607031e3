//! Text cells to typed columns: the one place that says how a value is written.

use std::sync::Arc;

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use datafusion::arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use datafusion::arrow::datatypes::Date32Type;

use crate::ColumnType;
use crate::zone::TimeZone;

/// Why a cell is no value of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellError {
    /// The text does not spell a value of the type.
    Broken,
    /// The text spells NaN, an infinity or a number too large for a double.
    NotFinite,
    /// The text spells a time of a zone other than UTC, where nobody has said in which zone the days are.
    Zoned,
}

/// A column under construction.
#[derive(Debug)]
pub(crate) enum CellBuilder {
    Boolean(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Utf8(StringBuilder),
    Date32(Date32Builder),
    /// Times written without a zone are of this one; without one, of UTC.
    TimestampUs(TimestampMicrosecondBuilder, Option<Tz>),
}

impl CellBuilder {
    pub(crate) fn new(ty: ColumnType, zone: Option<&TimeZone>) -> Self {
        match ty {
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::new()),
            ColumnType::Int32 => Self::Int32(Int32Builder::new()),
            ColumnType::Int64 => Self::Int64(Int64Builder::new()),
            ColumnType::Float64 => Self::Float64(Float64Builder::new()),
            ColumnType::Utf8 => Self::Utf8(StringBuilder::new()),
            ColumnType::Date32 => Self::Date32(Date32Builder::new()),
            ColumnType::TimestampUs => {
                let times = TimestampMicrosecondBuilder::new();
                Self::TimestampUs(
                    times.with_timezone_opt(zone.map(TimeZone::shared)),
                    zone.map(TimeZone::rules),
                )
            }
        }
    }

    /// Appends a value. Text is taken as it is; around other values ASCII spaces and tabs are ignored.
    pub(crate) fn push(&mut self, cell: &str) -> Result<(), CellError> {
        let bare = cell.trim_matches([' ', '\t']);
        match self {
            Self::Boolean(builder) => builder.append_value(boolean(bare)?),
            Self::Int32(builder) => builder.append_value(bare.parse().map_err(|_| CellError::Broken)?),
            Self::Int64(builder) => builder.append_value(bare.parse().map_err(|_| CellError::Broken)?),
            Self::Float64(builder) => builder.append_value(float(bare)?),
            Self::Utf8(builder) => builder.append_value(cell),
            Self::Date32(builder) => builder.append_value(date(bare)?),
            Self::TimestampUs(builder, zone) => builder.append_value(timestamp(bare, zone.as_ref())?),
        }
        Ok(())
    }

    /// Appends a null.
    pub(crate) fn push_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Utf8(builder) => builder.append_null(),
            Self::Date32(builder) => builder.append_null(),
            Self::TimestampUs(builder, _) => builder.append_null(),
        }
    }

    /// The column so far; the builder is empty afterwards.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Utf8(builder) => Arc::new(builder.finish()),
            Self::Date32(builder) => Arc::new(builder.finish()),
            Self::TimestampUs(builder, _) => Arc::new(builder.finish()),
        }
    }
}

/// `true`, `false` in any case, `1`, `0`.
fn boolean(text: &str) -> Result<bool, CellError> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(CellError::Broken),
    }
}

/// A decimal number, rounded to the nearest double.
fn float(text: &str) -> Result<f64, CellError> {
    let value: f64 = text.parse().map_err(|_| CellError::Broken)?;
    if value.is_finite() { Ok(value) } else { Err(CellError::NotFinite) }
}

/// `2024-05-31` or `20240531` (ISO 8601). A time of day or a zone is refused: it would be lost without a word.
fn date(text: &str) -> Result<i32, CellError> {
    if text.len() > "2024-05-31".len() {
        return Err(CellError::Broken);
    }
    Date32Type::parse(text).ok_or(CellError::Broken)
}

/// RFC 3339, or the same without the zone. Digits below a microsecond are dropped.
fn timestamp(text: &str, zone: Option<&Tz>) -> Result<i64, CellError> {
    let utc: Tz = "+00:00".parse().map_err(|_| CellError::Broken)?;
    let time = string_to_datetime(zone.unwrap_or(&utc), text).map_err(|_| CellError::Broken)?;
    if zone.is_none() && !zone_of(text).is_none_or(is_utc) {
        return Err(CellError::Zoned);
    }
    Ok(time.timestamp_micros())
}

/// What is written behind the time of day: `+08:00`, `Z`.
fn zone_of(text: &str) -> Option<&str> {
    let time = text.get("2024-05-31T".len()..)?;
    let zone = time.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == '.').trim_start();
    (!zone.is_empty()).then_some(zone)
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "Z" | "z" | "UTC" | "+00:00" | "-00:00" | "+0000" | "+00")
}
