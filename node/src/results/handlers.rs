//! Results: fetched by who ordered them, released or kept back by the stewards of the data.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    Action, ErrorCode, JobId, WireError,
    ask::{ResultGet, ResultLs, ResultPreview, ResultRelease, ResultWithhold},
    views::{JobState, JobView, PreviewView},
};

use crate::{
    auth::Peer,
    contracts::handlers::check_reason,
    egress,
    job::handlers::{Known, find, hidden, receipt, show, visible},
    rooms::{Books, Door, Gate},
    serve::{
        payload::Payload,
        verb::{Answered, Each, Leave, Told, Verb},
    },
    store::{facts::Fact, state::Job},
};

/// The results that the caller may fetch or, with `held`, decide on.
impl Verb for ResultLs {
    type Rooms = (Books, Gate);
    type Subject = Each;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, (books, gate): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Self { held, lookup } = self;
        let action = if held { Action::ReleaseResult } else { Action::FetchResult };
        let wanted = if held { JobState::Held } else { JobState::Released };
        Ok(visible(&books, &gate, &leave, (action, &lookup), |job| job.state == wanted)?.into())
    }
}

/// The receipt, and the bytes it speaks of.
impl Verb for ResultGet {
    type Rooms = (Books, Gate, Door);
    type Subject = Known;

    fn subject(&self, (books, ..): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (books, gate, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let known = leave.subject();
        let Known { id, job } = known;
        if job.state == JobState::Held && leave.covers(&gate, Action::PreviewResult, known.target()) {
            return Err(held_for_you(id));
        }
        let digest = released(id, job)?;
        let released = egress::readmit(books.blobs.get(&digest)?, &digest)?;
        let receipt =
            receipt(&door, id, job)?.ok_or_else(|| WireError::internal("the release has no trail entry"))?;
        Ok(Answered::with(receipt, Payload::Released(released)))
    }
}

fn held_for_you(id: &JobId) -> WireError {
    let text =
        format!("the result of {id} waits for your decision; look at it with `qianmo result show {id}`");
    let zh = format!("{id} 的结果正等候您决定；请用 `qianmo result show {id}` 查看");
    WireError::new(ErrorCode::Held, text).with_zh(zh)
}

/// What a steward decides on. That they looked is on the trail before the bytes leave.
impl Verb for ResultPreview {
    type Rooms = (Books, Door);
    type Subject = Known;

    fn subject(&self, (books, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (books, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Known { id, job } = leave.subject();
        let (JobState::Held, Some((result, _))) = (job.state, job.result) else {
            let text =
                format!("the result of {id} is {}, not held; see `qianmo job show {id}`", job.state.as_str());
            return Err(WireError::new(ErrorCode::Conflict, text));
        };
        let preview = egress::preview(books.blobs.get(&result)?, &result)?;
        books.trail.record(leave.peer(), Fact::ResultPreviewed { job: id.clone(), result }).await?;
        let view = PreviewView { job: show(&books, &door, id)?, reasons: job.reasons.clone(), result };
        Ok(Answered::with(view, Payload::Preview(preview)))
    }
}

fn released(id: &JobId, job: &Job) -> Result<Digest, WireError> {
    let told = || job.error.clone();
    match (job.state, job.result) {
        (JobState::Released, Some((digest, _))) => Ok(digest),
        (JobState::Queued | JobState::Running, _) => {
            Err(WireError::new(ErrorCode::Busy, format!("{id} is still running; try again later")))
        }
        (JobState::Held, _) => Err(told().unwrap_or_else(|| {
            WireError::new(ErrorCode::Held, format!("the result of {id} waits for a steward"))
        })),
        (JobState::Withheld, _) => Err(WireError::new(
            ErrorCode::Withheld,
            format!("a steward keeps the result of {id} back; see `qianmo job why {id}`"),
        )),
        (JobState::Released | JobState::Failed, _) => {
            Err(told().unwrap_or_else(|| WireError::new(ErrorCode::NotFound, format!("{id} has no result"))))
        }
    }
}

impl Verb for ResultRelease {
    type Rooms = (Books, Door);
    type Subject = Known;

    fn subject(&self, (books, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        check_reason(&self.reason)?;
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (books, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Self { id, reason } = self;
        let fact = Fact::ResultReleased { job: id.clone(), reason };
        Ok(settle(&books, &door, leave.peer(), &id, fact).await?.into())
    }
}

impl Verb for ResultWithhold {
    type Rooms = (Books, Door);
    type Subject = Known;

    fn subject(&self, (books, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        check_reason(&self.reason)?;
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        hidden(&self.id)
    }

    async fn run(self, (books, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Self { id, reason } = self;
        let fact = Fact::ResultWithheld { job: id.clone(), reason };
        Ok(settle(&books, &door, leave.peer(), &id, fact).await?.into())
    }
}

async fn settle(
    books: &Books,
    door: &Door,
    peer: &Peer,
    id: &JobId,
    fact: Fact,
) -> Result<JobView, WireError> {
    let _turn = books.answers.lock().await; // two stewards at once: one answer
    let Known { job, .. } = find(books, id)?;
    if job.state != JobState::Held {
        let text = format!("the result of {id} is {}, not held; nothing was changed", job.state.as_str());
        return Err(WireError::new(ErrorCode::Conflict, text));
    }
    books.trail.record(peer, fact).await?;
    show(books, door, id)
}
