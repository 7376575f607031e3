//! The table a job sees instead of the dataset, and why it can learn nothing else from it.
//!
//! A view is no security barrier: the optimizer moves a caller's predicate down to the rows that the policy hides,
//! and whether `1 / (y - 20)` fails then tells whether a hidden row has `y = 20`. So below the barrier there is only
//! what cannot fail on a row ([`safe`]), and nothing above it is moved down.
//!
//! Order of work inside [`PolicyTable::scan`]: source → view → row filter → safe filters of the caller → masks and
//! barrier. The safe filters are there so that a Parquet file can skip row groups; they are applied again above.

mod barrier;
mod mask;
mod safe;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Column;
use datafusion::error::Result as EngineResult;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_plan::ExecutionPlan;

use self::barrier::{Output, PolicyExec};
use self::mask::ColumnMask;
use crate::spec::arrow_schema;
use crate::{DataError, FieldSpec, Grant, Mask, sql};

/// A dataset seen through a grant.
#[derive(Debug)]
pub(crate) struct PolicyTable {
    dataset: LogicalPlan,
    row_filter: Option<Expr>,
    columns: Vec<GrantedColumn>,
    fields: Vec<FieldSpec>,
    schema: SchemaRef,
}

#[derive(Debug)]
struct GrantedColumn {
    name: String,
    mask: Option<ColumnMask>,
    /// Whether a comparison with a literal may be moved below the barrier: the column has no mask, and it is a
    /// column of the source as it is, so that moving the comparison makes no expression of the view run earlier.
    comparable: bool,
}

impl PolicyTable {
    /// Binds a grant to a dataset's plan, whose columns are `fields`.
    pub(crate) fn new(
        state: &SessionState,
        dataset: LogicalPlan,
        fields: &[FieldSpec],
        grant: &Grant,
    ) -> Result<Self, DataError> {
        masks_are_granted(grant)?;
        let row_filter =
            grant.row_filter.as_deref().map(|sql| row_filter(state, sql, &dataset)).transpose()?;
        let plain = safe::plain_columns(&dataset);
        let mut columns = Vec::with_capacity(grant.columns.len());
        let mut shown: Vec<FieldSpec> = Vec::with_capacity(grant.columns.len());
        for name in &grant.columns {
            let field = fields.iter().find(|field| field.name == *name).ok_or_else(|| {
                DataError::BadGrant(format!("the dataset has no field `{name}`; grant one that it lists"))
            })?;
            if shown.iter().any(|other| other.name == *name) {
                return Err(DataError::BadGrant(format!("field `{name}` is granted twice; keep one")));
            }
            let mask = mask_of(grant, field)?;
            let comparable = mask.is_none() && plain.contains(name.as_str());
            shown.push(mask.as_ref().map_or_else(|| field.clone(), |mask| mask.field(field)));
            columns.push(GrantedColumn { name: name.clone(), mask, comparable });
        }
        if columns.is_empty() {
            return Err(DataError::BadGrant("it grants no columns; grant at least one".into()));
        }
        let schema = Arc::new(arrow_schema(&shown));
        Ok(Self { dataset, row_filter, columns, fields: shown, schema })
    }

    /// What the job sees, in order.
    pub(crate) fn fields(&self) -> &[FieldSpec] {
        &self.fields
    }

    fn may_move(&self, filter: &Expr) -> bool {
        safe::comparison(filter, &|name| {
            let column = self.columns.iter().position(|column| column.name == name && column.comparable)?;
            self.schema.fields().get(column).map(|field| field.data_type())
        })
    }

    /// The rows and columns to read, as far as the optimizer may know them.
    fn below(&self, read: &[&str], filters: &[Expr]) -> EngineResult<LogicalPlan> {
        let mut plan = LogicalPlanBuilder::from(self.dataset.clone());
        if let Some(filter) = &self.row_filter {
            plan = plan.filter(filter.clone())?;
        }
        for filter in filters.iter().filter(|filter| self.may_move(filter)) {
            plan = plan.filter(safe::unqualified(filter.clone())?)?;
        }
        plan.project(read.iter().map(|name| Expr::Column(Column::new_unqualified(*name))))?.build()
    }
}

#[async_trait]
impl TableProvider for PolicyTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// `Inexact`: what is moved down is only a help, and the filter stays above the barrier as well.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        let verdict = |filter: &&Expr| match self.may_move(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(verdict).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.columns.len()).collect());
        let schema = Arc::new(self.schema.project(&wanted)?);
        let mut read = Vec::new();
        let mut outputs = Vec::new();
        for column in wanted.iter().filter_map(|at| self.columns.get(*at)) {
            outputs.push(match &column.mask {
                Some(ColumnMask::Constant(value)) => Output::Constant(value.clone()),
                mask => {
                    read.push(column.name.as_str());
                    Output::Read { at: read.len() - 1, mask: mask.clone() }
                }
            });
        }
        if read.is_empty() {
            // Rows must still be counted; the column is read and then left out.
            read.extend(self.columns.first().map(|column| column.name.as_str()));
        }
        let child = state.create_physical_plan(&self.below(&read, filters)?).await?;
        Ok(Arc::new(PolicyExec::new(child, outputs, schema)))
    }
}

fn masks_are_granted(grant: &Grant) -> Result<(), DataError> {
    for (at, (name, _)) in grant.masks.iter().enumerate() {
        if !grant.columns.contains(name) {
            return Err(DataError::BadGrant(format!(
                "field `{name}` has a mask but is not granted; grant it or drop it"
            )));
        }
        if grant.masks.iter().take(at).any(|(other, _)| other == name) {
            return Err(DataError::BadGrant(format!("field `{name}` has two masks; keep one")));
        }
    }
    Ok(())
}

fn mask_of(grant: &Grant, field: &FieldSpec) -> Result<Option<ColumnMask>, DataError> {
    let mask: Option<&Mask> = grant.masks.iter().find(|(name, _)| *name == field.name).map(|(_, mask)| mask);
    mask.map(|mask| ColumnMask::new(mask, field)).transpose()
}

fn row_filter(state: &SessionState, text: &str, dataset: &LogicalPlan) -> Result<Expr, DataError> {
    let bad = |reason: String| DataError::BadGrant(format!("the row filter `{text}`: {reason}"));
    let schema = dataset.schema();
    let filter = sql::condition(state, text, schema).map_err(bad)?;
    if filter.get_type(schema).map_err(|error| bad(error.strip_backtrace()))? != DataType::Boolean {
        return Err(bad("it is not true or false; write a comparison".into()));
    }
    if !safe::infallible(&filter, schema) {
        return Err(bad(
            "only comparisons of columns and literals of like types, IN, BETWEEN, LIKE, IS NULL, AND, \
             OR and NOT are allowed; move the rest into the view"
                .into(),
        ));
    }
    Ok(filter)
}
