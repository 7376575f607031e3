//! A view computed before anything is asked of its rows.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::barrier::{Output, PolicyExec};

/// A plan as a table that takes no filters.
///
/// A row filter over a column that the view computes would otherwise be merged with the view's own conditions: with
/// `SELECT 100 / (a - 20) AS r FROM source WHERE a <> 20`, the filter `r > 3` would divide by zero on the very row
/// that the view leaves out.
#[derive(Debug)]
struct Fence {
    dataset: LogicalPlan,
    schema: SchemaRef,
}

/// The same rows and columns, computed apart from whatever is built on top.
pub(super) fn fence(dataset: LogicalPlan) -> EngineResult<LogicalPlan> {
    let schema = Arc::clone(dataset.schema().inner());
    let table = provider_as_source(Arc::new(Fence { dataset, schema }));
    LogicalPlanBuilder::scan("dataset", table, None)?.build()
}

#[async_trait]
impl TableProvider for Fence {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&wanted)?);
        let columns = schema.fields().iter().map(|field| Expr::Column(Column::new_unqualified(field.name())));
        let plan = LogicalPlanBuilder::from(self.dataset.clone()).project(columns)?.build()?;
        let outputs = (0..wanted.len()).map(|at| Output::Read { at, mask: None }).collect();
        Ok(Arc::new(PolicyExec::new(state.create_physical_plan(&plan).await?, outputs, schema)))
    }
}
