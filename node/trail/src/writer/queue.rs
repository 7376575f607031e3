//! What waits for the writer.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Ack, LINGER, MAX_COMMIT_ENTRIES, MAX_QUEUED_ENTRIES};
use crate::error::TrailError;
use crate::event::EventDraft;
use crate::trail::Trail;

pub(super) type Look = Box<dyn FnOnce(&Trail) + Send>;

pub(super) struct Submission {
    pub(super) drafts: Vec<EventDraft>,
    pub(super) ack: Ack,
}

/// What the writer does next.
pub(super) struct Work {
    pub(super) looks: Vec<Look>,
    pub(super) submissions: Vec<Submission>,
}

/// A bounded queue whose reader takes as much as fits one commit.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    submissions: VecDeque<Submission>,
    looks: Vec<Look>,
    /// Over all submissions.
    entries: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn push(&self, submission: Submission) -> Result<(), TrailError> {
        let mut waiting = self.waiting();
        waiting.admit(submission.drafts.len())?;
        waiting.entries += submission.drafts.len();
        waiting.submissions.push_back(submission);
        self.arrived.notify_one();
        Ok(())
    }

    pub(super) fn push_look(&self, look: Look) -> Result<(), TrailError> {
        let mut waiting = self.waiting();
        waiting.admit(1)?;
        waiting.looks.push(look);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for work; once there is some, up to [`LINGER`] for `expected` entries. `None` when the queue is closed
    /// and empty.
    pub(super) fn take(&self, expected: usize) -> Option<Work> {
        let expected = expected.min(MAX_COMMIT_ENTRIES);
        let idle = |waiting: &mut Waiting| waiting.is_empty() && !waiting.closed;
        let mut waiting =
            self.arrived.wait_while(self.waiting(), idle).unwrap_or_else(PoisonError::into_inner);
        if waiting.looks.is_empty() {
            let few = |waiting: &mut Waiting| waiting.entries < expected && !waiting.closed;
            let lingered = self.arrived.wait_timeout_while(waiting, LINGER, few);
            waiting = lingered.unwrap_or_else(PoisonError::into_inner).0;
        }
        (!waiting.is_empty()).then(|| waiting.take())
    }

    /// Takes nothing more; what waits is still worked off.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.arrived.notify_all();
    }

    /// Takes nothing more and refuses what waits.
    pub(super) fn refuse_all(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.looks.clear();
        let refused = mem::take(&mut waiting.submissions);
        waiting.entries = 0;
        // An acknowledgement may submit again.
        drop(waiting);
        refused.into_iter().for_each(|submission| (submission.ack)(Err(TrailError::Stopped)));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn admit(&self, more: usize) -> Result<(), TrailError> {
        if self.closed {
            return Err(TrailError::Stopped);
        }
        let full = self.entries + self.looks.len() + more > MAX_QUEUED_ENTRIES;
        if full { Err(TrailError::QueueFull) } else { Ok(()) }
    }

    fn is_empty(&self) -> bool {
        self.submissions.is_empty() && self.looks.is_empty()
    }

    /// All looks, and as many submissions as fit one commit; one always fits.
    fn take(&mut self) -> Work {
        let mut submissions = Vec::new();
        let mut entries = 0;
        while let Some(next) = self.submissions.pop_front_if(|next| {
            entries += next.drafts.len();
            entries <= MAX_COMMIT_ENTRIES
        }) {
            self.entries -= next.drafts.len();
            submissions.push(next);
        }
        Work { looks: mem::take(&mut self.looks), submissions }
    }
}
