//! All that one job can read.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::execution::SessionState;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;

use crate::engine::{self, MemoryLimits, planning, running};
use crate::policy::PolicyTable;
use crate::{BatchStream, ColumnType, DataError, DatasetSpec, FieldSpec, Grant, source, sql, view};

/// The tables of one job, each a dataset behind its grant, and nothing else.
///
/// Scans and queries read the same tables: there is one place where a grant is enforced.
pub struct JobSession {
    engine: SessionContext,
    tables: Vec<(String, Arc<PolicyTable>)>,
}

impl fmt::Debug for JobSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSession")
            .field("tables", &self.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl JobSession {
    /// Binds datasets and grants. Reads headers and footers, no rows.
    ///
    /// # Errors
    /// Anything that is wrong with a descriptor, its file's header, its view or the grant.
    pub async fn open(datasets: Vec<(DatasetSpec, Grant)>, limits: MemoryLimits) -> Result<Self, DataError> {
        let engine = engine::session(&limits)?;
        let mut session = Self { engine, tables: Vec::with_capacity(datasets.len()) };
        for (spec, grant) in datasets {
            session.add(&spec, &grant, &limits).await?;
        }
        Ok(session)
    }

    async fn add(
        &mut self,
        spec: &DatasetSpec,
        grant: &Grant,
        limits: &MemoryLimits,
    ) -> Result<(), DataError> {
        if self.names().any(|name| name == spec.name) {
            return Err(DataError::BadSpec(format!(
                "the job has two datasets named `{}`; rename one",
                spec.name
            )));
        }
        let table = bind(self.engine.state(), spec.clone(), grant.clone(), limits.clone());
        let table = Arc::new(engine::on_deep_stack(table).await?);
        let provider: Arc<dyn TableProvider> = Arc::<PolicyTable>::clone(&table);
        self.engine
            .register_table(TableReference::bare(spec.name.as_str()), provider)
            .map_err(|error| planning(&error, DataError::BadSpec))?;
        self.tables.push((spec.name.clone(), table));
        Ok(())
    }

    /// The tables, in the order they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|(name, _)| name.as_str())
    }

    /// The columns of a table as the job sees them.
    ///
    /// # Errors
    /// `NotGranted` if the job has no such table.
    pub fn schema(&self, name: &str) -> Result<&[FieldSpec], DataError> {
        self.table(name).map(|table| table.fields())
    }

    #[cfg(test)]
    pub(crate) fn engine(&self) -> &SessionContext {
        &self.engine
    }

    fn table(&self, name: &str) -> Result<&Arc<PolicyTable>, DataError> {
        let found = self.tables.iter().find(|(other, _)| other == name);
        found.map(|(_, table)| table).ok_or_else(|| DataError::NotGranted(name.into()))
    }

    /// Starts reading columns of a table from its first row. `columns` are positions in [`JobSession::schema`], each
    /// at most once; batches have `max_rows` rows, or [`BATCH_ROWS`](crate::BATCH_ROWS) for 0 and for anything larger.
    ///
    /// # Errors
    /// `NotGranted` for a table or position the job does not have, or for no columns at all.
    pub async fn scan(&self, name: &str, columns: &[usize], max_rows: u32) -> Result<BatchStream, DataError> {
        let table = Arc::clone(self.table(name)?);
        let fields = pick(table.fields(), columns).ok_or_else(|| DataError::NotGranted(name.into()))?;
        let (state, columns) = (self.engine.state(), columns.to_vec());
        let rows = engine::on_deep_stack(async move {
            let plan = table.scan(&state, Some(&columns), &[], None).await;
            let plan = plan.map_err(|error| planning(&error, DataError::BadView))?;
            execute_stream(plan, state.task_ctx()).map_err(|error| running(&error, DataError::ReadFailed))
        });
        Ok(BatchStream::new(rows.await?, fields, max_rows, DataError::ReadFailed))
    }

    /// Runs one `SELECT` over the job's tables.
    ///
    /// # Errors
    /// `BadQuery` if the SQL is anything else or cannot be planned. The same for a column that does not exist and for
    /// one that is not granted.
    pub async fn query(&self, text: &str) -> Result<BatchStream, DataError> {
        let (state, text) = (self.engine.state(), text.to_owned());
        let (fields, rows) = engine::on_deep_stack(async move {
            let plan = sql::select(&state, &text).await.map_err(|error| DataError::BadQuery(error.text))?;
            let fields = neutral(plan.schema().as_arrow())?;
            let plan = state.create_physical_plan(&plan).await;
            let plan = plan.map_err(|error| planning(&error, DataError::BadQuery))?;
            let rows = execute_stream(plan, state.task_ctx());
            Ok((fields, rows.map_err(|error| running(&error, DataError::QueryFailed))?))
        })
        .await?;
        Ok(BatchStream::new(rows, fields, 0, DataError::QueryFailed))
    }
}

async fn bind(
    state: SessionState,
    spec: DatasetSpec,
    grant: Grant,
    limits: MemoryLimits,
) -> Result<PolicyTable, DataError> {
    spec.validate()?;
    let dataset = view::plan(&spec, source::open(&spec)?, &limits).await?;
    PolicyTable::new(&state, dataset, &spec.fields, &grant)
}

fn pick(fields: &[FieldSpec], columns: &[usize]) -> Option<Vec<FieldSpec>> {
    let repeated =
        columns.iter().enumerate().any(|(at, column)| columns.iter().skip(at + 1).any(|c| c == column));
    if columns.is_empty() || repeated {
        return None;
    }
    columns.iter().map(|column| fields.get(*column).cloned()).collect()
}

/// The columns of a query's answer, each as the column type that holds its values exactly.
fn neutral(schema: &Schema) -> Result<Vec<FieldSpec>, DataError> {
    schema.fields().iter().map(|field| answer_field(field)).collect()
}

fn answer_field(field: &Field) -> Result<FieldSpec, DataError> {
    let ty = ColumnType::holding(field.data_type()).ok_or_else(|| {
        DataError::BadQuery(format!("column `{}` has type {}; CAST it", field.name(), field.data_type()))
    })?;
    Ok(FieldSpec { name: field.name().clone(), ty, nullable: field.is_nullable() })
}
