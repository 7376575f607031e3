//! Jobs as people see them.

use std::time::Duration;

use qianmo_policies::Target;
use qianmo_proto::{
    Action, ErrorCode, JobId, Lookup, Page, Receipt, Signed, WireError,
    ask::{JobCheck, JobLogs, JobLs, JobRun, JobShow, JobStop, JobWhy},
    views::{By, JobState, JobView, LogView, QueueView, Reason, WhyView},
};

use crate::{
    auth::Peer,
    job::check,
    models::handlers as models,
    page,
    pipeline::{self, Line},
    rooms::{Books, Door, Gate, Works},
    serve::verb::{Each, Leave, Subject, Told, Verb},
    store::state::Job,
};

/// Longest wait of one request; a client asks again.
const LONGEST_WAIT_MS: u64 = 15 * 60 * 1_000;

/// A job that a request is about.
pub(crate) struct Known {
    pub(crate) id: JobId,
    pub(crate) job: Job,
}

impl Known {
    pub(crate) fn target(&self) -> Target<'_> {
        let Self { id, job } = self;
        Target::Job { id, department: &job.intent.dataset.department, consumer: &job.consumer }
    }
}

impl Subject for Known {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        Some(self.target())
    }
}

/// Through the pipeline, then wait for the end. Leave is the pipeline's own: the permit.
impl Verb for JobRun {
    type Rooms = (Line, Door);
    type Subject = Each;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, (line, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let id = pipeline::accept(&line, leave.peer(), self.order).await?;
        wait(&line.works, &id, self.wait_ms).await;
        let known = find(&line.books, &id)?;
        if !leave.covers(&line.gate, Action::ReadJob, known.target()) {
            return Err(unknown(&id));
        }
        Ok(live(&line, &leave, view(&line.books, &door, &known)?).into())
    }
}

/// What an order would meet. Nobody needs leave to be told that there is none.
impl Verb for JobCheck {
    type Rooms = Line;
    type Subject = Each;

    fn subject(&self, _: &Line, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, line: Line, leave: Leave<Self>) -> Told<Self> {
        Ok(check::check(&line, leave.peer(), self.draft).await?.into())
    }
}

impl Verb for JobShow {
    type Rooms = (Line, Door);
    type Subject = Known;

