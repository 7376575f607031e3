//! The table a job sees instead of the dataset, and why it can learn nothing else from it.
//!
//! A view is no security barrier: the optimizer moves a caller's predicate down to the rows that the policy hides,
//! and whether `1 / (y - 20)` fails then tells whether a hidden row has `y = 20`. So below the barrier there is only
//! what cannot fail on a row ([`safe`]), and nothing above it is moved down.
//!
//! Order of work inside [`PolicyTable::scan`]: source → view → (fence) → row filter → safe filters of the caller → masks
//! and barrier. The fence stands where the row filter asks for more than columns of the source as they are. The safe filters are there so that a Parquet file can skip row groups; they are applied again above.

mod barrier;
mod fence;
mod mask;
mod safe;

use std::collections::HashSet;
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
use self::fence::fence;
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
        no_contradictions(grant)?;
        let row_filter =
            grant.row_filter.as_deref().map(|sql| row_filter(state, sql, &dataset)).transpose()?;
        let plain = safe::plain_columns(&dataset);
        let dataset = match &row_filter {
            Some(filter) if !filter.column_refs().iter().all(|column| plain.contains(&column.name)) => {
                fence(dataset).map_err(|error| DataError::BadView(error.strip_backtrace()))?
            }
            _ => dataset,
        };
        let granted = grant.columns.iter().map(|name| granted_column(grant, name, fields, &plain));
        let (columns, fields): (Vec<_>, Vec<_>) = granted.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let schema = Arc::new(arrow_schema(&fields, None));
        Ok(Self { dataset, row_filter, columns, fields, schema })
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

/// Refuses what is wrong with a grant whatever the dataset.
fn no_contradictions(grant: &Grant) -> Result<(), DataError> {
    let bad = |reason: String| Err(DataError::BadGrant(reason));
    if grant.columns.is_empty() {
        return bad("it grants no columns; grant at least one".into());
    }
    if let Some(name) = repeated(grant.columns.iter()) {
        return bad(format!("field `{name}` is granted twice; keep one"));
    }
    if let Some(name) = repeated(grant.masks.iter().map(|(name, _)| name)) {
        return bad(format!("field `{name}` has two masks; keep one"));
    }
    match grant.masks.iter().find(|(name, _)| !grant.columns.contains(name)) {
        Some((name, _)) => {
            bad(format!("field `{name}` has a mask but is not granted; grant it or drop the mask"))
        }
        None => Ok(()),
    }
}

fn repeated<'a>(mut names: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(*name))
}

/// A granted column, and the field the job sees in its place.
fn granted_column(
    grant: &Grant,
    name: &str,
    fields: &[FieldSpec],
    plain: &HashSet<String>,
) -> Result<(GrantedColumn, FieldSpec), DataError> {
    let field = fields.iter().find(|field| field.name == name).ok_or_else(|| {
        DataError::BadGrant(format!("the dataset has no field `{name}`; grant one that it lists"))
    })?;
    let mask = mask_of(grant, field)?;
    let shown = mask.as_ref().map_or_else(|| field.clone(), |mask| mask.field(field));
    let comparable = mask.is_none() && plain.contains(name);
    Ok((GrantedColumn { name: name.into(), mask, comparable }, shown))
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
