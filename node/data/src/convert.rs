//! From the engine's arrays to neutral columns, by move where nobody else holds the memory and by copy where not.

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::record_batch::RecordBatch;

use crate::{Batch, Column, ColumnData, ColumnType, DataError, Failure, FieldSpec};

/// Rows whose columns have, or can be widened to, the types of `fields`.
pub(crate) fn batch(rows: RecordBatch, fields: &[FieldSpec]) -> Result<Batch, DataError> {
    let (_, arrays, count) = rows.into_parts();
    let count = u32::try_from(count).map_err(|_| broken("a batch is too large"))?;
    let columns = arrays.into_iter().zip(fields).map(|(array, field)| column(array, field.ty));
    Ok(Batch { rows: count, columns: columns.collect::<Result<_, _>>()? })
}

fn column(array: ArrayRef, ty: ColumnType) -> Result<Column, DataError> {
    let array = if *array.data_type() == ty.arrow() {
        array
    } else {
        cast(&array, &ty.arrow()).map_err(|_| broken("a column cannot be widened to its type"))?
    };
    let validity = array.logical_nulls().and_then(|nulls| bitmap(&nulls));
    let data = match ty {
        ColumnType::Boolean => booleans(&array),
        ColumnType::Int32 => primitives::<Int32Type>(array).map(ColumnData::I32),
        ColumnType::Date32 => primitives::<Date32Type>(array).map(ColumnData::I32),
        ColumnType::Int64 => primitives::<Int64Type>(array).map(ColumnData::I64),
        ColumnType::TimestampUs => primitives::<TimestampMicrosecondType>(array).map(ColumnData::I64),
        ColumnType::Float64 => primitives::<Float64Type>(array).map(ColumnData::F64),
        ColumnType::Utf8 => texts(&array),
    };
    let data = data.ok_or_else(|| broken("a column is not of its type"))?;
    Ok(Column { data, validity })
}

fn broken(rule: &'static str) -> DataError {
    DataError::ReadFailed(Failure::Broken(rule))
}

/// The same layout as Arrow's bitmap. Bits after the last row are cleared: the same rows give the same bytes.
fn bitmap(nulls: &NullBuffer) -> Option<Vec<u8>> {
    if nulls.null_count() == 0 {
        return None;
    }
    let rows = nulls.len();
    let mut bits = nulls.inner().sliced().to_vec();
    bits.truncate(rows.div_ceil(8));
    if let (Some(last), used @ 1..) = (bits.last_mut(), rows % 8) {
        *last &= (1 << used) - 1;
    }
    Some(bits)
}

fn booleans(array: &ArrayRef) -> Option<ColumnData> {
    Some(ColumnData::Bool(array.as_boolean_opt()?.values().iter().map(u8::from).collect()))
}

fn primitives<T: ArrowPrimitiveType>(array: ArrayRef) -> Option<Vec<T::Native>> {
    let own = array.as_primitive_opt::<T>()?.clone();
    drop(array); // The last other holder, as a rule: then the values are moved, not copied.
    Some(own.into_parts().1.into())
}

fn texts(array: &ArrayRef) -> Option<ColumnData> {
    let texts = array.as_string_opt::<i32>()?;
    let ends = texts.value_offsets();
    let (start, end) = (*ends.first()?, *ends.last()?);
    let offsets = ends.iter().map(|at| u32::try_from(at - start).ok()).collect::<Option<_>>()?;
    let bytes = texts.values().as_slice().get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
    Some(ColumnData::Utf8 { offsets, bytes: bytes.to_vec() })
}
