//! From a source to a dataset: the view, and the proof that it yields the declared fields.

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};

use crate::engine::{self, MemoryLimits, translate};
use crate::{DataError, DatasetSpec, FieldSpec, source, sql};

/// The plan that yields the dataset's fields, in order, with their names and types.
pub(crate) async fn plan(spec: &DatasetSpec, limits: &MemoryLimits) -> Result<LogicalPlan, DataError> {
    spec.validate()?;
    source::metadata(spec)?;
    let table = source::open(spec)?;
    let rows = match &spec.view {
        None => LogicalPlanBuilder::scan(source::TABLE, provider_as_source(table), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(bad_view)?,
        Some(view) => {
            // Its own session, so that the view sees `source` and nothing else.
            let session = engine::session(limits)?;
            session.register_table(source::TABLE, table).map_err(bad_view)?;
            sql::select(&session.state(), view).await.map_err(DataError::BadView)?
        }
    };
    declared(spec, rows)
}

fn declared(spec: &DatasetSpec, rows: LogicalPlan) -> Result<LogicalPlan, DataError> {
    let place = if spec.view.is_some() { "what the view yields" } else { "the source" };
    let columns =
        spec.fields.iter().map(|field| column(field, &rows, place)).collect::<Result<Vec<_>, _>>()?;
    LogicalPlanBuilder::from(rows).project(columns).and_then(LogicalPlanBuilder::build).map_err(bad_view)
}

/// The one column of that name, cast where the declared type is wider.
fn column(field: &FieldSpec, rows: &LogicalPlan, place: &'static str) -> Result<Expr, DataError> {
    let mut named = rows.schema().iter().filter(|(_, found)| *found.name() == field.name);
    let (table, found) = match (named.next(), named.next()) {
        (Some(found), None) => found,
        (None, _) => return Err(DataError::ColumnMissing { column: field.name.clone(), place }),
        (Some(_), Some(_)) => return Err(DataError::ColumnRepeated(field.name.clone())),
    };
    fits(field, found)?;
    Ok(select(field, table, found))
}

fn fits(field: &FieldSpec, found: &FieldRef) -> Result<(), DataError> {
    if field.ty.accepts(found.data_type()) {
        return Ok(());
    }
    Err(DataError::TypeMismatch {
        column: field.name.clone(),
        declared: field.ty,
        found: found.data_type().to_string(),
    })
}

fn select(field: &FieldSpec, table: Option<&TableReference>, found: &FieldRef) -> Expr {
    let column = Expr::Column(Column::new(table.cloned(), &field.name));
    let declared = field.ty.arrow();
    if *found.data_type() == declared {
        column.alias(&field.name)
    } else {
        cast(column, declared).alias(&field.name)
    }
}

fn bad_view(error: datafusion::error::DataFusionError) -> DataError {
    translate(&error, DataError::BadView)
}
