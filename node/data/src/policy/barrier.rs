//! The operator that nothing passes but masked rows.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::StreamExt;

use super::mask::ColumnMask;
use crate::engine::running;
use crate::{DataError, Failure, Place};

/// Where a column of the barrier's output comes from.
#[derive(Debug, Clone)]
pub(super) enum Output {
    /// A column of the child, masked or as it is.
    Read { at: usize, mask: Option<ColumnMask> },
    /// The same value in every row.
    Constant(ScalarValue),
}

/// Masks rows and hides where they come from.
///
/// Opaque because of what it leaves at the engine's defaults: no filter, projection, limit or sort is taken down, and
/// no statistics, orderings, equalities or metrics of the child are passed up. Errors from below are marked as the
/// dataset's, so that whatever else fails is known to be the query's own doing.
#[derive(Debug)]
pub(super) struct PolicyExec {
    child: Arc<dyn ExecutionPlan>,
    outputs: Arc<[Output]>,
    properties: Arc<PlanProperties>,
}

impl PolicyExec {
    pub(super) fn new(child: Arc<dyn ExecutionPlan>, outputs: Vec<Output>, schema: SchemaRef) -> Self {
        Self::over(child, outputs.into(), schema)
    }

    fn over(child: Arc<dyn ExecutionPlan>, outputs: Arc<[Output]>, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(child.output_partitioning().partition_count()),
            child.pipeline_behavior(),
            child.boundedness(),
        );
        Self { child, outputs, properties: Arc::new(properties) }
    }
}

impl DisplayAs for PolicyExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyExec")
    }
}

impl ExecutionPlan for PolicyExec {
    fn name(&self) -> &'static str {
        "PolicyExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.child]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> EngineResult<TreeNodeRecursion>,
    ) -> EngineResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(child), true) => Ok(Arc::new(Self::over(child, Arc::clone(&self.outputs), self.schema()))),
            _ => Err(DataFusionError::Internal("PolicyExec has exactly one child".into())),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> EngineResult<SendableRecordBatchStream> {
        let (schema, outputs) = (self.schema(), Arc::clone(&self.outputs));
        let below = self.child.execute(partition, context).map_err(own)?;
        let rows = below.map(move |batch| Ok(show(&batch.map_err(own)?, &outputs, &schema)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// Marks an error from below the barrier.
fn own(error: DataFusionError) -> DataFusionError {
    running(&error, DataError::ReadFailed).into()
}

fn show(batch: &RecordBatch, outputs: &[Output], schema: &SchemaRef) -> Result<RecordBatch, DataError> {
    let columns = outputs.iter().map(|output| column(batch, output)).collect::<Result<Vec<_>, _>>()?;
    for (field, values) in schema.fields().iter().zip(&columns) {
        if !field.is_nullable() && values.null_count() > 0 {
            return Err(DataError::ValueMissing { place: Place::Unknown, column: field.name().clone() });
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|_| broken("masked columns do not fit their schema"))
}

fn column(batch: &RecordBatch, output: &Output) -> Result<ArrayRef, DataError> {
    match output {
        Output::Constant(value) => {
            value.to_array_of_size(batch.num_rows()).map_err(|_| broken("a constant cannot be repeated"))
        }
        Output::Read { at, mask } => {
            let values = batch.columns().get(*at);
            let values = values.ok_or_else(|| broken("the plan below the barrier yields too few columns"))?;
            mask.as_ref().map_or_else(|| Ok(Arc::clone(values)), |mask| mask.apply(values))
        }
    }
}

fn broken(rule: &'static str) -> DataError {
    DataError::ReadFailed(Failure::Broken(rule))
}
