//! Jobs as people see them.

use std::time::Duration;

use qianmo_policies::Target;
use qianmo_proto::{
    Action, ErrorCode, JobId, Lookup, Page, Receipt, Signed, WireError,
    ask::{JobLogs, JobLs, JobRun, JobShow, JobStop, JobWhy},
    views::{By, JobView, LogView, WhyView},
};

use crate::{
    auth::Peer,
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
        Ok(view(&door, &known)?.into())
    }
}

impl Verb for JobShow {
    type Rooms = (Books, Works, Door);
    type Subject = Known;

    fn subject(&self, (books, ..): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (books, works, door): Self::Rooms, _: Leave<Self>) -> Told<Self> {
        wait(&works, &self.id, self.wait_ms).await;
        Ok(show(&books, &door, &self.id)?.into())
    }
}

impl Verb for JobLs {
    type Rooms = (Books, Gate);
    type Subject = Each;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, (books, gate): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        Ok(visible(&books, &gate, &leave, (Action::ReadJob, &self.lookup), |_| true)?.into())
    }
}

impl Verb for JobWhy {
    type Rooms = (Books, Gate, Door);
    type Subject = Known;

    fn subject(&self, (books, ..): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (_, gate, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let known = leave.subject();
        let mut reasons = known.job.reasons.clone();
        // The figures behind a held result are for those who may decide on it.
        if !leave.covers(&gate, Action::ReleaseResult, known.target()) {
            reasons.retain(|reason| reason.by != By::Egress);
        }
        let obligations = known.job.intent.obligations.clone();
        Ok(WhyView { job: view(&door, known)?, reasons, obligations }.into())
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
        let Some(log) = leave.subject().job.log else { return Ok(LogView::default().into()) };
        let log: LogView = serde_json::from_slice(&books.blobs.get(&log)?).map_err(WireError::internal)?;
        Ok(log.into())
    }
}

/// The run ends within a few of the sandbox's ticks; its outcome says "stopped".
impl Verb for JobStop {
    type Rooms = (Books, Works, Door);
    type Subject = Known;

    fn subject(&self, (books, ..): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (books, works, door): Self::Rooms, _: Leave<Self>) -> Told<Self> {
        let Self { id } = self;
        if !works.jobs.stop(&id) {
            return Err(WireError::new(ErrorCode::Conflict, format!("{id} is not running")));
        }
        wait(&works, &id, 5_000).await;
        Ok(show(&books, &door, &id)?.into())
    }
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
    view(door, &find(books, id)?)
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
        Ok(leave.covers(gate, action, known.target()).then(|| listed(&known)))
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

fn view(door: &Door, known: &Known) -> Result<JobView, WireError> {
    Ok(JobView { receipt: receipt(door, &known.id, &known.job)?, ..listed(known) })
}

/// A job as lists show it: without its receipt, which is signed when it is asked for.
fn listed(Known { id, job }: &Known) -> JobView {
    JobView {
        id: id.clone(),
        state: job.state,
        consumer: job.consumer.clone(),
        contract: job.intent.contract.clone(),
        dataset: job.intent.dataset.clone(),
        model: job.intent.model,
        round: job.intent.round.clone(),
        error: job.error.clone(),
        at_ms: job.at_ms,
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
