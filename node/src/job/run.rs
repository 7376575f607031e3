//! The run itself: the permit's view of the dataset, the model in its sandbox, what came of it.

use std::sync::{Arc, OnceLock};

use qianmo_client::federated::to_sandbox;
use qianmo_crypto::sm3::Digest;
use qianmo_data::{DataError, Grant, JobSession, MemoryLimits};
use qianmo_proto::{
    ErrorClass, ErrorCode, Name, WireError,
    contract::OutputKind,
    views::{LogEntry, LogView},
};
use qianmo_sandbox::{Job, Level, Limits, Model, RunError, TableSource, Usage};
use tokio::runtime::Handle;

use crate::{
    authorize::Permit,
    catalog::descriptor::Descriptor,
    egress::Computed,
    job::{
        convert,
        failure::{self, Known},
        inputs::SessionTable,
        queue::Place,
        running::Running,
        stop::Stop,
    },
    pipeline::Line,
    rooms::Works,
    trail::Used,
};

/// How a run ended, before the gate.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) computed: Result<Computed, WireError>,
    pub(crate) usage: Used,
    pub(crate) reach: Reach,
}

/// Fuel that a model may use for nothing before it is given rows: as much as vetting gives every upload. A model that
/// works longer and then fails has had the node's time, and is charged.
pub(crate) const FREE_FUEL: u64 = 1_000_000_000;

/// How far a job came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing of the model ran.
    Nothing,
    /// The model ran and was told nothing of the rows.
    Model,
    /// The model was given rows, or told that there are none. The host counts, not the model.
    Rows,
}

/// Whether a job that came so far and failed costs nothing: the fault was the node's or the data's, or no row was handed
/// over and little was done. Who stops a model that runs has had it, and so has who lets it run into a limit.
pub(crate) fn is_free(reach: Reach, used: Used, error: &WireError) -> bool {
    error.class == ErrorClass::Node
        || match reach {
            Reach::Nothing => true,
            Reach::Model => {
                used.fuel <= FREE_FUEL && !matches!(error.code, ErrorCode::Stopped | ErrorCode::Limit)
            }
            Reach::Rows => false,
        }
}

impl Ran {
    /// A run that never began.
    pub(crate) const fn failed(error: WireError) -> Self {
        Self { computed: Err(error), usage: Used::NOTHING, reach: Reach::Nothing }
    }
}

/// Why a source broke off, for those who must tell it to different people: the first reason.
pub(crate) type Broken = Arc<OnceLock<DataError>>;

/// The tables a job may read: nothing but the permit's columns and rows, masked where the owner says so.
pub(crate) struct Inputs {
    session: Arc<JobSession>,
    table: String,
}

/// Opens the permit's dataset, and that alone.
pub(crate) async fn inputs(line: &Line, permit: &Permit) -> Result<Inputs, Ran> {
    let descriptor = permit.descriptor();
    match session(&line.works, descriptor, permit.fields()).await {
        Ok(session) => Ok(Inputs { session: Arc::new(session), table: descriptor.spec.name.clone() }),
        Err(e) => Err(source_failed(line, permit, &e)),
    }
}

/// The dataset of `descriptor` behind the owner's filter and masks, with the columns `fields`. No row is read yet.
pub(crate) async fn session(
    works: &Works,
    descriptor: &Descriptor,
    fields: impl Iterator<Item = &Name>,
) -> Result<JobSession, DataError> {
    let grant = Grant {
        columns: fields.map(ToString::to_string).collect(),
        row_filter: descriptor.row_filter.clone(),
        masks: descriptor.masks.clone(),
    };
    let limits = MemoryLimits { memory_bytes: works.config.sandbox.query_memory, ..MemoryLimits::default() };
    JobSession::open(vec![(descriptor.spec.clone(), grant)], limits).await
}

/// The owner reads the whole reason in the job's log; the consumer learns whose fault it is.
fn source_failed(line: &Line, permit: &Permit, error: &DataError) -> Ran {
    let log = store_log(line, &[entry("error", &error.to_string())], 0);
    let granted: Vec<Name> = permit.fields().cloned().collect();
    let computed = Err(failure::of_source(error, &granted));
    Ran { computed, usage: Used { log, ..Used::NOTHING }, reach: Reach::Nothing }
}

/// Runs the model; blocks one thread, not the runtime. Waits for a free place first.
pub(crate) async fn run(line: &Line, running: &Running, permit: &Permit, inputs: Inputs) -> Ran {
    let stop = running.stop().clone();
    let Some(place) = place(line, &stop, permit).await else {
        let error = failure::of_run(&RunError::Stopped, Reach::Nothing, &Known::default());
        return Ran::failed(error);
    };
    running.began(line.books.now_ms());
    let broken = Broken::default();
    let (line, runtime) = (line.clone(), Handle::current());
    let work = Work { line, permit: permit.clone(), inputs, stop, place, broken, runtime };
    let ran = tokio::task::spawn_blocking(move || work.run()).await;
    ran.unwrap_or_else(|e| {
        tracing::error!(job = %permit.job(), error = %e, "the run's thread failed");
        Ran::failed(WireError::new(ErrorCode::Internal, "the run failed inside the node; see its log"))
    })
}

/// A place among the jobs that run; none if the job is stopped before it has one.
async fn place(line: &Line, stop: &Stop, permit: &Permit) -> Option<Arc<Place>> {
    let now_ms = line.books.now_ms();
    tokio::select! {
        biased;
        () = stop.stopped() => None,
        place = line.works.queue.place(permit.job(), permit.consumer(), now_ms) => Some(Arc::new(place)),
    }
}

struct Work {
    line: Line,
    permit: Permit,
    inputs: Inputs,
    stop: Stop,
    place: Arc<Place>,
    broken: Broken,
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
            Err(e) => return source_failed(&self.line, &self.permit, &e),
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
        SessionTable::new(&self.inputs.table, session, runtime, stop, place, Arc::clone(&self.broken))
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
        let reach = if usage.given_rows { Reach::Rows } else { Reach::Model };
        let rows_read = usage.rows_read;
        let computed = result.map(|document| Computed { document, rows_read });
        Ran {
            computed: computed.map_err(|e| self.public(&e, reach)),
            reach,
            usage: Used {
                rows_read,
                fuel: usage.fuel,
                log: store_log(&self.line, &lines, usage.log_dropped),
            },
        }
    }

    /// A source that broke off is the data's or the node's fault, unless it is the memory of the model's own scans that
    /// ran out: that it chose. A model that has rows may choose to read on into a broken one, and so tell a bit of
    /// them: from then on, how the source breaks is no more told than how the model fails, and no less charged.
    fn public(&self, error: &RunError, reach: Reach) -> WireError {
        let granted: Vec<Name> = self.permit.fields().cloned().collect();
        match (error, self.broken.get()) {
            (RunError::Source(_), Some(broken))
                if reach != Reach::Rows && !matches!(broken, DataError::Resources(_)) =>
            {
                failure::of_source(broken, &granted)
            }
            _ => {
                let (fields, params) =
                    (&self.permit.descriptor().meta.fields, self.permit.order().params.get());
                failure::of_run(error, reach, &Known::of(fields, &granted, params))
            }
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
