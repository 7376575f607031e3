//! From a source to a dataset: the view, and the proof that it yields the declared fields.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Column, TableReference};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};

use crate::engine::{self, MemoryLimits, planning};
use crate::source::OpenFile;
use crate::sql::SqlError;
use crate::zone::TimeZone;
use crate::{DataError, DatasetSpec, FieldSpec, source, sql};

/// The plan that yields the dataset's fields, in order, with their names and types.
pub(crate) async fn plan(
    spec: &DatasetSpec,
    file: Arc<OpenFile>,
    limits: &MemoryLimits,
) -> Result<LogicalPlan, DataError> {
    let table = source::table(spec, Arc::clone(&file))?;
    let rows = LogicalPlanBuilder::scan(source::TABLE, provider_as_source(table), None);
    let rows = rows.and_then(|rows| in_zone(rows, spec.source.time_zone())).map_err(bad_view)?;
    let rows = match &spec.view {
        None => rows,
        Some(view) => {
            // Its own session, so that the view sees `source` and nothing else.
            let session = engine::session(limits)?;
            session.register_table(source::TABLE, Arc::new(ViewTable::new(rows, None))).map_err(bad_view)?;
            sql::select(&session.state(), view).await.map_err(|error| unplanned(spec, &file, error))?
        }
    };
    declared(spec, &file, rows)
}

/// The source's times in the zone that is declared for them.
fn in_zone(rows: LogicalPlanBuilder, zone: Option<&TimeZone>) -> EngineResult<LogicalPlan> {
    let Some(zone) = zone else { return rows.build() };
    let columns = rows.schema().iter().map(|(table, field)| {
        let column = Expr::Column(Column::new(table.cloned(), field.name()));
        match field.data_type() {
            DataType::Timestamp(unit, found) if found.as_deref() != Some(zone.name()) => {
                cast(column, DataType::Timestamp(*unit, Some(zone.shared()))).alias(field.name())
            }
            _ => column,
        }
    });
    let columns = columns.collect::<Vec<_>>();
    rows.project(columns)?.build()
}

/// Why the view's SQL has no plan. A column that the source does not have is told as without a view.
fn unplanned(spec: &DatasetSpec, file: &Arc<OpenFile>, error: SqlError) -> DataError {
    match error.missing {
        Some((column, there)) if there.is_empty() || there.iter().all(of_source) => {
            source::missing(spec, file, &column)
        }
        Some((column, there)) => {
            let there = there.into_iter().map(|column| column.name).collect();
            DataError::ColumnMissing {
                found: source::near(there, &column),
                column,
                place: "that part of the view",
            }
        }
        None => DataError::BadView(error.text),
    }
}

fn of_source(column: &Column) -> bool {
    column.relation.as_ref().is_some_and(|table| table.table() == source::TABLE)
}

fn declared(spec: &DatasetSpec, file: &Arc<OpenFile>, rows: LogicalPlan) -> Result<LogicalPlan, DataError> {
    let missing = |name: &str| match spec.view {
        None => source::missing(spec, file, name),
        Some(_) => {
            let there = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
            let found = source::near(there, name);
            DataError::ColumnMissing { column: name.into(), place: "what the view yields", found }
        }
    };
    let columns =
        spec.fields.iter().map(|field| column(field, &rows, &missing)).collect::<Result<Vec<_>, _>>()?;
    LogicalPlanBuilder::from(rows).project(columns).and_then(LogicalPlanBuilder::build).map_err(bad_view)
}

/// The one column of that name, cast where the declared type is wider.
fn column(
    field: &FieldSpec,
    rows: &LogicalPlan,
    missing: &dyn Fn(&str) -> DataError,
) -> Result<Expr, DataError> {
    let mut named = rows.schema().iter().filter(|(_, found)| *found.name() == field.name);
    let (table, found) = match (named.next(), named.next()) {
        (Some(found), None) => found,
        (None, _) => return Err(missing(&field.name)),
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
    match found.data_type() {
        found if *found == declared => column,
        // By way of UTC: the instant stays, not the time on the wall.
        DataType::Timestamp(unit, Some(_)) => {
            cast(cast(column, DataType::Timestamp(*unit, Some("+00:00".into()))), declared)
        }
        _ => cast(column, declared),
    }
    .alias(&field.name)
}

fn bad_view(error: datafusion::error::DataFusionError) -> DataError {
    planning(&error, DataError::BadView)
}
