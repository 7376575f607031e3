//! Masks as functions of a column, checked against its type once.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use datafusion::common::ScalarValue;

use crate::source::CellBuilder;
use crate::{ColumnType, DataError, Failure, FieldSpec, Mask};

/// A mask that fits its column.
#[derive(Debug, Clone)]
pub(super) enum ColumnMask {
    /// Every value is this one; the column is not even read.
    Constant(ScalarValue),
    /// Lower ends of buckets of an `int32` column.
    Bucket32(i32),
    /// Lower ends of buckets of an `int64` column.
    Bucket64(i64),
    /// Lower ends of buckets of a `float64` column.
    BucketFloat(f64),
    /// The first characters of a `utf8` column.
    Prefix(usize),
}

impl ColumnMask {
    pub(super) fn new(mask: &Mask, field: &FieldSpec) -> Result<Self, DataError> {
        match mask {
            Mask::Null => null(field),
            Mask::Constant(text) => constant(text, field),
            Mask::Bucket { width } => bucket(*width, field),
            Mask::Prefix { chars } if field.ty == ColumnType::Utf8 => Ok(Self::Prefix(*chars as usize)),
            Mask::Prefix { .. } => Err(unfit(field, "a prefix is a mask for utf8 columns")),
        }
    }

    /// The masked column as the job sees it.
    pub(super) fn field(&self, field: &FieldSpec) -> FieldSpec {
        let nullable = match self {
            Self::Constant(value) => value.is_null(),
            _ => field.nullable,
        };
        FieldSpec { nullable, ..field.clone() }
    }

    /// The masked values. Nulls stay null.
    pub(super) fn apply(&self, values: &ArrayRef) -> Result<ArrayRef, DataError> {
        let masked: Option<ArrayRef> = match self {
            Self::Constant(value) => value.to_array_of_size(values.len()).ok(),
            Self::Bucket32(width) => values.as_primitive_opt::<Int32Type>().map(|values| {
                let floor = |value: i32| value.saturating_sub(value.rem_euclid(*width));
                Arc::new(values.unary::<_, Int32Type>(floor)) as ArrayRef
            }),
            Self::Bucket64(width) => values.as_primitive_opt::<Int64Type>().map(|values| {
                let floor = |value: i64| value.saturating_sub(value.rem_euclid(*width));
                Arc::new(values.unary::<_, Int64Type>(floor)) as ArrayRef
            }),
            Self::BucketFloat(width) => values.as_primitive_opt::<Float64Type>().map(|values| {
                let floor = |value: f64| (value / width).floor() * width;
                Arc::new(values.unary::<_, Float64Type>(floor)) as ArrayRef
            }),
            Self::Prefix(chars) => values.as_string_opt::<i32>().map(|texts| {
                let cut = texts.iter().map(|text| text.map(|text| prefix(text, *chars)));
                Arc::new(cut.collect::<StringArray>()) as ArrayRef
            }),
        };
        masked.ok_or(DataError::ReadFailed(Failure::Broken("a mask met a column of another type")))
    }
}

fn prefix(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

fn null(field: &FieldSpec) -> Result<ColumnMask, DataError> {
    let value = ScalarValue::try_from(&field.ty.arrow()).map_err(|_| unfit(field, "its type has no null"))?;
    Ok(ColumnMask::Constant(value))
}

fn constant(text: &str, field: &FieldSpec) -> Result<ColumnMask, DataError> {
    let bad = || unfit(field, "the constant is not a value of the column's type");
    let mut builder = CellBuilder::new(field.ty, None);
    builder.push(text).map_err(|_| bad())?;
    let value = ScalarValue::try_from_array(&builder.finish(), 0).map_err(|_| bad())?;
    Ok(ColumnMask::Constant(value))
}

fn bucket(width: f64, field: &FieldSpec) -> Result<ColumnMask, DataError> {
    if !(width.is_finite() && width > 0.0) {
        return Err(unfit(field, "the width of a bucket must be positive"));
    }
    let whole =
        || whole(width).ok_or_else(|| unfit(field, "the width of a bucket of integers must be whole"));
    match field.ty {
        ColumnType::Int32 => {
            let width =
                i32::try_from(whole()?).map_err(|_| unfit(field, "the width of a bucket is too large"))?;
            Ok(ColumnMask::Bucket32(width))
        }
        ColumnType::Int64 => Ok(ColumnMask::Bucket64(whole()?)),
        ColumnType::Float64 => Ok(ColumnMask::BucketFloat(width)),
        _ => Err(unfit(field, "a bucket is a mask for int32, int64 and float64 columns")),
    }
}

/// The number as an integer, if it is one that a double holds exactly.
fn whole(width: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    #[expect(clippy::cast_possible_truncation, reason = "the value is whole and below 2^53")]
    (width.fract() == 0.0 && width <= EXACT).then_some(width as i64)
}

fn unfit(field: &FieldSpec, reason: &str) -> DataError {
    DataError::BadGrant(format!("the mask of `{}` ({}) does not fit: {reason}", field.name, field.ty))
}
