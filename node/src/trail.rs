//! The node's ledger: facts become events, events become durable, and only then state.

mod draft;
mod outcome;

pub(crate) use outcome::Used;

use std::{
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use qianmo_crypto::{keys::KeyProvider, sm3::Digest};
use qianmo_proto::{ErrorCode, Identity, JobId, NameError, WireError, views::Reason};
use qianmo_trail::{Event, EventDraft, Trail, TrailError, Writer, merkle, storage::Storage};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    auth::Peer,
    clock::Clock,
    config::Config,
    store::{
        blobs::Blobs,
        facts::{self, Fact, NoFact},
        index::{Applied, Index, IndexError, SledIndex},
        state::{Recorded, State},
    },
};

/// Leave for a job in the words of the trail: what its intent says and keeps.
pub(crate) trait Charge {
    /// The job.
    fn job(&self) -> &JobId;

    /// Who ordered it, and SM3 of the certificate.
    fn payer(&self) -> (&Identity, Digest);

    /// The signed order as it is kept.
    fn document(&self) -> Result<Vec<u8>, WireError>;

    /// The fact that charges for it, with the order's blob and the policies that gave leave.
    fn fact(&self, order: Digest, reasons: Vec<Reason>) -> facts::Intent;

    /// Adds to the entry what only the leave knows: exchange, purpose, model, parameters.
    fn describe(&self, draft: &mut EventDraft);
}

/// A job whose intent is durable: from here on it may run, and will have exactly one outcome. Made by
/// [`Ledger::intend`] and [`Ledger::resume`] alone.
#[derive(Debug)]
pub(crate) struct Intent<P> {
    permit: P,
}

impl<P> Intent<P> {
    /// What it was given leave for.
    pub(crate) const fn permit(&self) -> &P {
        &self.permit
    }
}

/// Why the ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The trail is damaged, not ours, or cannot be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The index can neither be opened nor made anew.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// An entry says what this version does not read.
    #[error("entry {seq} ({action}): {why}")]
    Entry {
        /// Its place.
        seq: u64,
        /// What it says it is.
        action: String,
        /// What is wrong.
        why: String,
    },
}

/// The way onto the trail.
pub(crate) struct Ledger {
    writer: Writer,
    node: Identity,
    clock: Arc<dyn Clock>,
    blobs: Blobs,
    size: Arc<AtomicU64>,
    state: Arc<RwLock<State>>,
}

impl Ledger {
    /// Opens the trail, brings the state up to it, and starts the writer.
    pub(crate) fn open(
        storage: impl Storage + 'static,
        config: &Config,
        (keys, clock, blobs): (Arc<dyn KeyProvider>, Arc<dyn Clock>, Blobs),
    ) -> Result<(Self, Arc<RwLock<State>>), OpenError> {
        let origin = config.identity.to_string();
        let (trail, recovery) = Trail::open(storage, &origin, keys, clock.now_ms())?;
        if recovery.cut_bytes > 0 {
            tracing::warn!(bytes = recovery.cut_bytes, "cut an unacknowledged tail of the trail");
        }
        if recovery.unread > 0 {
            let entries = recovery.unread;
            tracing::info!(
                entries,
                "the signed hashes of earlier entries hold; each is read when it is needed"
            );
        }
        let mut folder = Folder::open(&config.index_dir(), &trail)?;
        let state = Arc::clone(&folder.state);
        let size = Arc::new(AtomicU64::new(trail.size()));
        let published = Arc::clone(&size);
        let on_commit = Box::new(move |events: &[(u64, Arc<Event>)]| {
            folder.committed(events);
            published.store(folder.size, Ordering::Release);
        });
        let writer = Writer::start(trail, on_commit)?;
        let ledger =
            Self { writer, node: config.identity.clone(), clock, blobs, size, state: Arc::clone(&state) };
        Ok((ledger, state))
    }