    fn subject(&self, (line, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(&line.books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (line, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        wait(&line.works, &self.id, self.wait_ms).await;
        Ok(live(&line, &leave, show(&line.books, &door, &self.id)?).into())
    }
}

impl Verb for JobLs {
    type Rooms = Line;
    type Subject = Each;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, line: Line, leave: Leave<Self>) -> Told<Self> {
        let mut page = visible(&line.books, &line.gate, &leave, (Action::ReadJob, &self.lookup), |_| true)?;
        page.items = page.items.into_iter().map(|view| live(&line, &leave, view)).collect();
        Ok(page.into())
    }
}

impl Verb for JobWhy {
    type Rooms = (Line, Door);
    type Subject = Known;

    fn subject(&self, (line, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(&line.books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (line, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let known = leave.subject();
        let mut reasons = known.job.reasons.clone();
        // The figures behind a held result are for those who may decide on it.
        if !leave.covers(&line.gate, Action::ReleaseResult, known.target()) {
            reasons.retain(|reason| reason.by != By::Egress);
        }
        // So is what the model said when it failed.
        if leave.covers(&line.gate, Action::ReadLogs, known.target()) {
            reasons.extend(last_words(&line.books, &known.job)?);
        }
        let obligations = known.job.intent.obligations.clone();
        let job = live(&line, &leave, view(&line.books, &door, known)?);
        Ok(WhyView { job, reasons, obligations }.into())
    }
}

impl Verb for JobLogs {
    type Rooms = Books;
    type Subject = Known;

    fn subject(&self, books: &Books, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        Ok(log_of(&books, &leave.subject().job)?.into())
    }
}

/// The run ends within a few of the sandbox's ticks; its outcome says "stopped".
impl Verb for JobStop {
    type Rooms = (Line, Door);
    type Subject = Known;

    fn subject(&self, (line, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(&line.books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (line, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Self { id } = self;
        if !line.works.jobs.stop(&id) {
            return Err(WireError::new(ErrorCode::Conflict, format!("{id} is not running")));
        }
        wait(&line.works, &id, 5_000).await;
        Ok(live(&line, &leave, show(&line.books, &door, &id)?).into())
    }
}

fn log_of(books: &Books, job: &Job) -> Result<LogView, WireError> {
    let Some(log) = job.log else { return Ok(LogView::default()) };
    serde_json::from_slice(&books.blobs.get(&log)?).map_err(WireError::internal)
}

/// The error that ended a failed job, in the words of the model or of whatever failed: the last line of its log.
fn last_words(books: &Books, job: &Job) -> Result<Option<Reason>, WireError> {
    if job.state != JobState::Failed {
        return Ok(None);
    }
    let last = log_of(books, job)?.lines.pop().filter(|line| line.level == "error");
    Ok(last.map(|line| Reason {
        by: By::Sandbox,
        rule: "error".to_owned(),
        text: line.message,
        text_zh: None,
    }))
}

/// The view with what only the running node knows: what has an intent and no end either waits or runs.
fn live<V: Verb>(line: &Line, leave: &Leave<V>, mut view: JobView) -> JobView {
    if view.state == JobState::Running {
        match line.works.jobs.began(&view.id) {
            Some(None) => {
                view.state = JobState::Queued;
                view.queue = standing(line, leave, &view.id);
            }
            Some(since) => view.running_since_ms = since,
            None => {}
        }
    }
    view
}

/// Jobs named in the answer to what a job waits for.
const NAMED: usize = 20;

/// What a queued job waits for; other people's jobs are counted, not named.
fn standing<V: Verb>(line: &Line, leave: &Leave<V>, id: &JobId) -> Option<QueueView> {
    let standing = line.works.queue.standing(id)?;
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    let before: Vec<Known> = {
        let state = line.books.state();
        let all = standing.running.iter().chain(&standing.ahead);
        all.filter_map(|id| state.jobs.get(id).map(|job| Known { id: id.clone(), job: job.clone() }))
            .collect()
    };
    let seen = before.iter().filter(|known| leave.covers(&line.gate, Action::ReadJob, known.target()));
    Some(QueueView {
        place: count(standing.place),
        running: count(standing.running.len()),
        behind: seen.map(|known| known.id.clone()).take(NAMED).collect(),
        since_ms: standing.since_ms,
    })
}

async fn wait(works: &Works, id: &JobId, wait_ms: u64) {
    if let Some(mut over) = works.jobs.wait(id) {
        let limit = Duration::from_millis(wait_ms.min(LONGEST_WAIT_MS));
        // Timed out or over: the state says which.
        let _ = tokio::time::timeout(limit, over.wait_for(|over| *over)).await;
    }
}

/// Who may not see a job is told that there is none.
#[expect(clippy::unnecessary_wraps, reason = "what Verb::hidden returns")]
pub(crate) fn hidden(id: &JobId) -> Option<(Action, WireError)> {
    Some((Action::ReadJob, unknown(id)))
}

/// The job as it stands now.
pub(crate) fn show(books: &Books, door: &Door, id: &JobId) -> Result<JobView, WireError> {
    view(books, door, &find(books, id)?)
}

/// The jobs that fit `lookup`, are `wanted`, and that the leave covers for `action`.
pub(crate) fn visible<V: Verb>(
    books: &Books,
    gate: &Gate,
    leave: &Leave<V>,
    (action, lookup): (Action, &Lookup),
    wanted: impl Fn(&Job) -> bool,
) -> Result<Page<JobView>, WireError> {
    let selected = {
        let state = books.state();
        let case = |job: &Job| {
            state
                .contracts
                .get(&job.intent.contract)
                .map_or("", |contract| contract.terms.case_number.as_str())
        };
        let rows = state.jobs.iter().filter(|(_, job)| wanted(job));
        page::select(lookup, rows.map(|(id, job)| (id.clone(), row(job, case(job)))))
    };
    selected.page(lookup, |id| {
        let Some(job) = books.state().jobs.get(&id).cloned() else { return Ok(None) };
        let known = Known { id, job };
        Ok(leave.covers(gate, action, known.target()).then(|| listed(books, &known)))
    })
}

fn row<'a>(job: &'a Job, case: &'a str) -> page::Row<'a> {
    page::Row {
        at_ms: job.at_ms,
        state: Some(job.state.as_str()),
        dataset: Some(&job.intent.dataset),
        case: Some(case),
        person: Some(&job.consumer),
        contract: Some(&job.intent.contract),
        models: Some(std::slice::from_ref(&job.intent.model)),
    }
}

pub(crate) fn find(books: &Books, id: &JobId) -> Result<Known, WireError> {
    let job = books.state().jobs.get(id).cloned().ok_or_else(|| unknown(id))?;
    Ok(Known { id: id.clone(), job })
}

fn unknown(id: &JobId) -> WireError {
    WireError::new(ErrorCode::NotFound, format!("no job {id} that you may see; try `qianmo job ls`"))
}

fn view(books: &Books, door: &Door, known: &Known) -> Result<JobView, WireError> {
    Ok(JobView { receipt: receipt(door, &known.id, &known.job)?, ..listed(books, known) })
}

/// A job as lists show it: without its receipt, which is signed when it is asked for.
fn listed(books: &Books, Known { id, job }: &Known) -> JobView {
    let (label, charged) = {
        let state = books.state();
        let contract = state.contracts.get(&job.intent.contract);
        let charged = contract.is_some_and(|contract| contract.has_charged(id));
        (models::label(&state, job.intent.model), charged)
    };
    JobView {
        id: id.clone(),
        state: job.state,
        consumer: job.consumer.clone(),
        contract: job.intent.contract.clone(),
        dataset: job.intent.dataset.clone(),
        model: job.intent.model,
        label,
        round: job.intent.round.clone(),
        error: job.error.clone(),
        charged,
        at_ms: job.at_ms,
        queue: None,
        running_since_ms: None,
        receipt: None,
    }
}

/// The node's signed word about a released result.
pub(crate) fn receipt(door: &Door, id: &JobId, job: &Job) -> Result<Option<Signed<Receipt>>, WireError> {
    let (Some((result, bytes)), Some((seq, at_ms))) = (job.result, job.released) else { return Ok(None) };
    let receipt = Receipt {
        v: 1,
        job: id.clone(),
        order: job.intent.signed,
        contract: job.intent.contract.clone(),
        dataset: job.intent.dataset.clone(),
        model: job.intent.model,
        result,
        bytes,
        seq,
        at_ms,
    };
    Signed::sign(&receipt, &door.certificate.load().der, door.keys.as_ref())
        .map(Some)
        .map_err(WireError::internal)
}
