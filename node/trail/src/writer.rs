//! Group commit: one thread owns the trail and writes what many submit in common batches.

mod queue;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::queue::{Queue, Submission};
use crate::error::{StorageError, TrailError};
use crate::event::{Event, EventDraft};
use crate::trail::Trail;

/// Most entries of one commit: a tile of C2SP tlog-tiles.
pub const MAX_COMMIT_ENTRIES: usize = 256;

/// Longest time that a commit waits for as many submissions as the one before it had. One submitter alone never
/// waits.
pub const LINGER: Duration = Duration::from_millis(5);

/// Most entries that wait; more are refused, so that a slow disk pushes back instead of filling the memory.
pub const MAX_QUEUED_ENTRIES: usize = 4096;

/// Called once with the position of the first entry of a submission, or why none of it was recorded.
/// It runs on the writer's thread: hand the result over and return.
pub type Ack = Box<dyn FnOnce(Result<u64, TrailError>) + Send>;

/// Called on the writer's thread with every event, in order, once it is durable and before it is acknowledged:
/// the place to fold events into state. It must not panic; if it does, the writer stops.
pub type OnCommit = Box<dyn FnMut(&[(u64, Arc<Event>)]) + Send>;

/// The way into the trail for many threads. The node bridges [`Ack`] to whatever it waits with.
#[expect(missing_debug_implementations, reason = "it holds closures")]
pub struct Writer {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. `on_commit` sees only events that are recorded from now on.
    ///
    /// # Errors
    /// [`TrailError::Storage`] if no thread can be started.
    pub fn start(trail: Trail, on_commit: OnCommit) -> Result<Self, TrailError> {
        let queue = Arc::new(Queue::default());
        let closing = CloseOnDrop(Arc::clone(&queue));
        let mut committer = Committer { told: trail.size(), trail, on_commit };
        let thread = thread::Builder::new().name("trail".to_owned()).spawn(move || committer.run(&closing.0));
        let thread = thread.map_err(|error| {
            TrailError::Storage(StorageError::new("start the thread of", "writer", &error))
        })?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    /// Asks for one event to be recorded. `ack` learns the outcome; after an error it is not called.
    ///
    /// # Errors
    /// [`TrailError::QueueFull`], [`TrailError::Stopped`].
    pub fn submit(&self, draft: EventDraft, ack: Ack) -> Result<(), TrailError> {
        self.submit_batch(vec![draft], ack)
    }

    /// Asks for up to [`MAX_COMMIT_ENTRIES`] events to be recorded in a row, all or none.
    ///
    /// # Errors
    /// [`TrailError::BatchSize`] for none or too many, [`TrailError::QueueFull`], [`TrailError::Stopped`].
    pub fn submit_batch(&self, drafts: Vec<EventDraft>, ack: Ack) -> Result<(), TrailError> {
        if !(1..=MAX_COMMIT_ENTRIES).contains(&drafts.len()) {
            return Err(TrailError::BatchSize(drafts.len()));
        }
        self.queue.push(Submission { drafts, ack })
    }

    /// Lets a closure read the trail between two commits, on the writer's thread. It holds up recording while it
    /// runs: read in pieces. What a failed commit left in doubt is settled first, and told to the hook; where that
    /// fails, too, the closure sees [`Trail::in_doubt`].
    ///
    /// # Errors
    /// [`TrailError::QueueFull`], [`TrailError::Stopped`].
    pub fn inspect(&self, look: impl FnOnce(&Trail) + Send + 'static) -> Result<(), TrailError> {
        self.queue.push_look(Box::new(look))
    }

    /// Takes no more submissions, records those that wait, closes the trail and returns when that is done.
    pub fn stop(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // A panic of the hook has been reported on its thread, and every submission has been refused since.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// However the thread ends, nobody waits for it in vain.
struct CloseOnDrop(Arc<Queue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.refuse_all();
    }
}

struct Committer {
    trail: Trail,
    on_commit: OnCommit,
    /// The hook has seen the entries before this one.
    told: u64,
}

impl Committer {
    fn run(&mut self, queue: &Queue) {
        let mut expected = 1;
        while let Some(work) = queue.take(expected) {
            if !work.looks.is_empty() {
                // If it fails the doubt stays, for the look to see and the next commit to settle.
                let _ = self.settle();
            }
            work.looks.into_iter().for_each(|look| look(&self.trail));
            if !work.submissions.is_empty() {
                expected = work.submissions.iter().map(|submission| submission.drafts.len()).sum();
                self.commit(work.submissions);
            }
        }
    }

    fn commit(&mut self, submissions: Vec<Submission>) {
        if let Err(error) = self.settle() {
            submissions.into_iter().for_each(|submission| (submission.ack)(Err(error.clone())));
            return;
        }
        let batch = Numbered::new(self.trail.size(), submissions);
        let result = self.trail.append(&batch.entries, batch.time_ms);
        if result.is_ok() {
            self.told = self.trail.size();
            (self.on_commit)(&batch.events);
        }
        for (first, ack) in batch.acks {
            ack(result.clone().map(|_| first));
        }
    }

    /// Settles what a failed commit left in doubt, so that positions are certain before they are given out. A batch
    /// that was recorded after all is told to the hook; its submitters were told that it was uncertain.
    fn settle(&mut self) -> Result<(), TrailError> {
        if self.trail.in_doubt().is_some() {
            self.trail.recover()?;
        }
        let mut events = Vec::new();
        for entry in self.trail.entries(self.told..self.trail.size()) {
            let (seq, entry) = entry?;
            events.push((seq, Arc::new(Event::parse(&entry)?)));
        }
        if !events.is_empty() {
            self.told = self.trail.size();
            (self.on_commit)(&events);
        }
        Ok(())
    }
}

/// Submissions with their places, serialised.
struct Numbered {
    entries: Vec<Vec<u8>>,
    events: Vec<(u64, Arc<Event>)>,
    acks: Vec<(u64, Ack)>,
    /// The latest of the events' times: the checkpoint is no earlier than what it covers.
    time_ms: i64,
}

impl Numbered {
    /// Numbers from `next` on. A submission that breaks the schema is told so and leaves no gap.
    fn new(mut next: u64, submissions: Vec<Submission>) -> Self {
        let mut batch = Self { entries: Vec::new(), events: Vec::new(), acks: Vec::new(), time_ms: i64::MIN };
        for Submission { drafts, ack } in submissions {
            let events: Vec<Event> = (next..).zip(drafts).map(|(seq, draft)| draft.into_event(seq)).collect();
            match events.iter().map(Event::to_entry).collect::<Result<Vec<_>, _>>() {
                Ok(entries) => {
                    batch.acks.push((next, ack));
                    next += entries.len() as u64;
                    batch.entries.extend(entries);
                    batch.time_ms = events.iter().map(|event| event.time_ms).fold(batch.time_ms, i64::max);
                    batch.events.extend(events.into_iter().map(|event| (event.seq, Arc::new(event))));
                }
                Err(error) => ack(Err(error.into())),
            }
        }
        batch
    }
}