    /// Entries so far.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Records what `peer` did. Durable, and folded into the state, on return.
    pub(crate) async fn record(&self, peer: &Peer, fact: Fact) -> Result<u64, WireError> {
        self.record_for(peer.identity(), Some(peer.verified.fingerprint), fact).await
    }

    /// Records what the node did by itself.
    pub(crate) async fn record_own(&self, fact: Fact) -> Result<u64, WireError> {
        self.record_for(&self.node, None, fact).await
    }

    /// Records what somebody did.
    pub(crate) async fn record_for(
        &self,
        actor: &Identity,
        certificate: Option<Digest>,
        fact: Fact,
    ) -> Result<u64, WireError> {
        let draft = draft::of(actor, certificate, self.clock.now_ms(), &fact);
        self.submit(draft.map_err(|e| unavailable(&e))?).await
    }

    /// Makes a job's intent durable: the order first, as a blob, then the entry that charges the contract.
    pub(crate) async fn intend<P: Charge>(
        &self,
        permit: P,
        reasons: Vec<Reason>,
    ) -> Result<Intent<P>, WireError> {
        let order = self.blobs.put(&permit.document()?)?;
        let fact = Fact::JobIntended(Box::new(permit.fact(order, reasons)));
        let (payer, certificate) = permit.payer();
        let mut draft =
            draft::of(payer, Some(certificate), self.clock.now_ms(), &fact).map_err(|e| unavailable(&e))?;
        permit.describe(&mut draft);
        self.submit(draft).await?;
        Ok(Intent { permit })
    }

    /// The intent of a job that is taken up again: it is on the trail already, now with one more attempt.
    pub(crate) async fn resume<P: Charge>(&self, permit: P) -> Result<Intent<P>, WireError> {
        self.record_own(Fact::JobResumed { job: permit.job().clone() }).await?;
        Ok(Intent { permit })
    }

    /// Reads the trail between two commits.
    pub(crate) async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Trail) -> Result<T, TrailError> + Send + 'static,
    ) -> Result<T, WireError> {
        let (sender, receiver) = oneshot::channel();
        self.writer
            .inspect(move |trail| {
                // The asker may have gone; then nobody wants the answer.
                let _ = sender.send(look(trail));
            })
            .map_err(|e| unavailable(&e))?;
        receiver.await.map_err(|_| unavailable(&TrailError::Stopped))?.map_err(|e| unavailable(&e))
    }

    /// Records what waits and takes nothing more.
    pub(crate) fn close(&self) {
        self.writer.stop();
    }

    async fn submit(&self, draft: EventDraft) -> Result<u64, WireError> {
        let (sender, receiver) = oneshot::channel();
        let acknowledge = Box::new(move |result| {
            // The asker may have gone; the entry stands all the same.
            let _ = sender.send(result);
        });
        self.writer.submit(draft, acknowledge).map_err(|e| unavailable(&e))?;
        receiver.await.map_err(|_| unavailable(&TrailError::Stopped))?.map_err(|e| unavailable(&e))
    }
}

/// Cannot record, so cannot do.
fn unavailable(e: &TrailError) -> WireError {
    let code = match e {
        TrailError::Event(_) => ErrorCode::TooLarge,
        TrailError::QueueFull => ErrorCode::Busy,
        _ => ErrorCode::TrailUnavailable,
    };
    WireError::new(code, format!("nothing was done, because it cannot be recorded: {e}"))
}

/// Entries that are folded and put into the index together at a start.
const AT_ONCE: usize = 1_000;

/// Keeps the state and its index at the trail's head. Lives on the writer's thread.
struct Folder {
    state: Arc<RwLock<State>>,
    index: Option<Box<dyn Index>>,
    size: u64,
}

