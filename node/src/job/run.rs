//! The run itself: the permit's view of the dataset, the model in its sandbox, what came of it.

use std::sync::Arc;

use qianmo_client::federated::to_sandbox;
use qianmo_crypto::sm3::Digest;
use qianmo_data::{DataError, Fault, Grant, JobSession, MemoryLimits};
use qianmo_proto::{
    ErrorCode, WireError,
    contract::OutputKind,
    views::{LogEntry, LogView},
};
use qianmo_sandbox::{Job, Level, Limits, Model, RunError, TableSource, Usage};
use tokio::runtime::Handle;

use crate::{
    authorize::Permit,
    egress::Computed,
    job::{
        convert,
        inputs::{Place, SessionTable},
        running::Running,
        stop::Stop,
    },
    pipeline::Line,
    trail::Used,
};

/// How a run ended, before the gate.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) computed: Result<Computed, WireError>,
    pub(crate) usage: Used,
}

impl Ran {
    /// A run that never began.
    pub(crate) const fn failed(error: WireError) -> Self {
        Self { computed: Err(error), usage: Used::NOTHING }
    }
}

/// The tables a job may read: nothing but the permit's columns and rows, masked where the owner says so.
pub(crate) struct Inputs {
    session: Arc<JobSession>,
    table: String,
}

/// Opens the permit's dataset, and that alone.
pub(crate) async fn inputs(line: &Line, permit: &Permit) -> Result<Inputs, Ran> {
    let descriptor = permit.descriptor();
    let grant = Grant {
        columns: permit.fields().map(ToString::to_string).collect(),
        row_filter: descriptor.row_filter.clone(),
        masks: descriptor.masks.clone(),
    };
    let limits =
        MemoryLimits { memory_bytes: line.works.config.sandbox.query_memory, ..MemoryLimits::default() };
    let table = descriptor.spec.name.clone();
    match JobSession::open(vec![(descriptor.spec.clone(), grant)], limits).await {
        Ok(session) => Ok(Inputs { session: Arc::new(session), table }),
        Err(e) => Err(source_failed(line, &e)),
    }
}

/// The owner reads the whole reason in the job's log; the consumer learns whose fault it is.
fn source_failed(line: &Line, error: &DataError) -> Ran {
    let code = match error.fault() {
        Fault::Caller => ErrorCode::ModelFailed,
        Fault::Owner | Fault::Node => ErrorCode::Source,
    };
    let log = store_log(line, &[entry("error", &error.to_string())], 0);
    let computed = Err(WireError::new(code, error.public_message()));
    Ran { computed, usage: Used { log, ..Used::NOTHING } }
}

/// Runs the model; blocks one thread, not the runtime. Waits for a free place first.
pub(crate) async fn run(line: &Line, running: &Running, permit: &Permit, inputs: Inputs) -> Ran {
    let stop = running.stop().clone();
    let place = match place(line, &stop).await {
        Ok(place) => place,
        Err(error) => return Ran::failed(error),
    };
    let (line, runtime) = (line.clone(), Handle::current());
    let work = Work { line, permit: permit.clone(), inputs, stop, place, runtime };
    let ran = tokio::task::spawn_blocking(move || work.run()).await;
    ran.unwrap_or_else(|e| {
        tracing::error!(job = %permit.job(), error = %e, "the run's thread failed");
        Ran::failed(WireError::new(ErrorCode::Internal, "the run failed inside the node; see its log"))
    })
}

/// A place among the jobs that run, unless the job is stopped before there is one.
async fn place(line: &Line, stop: &Stop) -> Result<Place, WireError> {
    let place = tokio::select! {
        biased;
        () = stop.stopped() => return Err(convert::run_error(&RunError::Stopped)),
        place = Arc::clone(&line.works.places).acquire_owned() => place,
    };
    place.map(Arc::new).map_err(|_| WireError::new(ErrorCode::ShuttingDown, "the node is shutting down"))
}

struct Work {
    line: Line,
    permit: Permit,
    inputs: Inputs,
    stop: Stop,
    place: Place,
    runtime: Handle,
}

impl Work {
    fn run(self) -> Ran {
        let model = match self.line.works.models.get(self.permit.model()) {
            Ok(model) => model,
            Err(e) => return Ran::failed(e),
        };
        let table: Box<dyn TableSource> = match self.table() {
            Ok(table) => Box::new(table),
            Err(e) => return source_failed(&self.line, &e),
        };
        let job = Job {
            tables: vec![table],
            params: self.permit.order().params.get().to_owned(),
            seed: None,
            limits: self.limits(),
            stop: self.stop.flag().clone(),
        };
        self.call(&model, job)
    }

    fn table(&self) -> Result<SessionTable, DataError> {
        let session = Arc::clone(&self.inputs.session);
        let (runtime, stop, place) = (self.runtime.clone(), self.stop.clone(), Arc::clone(&self.place));
        SessionTable::new(&self.inputs.table, session, runtime, stop, place)
    }

    fn call(&self, model: &Model, job: Job) -> Ran {
        match self.permit.output() {
            OutputKind::Aggregate => {
                let outcome = model.analyse(job);
                let rows_read = outcome.usage.rows_read;
                let result = outcome.result.map(|output| convert::output(output, rows_read));
                self.ran(result, outcome.usage)
            }
            OutputKind::Update => {
                let order = self.permit.order();
                let round = order.round.as_ref().map_or(0, |round| round.round);
                let outcome = model.contribute(job, round, &to_sandbox(&order.state));
                self.ran(outcome.result.map(convert::update), outcome.usage)
            }
        }
    }

    fn ran(&self, result: Result<qianmo_proto::ResultDoc, RunError>, usage: Usage) -> Ran {
        let mut lines: Vec<LogEntry> =
            usage.log.iter().map(|found| entry(level(found.level), &found.message)).collect();
        if let Err(error) = &result {
            lines.push(entry("error", &error.to_string()));
        }
        let rows_read = usage.rows_read;
        let computed = result.map(|document| Computed { document, rows_read });
        Ran {
            computed: computed.map_err(|e| convert::run_error(&e)),
            usage: Used {
                rows_read,
                fuel: usage.fuel,
                log: store_log(&self.line, &lines, usage.log_dropped),
            },
        }
    }

    fn limits(&self) -> Limits {
        let sandbox = &self.line.works.config.sandbox;
        let left_ms = self.permit.until_ms().saturating_sub(self.line.books.now_ms()).max(1);
        Limits {
            fuel: sandbox.fuel,
            // A job still running when its contract ends is stopped.
            wall_ms: (sandbox.wall_s * 1_000).min(left_ms.unsigned_abs()),
            memory_bytes: sandbox.memory,
            output_bytes: self.line.works.config.egress.max_bytes,
            ..Limits::default()
        }
    }
}

/// Keeps log lines for the data owner. A log that cannot be kept does not fail the job.
fn store_log(line: &Line, lines: &[LogEntry], dropped: u64) -> Option<Digest> {
    if lines.is_empty() {
        return None;
    }
    let view = LogView { lines: lines.to_vec(), dropped };
    let stored = serde_json::to_vec(&view).ok().map(|bytes| line.books.blobs.put(&bytes))?;
    stored.map_err(|e| tracing::warn!(error = %e, "a job's log was not kept")).ok()
}

fn entry(level: &str, message: &str) -> LogEntry {
    LogEntry { level: level.to_owned(), message: message.to_owned() }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
