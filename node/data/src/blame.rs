//! Which conversion of a view failed, and on which row: the engine says neither without quoting the value.
//!
//! Only when a check has failed: the conversions are tried once more, each in a way that yields null instead of an error.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, LogicalPlanBuilder, TryCast};
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;

use crate::engine::{self, MemoryLimits};
use crate::source::OpenFile;
use crate::{ColumnType, DataError, DatasetSpec, Failure, Place, source, view};

/// The first failure of a conversion in the dataset's view, if it can be found.
pub(crate) async fn failed_cast(
    spec: &DatasetSpec,
    file: &Arc<OpenFile>,
    limits: &MemoryLimits,
) -> Option<DataError> {
    let (spec, file, limits) = (spec.clone(), Arc::clone(file), limits.clone());
    let found = engine::on_deep_stack(async move {
        let plan = view::plan(&spec, Arc::clone(&file), &limits).await?;
        let state = engine::session(&limits)?.state();
        // Also the conversions that the engine puts in by itself.
        let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
        for suspect in suspects(&plan)? {
            if let Some((row, cast)) = suspect.first_failure(&state).await? {
                let place = row.map_or(Place::Unknown, |row| source::place(&spec, &file, row));
                return Ok(Some(told(&cast, place)));
            }
        }
        Ok::<_, DataError>(None)
    });
    found.await.ok().flatten()
}

impl From<DataFusionError> for DataError {
    fn from(error: DataFusionError) -> Self {
        engine::running(&error, Self::ReadFailed)
    }
}

fn told(cast: &Cast, place: Place) -> DataError {
    let mut columns: Vec<&str> = cast.expr.column_refs().into_iter().map(|column| column.name()).collect();
    columns.sort_unstable();
    let to = cast.field.data_type();
    let expected = ColumnType::holding(to).map_or_else(|| to.to_string(), |ty| ty.name().to_owned());
    DataError::ReadFailed(Failure::Cast { place, column: columns.join(", "), expected })
}

/// A step of a plan that converts, and the rows it is given.
struct Suspect {
    rows: LogicalPlan,
    /// Conditions that its rows have met.
    filters: Vec<Expr>,
    casts: Vec<Cast>,
}

/// The steps with conversions, those that run first before the others.
fn suspects(plan: &LogicalPlan) -> EngineResult<Vec<Suspect>> {
    let mut found = Vec::new();
    plan.clone().transform_up_with_subqueries(|node| {
        found.extend(Suspect::of(&node)?);
        Ok(Transformed::no(node))
    })?;
    Ok(found)
}

impl Suspect {
    fn of(step: &LogicalPlan) -> EngineResult<Option<Self>> {
        let [rows] = step.inputs()[..] else { return Ok(None) };
        let mut casts = Vec::new();
        for expr in step.expressions() {
            casts_of(&expr, &mut casts)?;
        }
        let (mut rows, mut filters) = (rows, Vec::new());
        while let LogicalPlan::Filter(filter) = rows {
            filters.push(filter.predicate.clone());
            rows = filter.input.as_ref();
        }
        Ok((!casts.is_empty()).then(|| Self { rows: rows.clone(), filters, casts }))
    }

    /// The conversion that fails first, and the row of the source, from 0, if this step is given the source's rows.
    async fn first_failure(&self, state: &SessionState) -> EngineResult<Option<(Option<u64>, Cast)>> {
        let counts = rows_of_source(&self.rows);
        let tests = self.filters.iter().map(|filter| Ok(filter.clone().is_true()));
        let tests = tests.chain(self.casts.iter().map(fails)).enumerate();
        let tests = tests.map(|(at, test)| Ok(test?.alias(format!("test {at}"))));
        let tests = tests.collect::<EngineResult<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(self.rows.clone()).project(tests)?.build()?;
        let plan = state.create_physical_plan(&plan).await?;
        let (mut batches, mut before) = (execute_stream(plan, state.task_ctx())?, 0);
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let holds = |test: usize, row: usize| {
                let answers = batch.columns().get(test).and_then(|answers| answers.as_boolean_opt());
                answers.is_some_and(|answers| answers.value(row))
            };
            for row in 0..batch.num_rows() {
                if !(0..self.filters.len()).all(|filter| holds(filter, row)) {
                    continue;
                }
                let failed =
                    self.casts.iter().enumerate().find(|(at, _)| holds(self.filters.len() + at, row));
                if let Some((_, cast)) = failed {
                    return Ok(Some((counts.then_some(before + row as u64), cast.clone())));
                }
            }
            before += batch.num_rows() as u64;
        }
        Ok(None)
    }
}

/// The conversions in an expression, the inner before the outer. Those within CASE are guarded by it, as a rule.
fn casts_of(expr: &Expr, casts: &mut Vec<Cast>) -> EngineResult<()> {
    let mut found = Vec::new();
    expr.apply(|expr| {
        match expr {
            Expr::Case(_) => return Ok(TreeNodeRecursion::Jump),
            Expr::Cast(cast) if !cast.expr.column_refs().is_empty() => found.push(cast.clone()),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    casts.extend(found.into_iter().rev());
    Ok(())
}

/// True where there is a value and the conversion makes none of it.
fn fails(cast: &Cast) -> EngineResult<Expr> {
    let inner = cast.expr.as_ref().clone().transform_up(|expr| {
        Ok(match expr {
            Expr::Cast(cast) => Transformed::yes(tried(cast.expr, cast.field.data_type())),
            other => Transformed::no(other),
        })
    })?;
    let tried = tried(Box::new(inner.data.clone()), cast.field.data_type());
    Ok(inner.data.is_not_null().and(tried.is_null()).is_true())
}

fn tried(expr: Box<Expr>, to: &DataType) -> Expr {
    Expr::TryCast(TryCast::new(expr, to.clone()))
}

/// Whether a plan yields each row of the source once and in order.
fn rows_of_source(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => scan.filters.is_empty() && scan.fetch.is_none(),
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Projection(_) => {
            plan.inputs().into_iter().all(rows_of_source)
        }
        _ => false,
    }
}