impl Folder {
    fn open(dir: &Path, trail: &Trail) -> Result<Self, OpenError> {
        let mut index: Box<dyn Index> = Box::new(SledIndex::open(dir)?);
        let (state, size) = match usable(index.as_ref(), trail) {
            Some((state, applied)) => (state, applied.size),
            None => {
                index.clear()?;
                (State::default(), 0)
            }
        };
        let behind = trail.size() - size;
        let mut folder = Self { state: Arc::new(RwLock::new(state)), index: Some(index), size };
        let mut batch = Vec::new();
        for entry in trail.entries(size..trail.size()) {
            let (seq, bytes) = entry?;
            let event = Event::parse(&bytes).map_err(|e| not_understood(seq, &bytes, &e))?;
            batch.push(recorded(&event).map_err(|e| not_understood(seq, &bytes, &e))?);
            if batch.len() == AT_ONCE || seq + 1 == trail.size() {
                folder.fold(&batch, &bytes);
                batch.clear();
            }
        }
        if behind > 0 {
            tracing::info!(entries = behind, "the index was brought up to the trail");
        }
        Ok(folder)
    }

    /// Folds what the writer has just recorded.
    fn committed(&mut self, events: &[(u64, Arc<Event>)]) {
        let Some((_, last)) = events.last() else { return };
        let read = events.iter().map(|(_, event)| recorded(event).map_err(|e| e.to_string()));
        match read.collect::<Result<Vec<_>, _>>().and_then(|read| Ok((read, to_entry(last)?))) {
            Ok((read, entry)) => self.fold(&read, &entry),
            Err(error) => {
                tracing::error!(seq = last.seq, error, "an entry of this very version is not understood")
            }
        }
    }

    /// Folds `events`, the last of which is `entry` on the trail.
    fn fold(&mut self, events: &[Recorded], entry: &[u8]) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let changed: Vec<_> = events.iter().flat_map(|event| state.apply(event)).collect();
        self.size = events.last().map_or(self.size, |last| last.seq + 1);
        let Some(index) = self.index.as_mut() else { return };
        let applied = Applied::new(self.size, merkle::leaf_hash(entry));
        if let Err(e) = index.write(&state, &changed, applied) {
            tracing::error!(error = %e, "the index is given up until the next start");
            self.index = None;
        }
    }
}

/// Why the node does not start over entry `seq`, with its action as far as it can be read.
fn not_understood(seq: u64, entry: &[u8], why: &dyn std::fmt::Display) -> OpenError {
    let action = serde_json::from_slice::<Value>(entry).ok();
    let action = action.as_ref().and_then(|event| event.get("action")).and_then(Value::as_str);
    OpenError::Entry { seq, action: action.unwrap_or("no action").to_owned(), why: why.to_string() }
}

/// The index's state, if it belongs to this trail.
fn usable(index: &dyn Index, trail: &Trail) -> Option<(State, Applied)> {
    let loaded = index.load().unwrap_or_else(|e| {
        tracing::warn!(error = %e, "rebuilding the index from the trail");
        None
    });
    let (state, applied) = loaded?;
    let last = applied.size.checked_sub(1).and_then(|seq| trail.entry(seq).ok())?;
    let fits = merkle::leaf_hash(&last) == applied.last;
    if !fits {
        tracing::warn!("the index is of another trail; rebuilding it");
    }
    fits.then_some((state, applied))
}

fn to_entry(event: &Event) -> Result<Vec<u8>, String> {
    event.to_entry().map_err(|e| e.to_string())
}

/// Why an event is none of a node's own of this version.
#[derive(Debug, thiserror::Error)]
enum NotRecorded {
    #[error(transparent)]
    Actor(#[from] NameError),
    #[error(transparent)]
    Fact(#[from] NoFact),
}

fn recorded(event: &Event) -> Result<Recorded, NotRecorded> {
    let fact = Fact::read(event.body.as_ref())?;
    Ok(Recorded { seq: event.seq, time_ms: event.time_ms, actor: event.actor.id.parse()?, fact })
}

#[cfg(test)]
mod tests;
