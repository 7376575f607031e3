//! A dataset read once from end to end, before anyone else may.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use crate::engine::{self, MemoryLimits, planning, running};
use crate::source::OpenFile;
use crate::{ColumnType, DataError, DatasetSpec, Failure, FieldSpec, Place, blame, source, view};

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Rows of the dataset, that is of its view.
    pub rows: u64,
    /// Size of the source file in bytes.
    pub bytes: u64,
    /// When the source file was last written, in UNIX milliseconds.
    pub modified_ms: i64,
}

impl Checked {
    /// Confirms that the source is still the file that was checked, by size and time of writing.
    ///
    /// # Errors
    /// `SourceChanged`, or `SourceMissing` and the like if the file cannot be looked at any more.
    pub fn confirm(&self, spec: &DatasetSpec) -> Result<(), DataError> {
        let file = source::open(spec)?;
        if (self.bytes, self.modified_ms) == (file.bytes(), file.modified_ms()) {
            return Ok(());
        }
        Err(DataError::SourceChanged(file.name().into()))
    }
}

/// Reads a whole dataset as a job would and accepts only what the descriptor declares. However long that takes: the
/// caller bounds it by dropping the future, which lets go of its thread often enough for that.
///
/// # Errors
/// The first thing that is wrong: with the descriptor, the file, a row of it (with its line in a CSV file), or the
/// view. Every float must be finite, and a dataset must have rows.
pub async fn check(spec: &DatasetSpec) -> Result<Checked, DataError> {
    check_within(spec, &MemoryLimits::default()).await
}

/// [`check`] for a view that sorts or groups more than the default limits allow.
///
/// # Errors
/// As [`check`], and `Resources` if the limits are too small.
pub async fn check_within(spec: &DatasetSpec, limits: &MemoryLimits) -> Result<Checked, DataError> {
    spec.validate()?;
    let file = source::open(spec)?;
    let rows = match read(spec, Arc::clone(&file), limits).await {
        Err(error @ DataError::ReadFailed(Failure::Conversion)) => {
            return Err(blame::failed_cast(spec, &file, limits).await.unwrap_or(error));
        }
        read => read?,
    };
    if rows == 0 {
        return Err(DataError::Empty(spec.name.clone()));
    }
    let checked = Checked { rows, bytes: file.bytes(), modified_ms: file.modified_ms() };
    checked.confirm(spec)?;
    Ok(checked)
}

async fn read(spec: &DatasetSpec, file: Arc<OpenFile>, limits: &MemoryLimits) -> Result<u64, DataError> {
    let failed = |error| running(&error, DataError::ReadFailed);
    let (owned, limits) = (spec.clone(), limits.clone());
    let mut batches = engine::on_deep_stack(async move {
        let plan = view::plan(&owned, file, &limits).await?;
        let state = engine::session(&limits)?.state();
        let plan = state.create_physical_plan(&plan).await;
        let plan = plan.map_err(|error| planning(&error, DataError::BadView))?;
        execute_stream(plan, state.task_ctx()).map_err(failed)
    })
    .await?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        // A source that is always ready would never give the caller a turn.
        tokio::task::consume_budget().await;
        let batch = batch.map_err(failed)?;
        inspect(&batch, &spec.fields, rows)?;
        rows += batch.num_rows() as u64;
    }
    Ok(rows)
}

fn inspect(batch: &RecordBatch, fields: &[FieldSpec], before: u64) -> Result<(), DataError> {
    for (field, values) in fields.iter().zip(batch.columns()) {
        let place = |at: usize| Place::Row(before + at as u64 + 1);
        if let (false, Some(at)) = (field.nullable, first_null(values)) {
            return Err(DataError::ValueMissing { place: place(at), column: field.name.clone() });
        }
        if let (ColumnType::Float64, Some(at)) = (field.ty, first_not_finite(values)) {
            return Err(DataError::NotFinite { place: place(at), column: field.name.clone() });
        }
    }
    Ok(())
}

fn first_null(values: &ArrayRef) -> Option<usize> {
    values.logical_nulls()?.iter().position(|valid| !valid)
}

fn first_not_finite(values: &ArrayRef) -> Option<usize> {
    values
        .as_primitive_opt::<Float64Type>()?
        .iter()
        .position(|value| value.is_some_and(|value| !value.is_finite()))
}
