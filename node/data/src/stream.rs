//! A reading in progress.

use std::fmt;

use datafusion::arrow::compute::BatchCoalescer;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use crate::engine::running;
use crate::{BATCH_ROWS, Batch, DataError, Failure, FieldSpec, convert};

/// Batches of a scan or a query, in an order that is the same each time.
///
/// Every batch but the last has exactly as many rows as asked for, whatever was filtered out: a model that adds up
/// doubles batch by batch must get the same batches to get the same sum.
pub struct BatchStream {
    rows: SendableRecordBatchStream,
    coalescer: BatchCoalescer,
    fields: Vec<FieldSpec>,
    otherwise: fn(Failure) -> DataError,
    ended: bool,
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl BatchStream {
    /// `max_rows` of 0 means [`BATCH_ROWS`]. `otherwise` names an error that has no name of its own.
    pub(crate) fn new(
        rows: SendableRecordBatchStream,
        fields: Vec<FieldSpec>,
        max_rows: u32,
        otherwise: fn(Failure) -> DataError,
    ) -> Self {
        let size = if max_rows == 0 { BATCH_ROWS } else { max_rows.min(BATCH_ROWS) };
        let coalescer = BatchCoalescer::new(rows.schema(), size as usize);
        Self { rows, coalescer, fields, otherwise, ended: false }
    }

    /// The columns of every batch.
    pub fn fields(&self) -> &[FieldSpec] {
        &self.fields
    }

    /// The next rows; `None` when there are no more. After an error the stream has ended.
    ///
    /// # Errors
    /// Whatever kept rows from being read; `Resources` if a limit of the job was reached.
    pub async fn next(&mut self) -> Result<Option<Batch>, DataError> {
        loop {
            if let Some(batch) = self.coalescer.next_completed_batch() {
                return convert::batch(batch, &self.fields).map(Some);
            }
            if self.ended {
                return Ok(None);
            }
            self.fill().await.inspect_err(|_| self.ended = true)?;
        }
    }

    async fn fill(&mut self) -> Result<(), DataError> {
        let arrow = |error| running(&DataFusionError::from(error), self.otherwise);
        match self.rows.next().await {
            Some(Ok(rows)) => self.coalescer.push_batch(rows).map_err(arrow),
            Some(Err(error)) => Err(running(&error, self.otherwise)),
            None => {
                self.ended = true;
                self.coalescer.finish_buffered_batch().map_err(arrow)
            }
        }
    }
}
