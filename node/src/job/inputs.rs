//! Rows on their way into the sandbox: one enforcement point, the `PolicyTable`s of a job's session.

use std::{sync::Arc, thread, time::Duration};

use qianmo_data::{self as data, DataError, JobSession};
use qianmo_sandbox::{self as sandbox, RowSource, SourceError, TableSource};
use tokio::{
    runtime::Handle,
    sync::mpsc::{self, Receiver, Sender},
    time,
};

use super::{queue::Place, run::Broken, stop::Stop};

/// What one turn of a reading gives: rows, the end, or why there are none.
type Turn = Result<Option<data::Batch>, DataError>;

/// Stack of a reading thread, as large as that of a run: a deep view is read by deep recursion.
const READING_STACK_BYTES: usize = 4 << 20;

/// A table of the job's session, as the sandbox reads it. The sandbox runs on a thread of its own and waits there
/// for the next batch, which a thread of the reading makes: at most one ahead.
pub(crate) struct SessionTable {
    name: String,
    schema: Vec<sandbox::Field>,
    session: Arc<JobSession>,
    runtime: Handle,
    stop: Stop,
    /// Free when all who hold it have let go.
    place: Arc<Place>,
    broken: Broken,
}

impl SessionTable {
    /// The table `name` of `session`; batches are awaited on `runtime`, until `stop`. Its readings hold `place`,
    /// and note in `broken` why they broke off.
    pub(crate) fn new(
        name: &str,
        session: Arc<JobSession>,
        runtime: Handle,
        stop: Stop,
        place: Arc<Place>,
        broken: Broken,
    ) -> Result<Self, DataError> {
        let schema = session.schema(name)?.iter().map(field).collect();
        Ok(Self { name: name.to_owned(), schema, session, runtime, stop, place, broken })
    }
}

impl TableSource for SessionTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &[sandbox::Field] {
        &self.schema
    }

    fn scan(&self, columns: &[usize], max_rows: u32) -> Result<Box<dyn RowSource>, SourceError> {
        let (sender, turns) = mpsc::channel(1);
        let reading = Reading {
            session: Arc::clone(&self.session),
            table: self.name.clone(),
            columns: columns.to_vec(),
            max_rows,
            _place: Arc::clone(&self.place),
        };
        let runtime = self.runtime.clone();
        let thread = thread::Builder::new().name("qianmo-read".to_owned()).stack_size(READING_STACK_BYTES);
        thread
            .spawn(move || runtime.block_on(reading.run(&sender)))
            .map_err(|e| SourceError(format!("no thread to read on ({e})")))?;
        let (stop, runtime, broken) = (self.stop.clone(), self.runtime.clone(), Arc::clone(&self.broken));
        Ok(Box::new(SessionRows { turns, stop, runtime, broken }))
    }
}

/// The sandbox's end of a reading. Dropping it ends the reading.
struct SessionRows {
    turns: Receiver<Turn>,
    stop: Stop,
    runtime: Handle,
    broken: Broken,
}

impl RowSource for SessionRows {
    fn next(&mut self, left: Duration) -> Result<Option<sandbox::Batch>, SourceError> {
        let turn = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.stopped() => None,
                turn = self.turns.recv() => turn,
                () = time::sleep(left) => None,
            }
        });
        let turn = turn.ok_or_else(|| SourceError("the reading broke off".to_owned()))?;
        turn.map(|found| found.map(batch)).map_err(|error| {
            let told = SourceError(error.to_string());
            // Only the first reason counts.
            let _ = self.broken.set(error);
            told
        })
    }
}

/// The engine's end of a reading, on a thread of its own: an engine that does not let go of its thread for long keeps
/// nobody waiting but itself, and its job's place, so that there are never more of them than places.
struct Reading {
    session: Arc<JobSession>,
    table: String,
    columns: Vec<usize>,
    max_rows: u32,
    _place: Arc<Place>,
}

impl Reading {
    /// Reads until nobody takes the rows any more.
    async fn run(self, turns: &Sender<Turn>) {
        tokio::select! {
            biased;
            () = turns.closed() => {}
            () = self.feed(turns) => {}
        }
    }

    async fn feed(&self, turns: &Sender<Turn>) {
        let mut rows = match self.session.scan(&self.table, &self.columns, self.max_rows).await {
            Ok(rows) => rows,
            Err(error) => return drop(turns.send(Err(error)).await),
        };
        // After the last row the stream says so as often as it is asked. A channel that ends tells of a panic.
        while let Ok(room) = turns.reserve().await {
            room.send(rows.next().await);
        }
    }
}

/// A column as the sandbox shows it to a model.
pub(crate) fn field(field: &data::FieldSpec) -> sandbox::Field {
    let ty = match field.ty {
        data::ColumnType::Boolean => sandbox::ColumnType::Boolean,
        data::ColumnType::Int32 => sandbox::ColumnType::Int32,
        data::ColumnType::Int64 => sandbox::ColumnType::Int64,
        data::ColumnType::Float64 => sandbox::ColumnType::Float64,
        data::ColumnType::Utf8 => sandbox::ColumnType::Utf8,
        data::ColumnType::Date32 => sandbox::ColumnType::Date32,
        data::ColumnType::TimestampUs => sandbox::ColumnType::TimestampUs,
    };
    sandbox::Field { name: field.name.clone(), ty, nullable: field.nullable }
}

/// Moves a batch across: the two crates know nothing of one another, the vectors are the same.
fn batch(batch: data::Batch) -> sandbox::Batch {
    let column = |column: data::Column| sandbox::Column {
        validity: column.validity,
        data: match column.data {
            data::ColumnData::Bool(v) => sandbox::ColumnData::Bool(v),
            data::ColumnData::I32(v) => sandbox::ColumnData::I32(v),
            data::ColumnData::I64(v) => sandbox::ColumnData::I64(v),
            data::ColumnData::F64(v) => sandbox::ColumnData::F64(v),
            data::ColumnData::Utf8 { offsets, bytes } => sandbox::ColumnData::Utf8 { offsets, bytes },
        },
    };
    sandbox::Batch { rows: batch.rows, columns: batch.columns.into_iter().map(column).collect() }
}
