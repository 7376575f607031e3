//! What a node is made of, in four groups. [`House`] has them all; everybody else is handed the groups it uses.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, RwLock, RwLockReadGuard},
};

use arc_swap::ArcSwap;
use qianmo_certs::Trust;
use qianmo_crypto::keys::KeyProvider;
use qianmo_policies::PolicySet;
use tokio::sync::{Semaphore, watch};

use crate::{
    catalog::known::Known,
    certificate::OwnCertificate,
    clock::Clock,
    config::Config,
    fault::Faults,
    job::{queue::Queue, running::Jobs},
    models::compiled::Models,
    net::{breaker::Breakers, links::Links},
    store::{blobs::Blobs, state::State},
    tasks::Tasks,
    trail::Ledger,
};

/// Uploads of models at once: each may be 32 MiB.
pub(crate) const UPLOADS: usize = 4;
/// Datasets read at once: each may take a core for as long as it is allowed.
pub(crate) const READINGS: usize = 2;

/// What the node remembers, and the time.
#[derive(Clone)]
pub(crate) struct Books {
    pub(crate) trail: Arc<Ledger>,
    pub(crate) blobs: Blobs,
    pub(crate) clock: Arc<dyn Clock>,
    /// One answer of a steward at a time.
    pub(crate) answers: Arc<tokio::sync::Mutex<()>>,
    pub(crate) state: Arc<RwLock<State>>,
}

impl Books {
    /// The state folded from the trail. Hold it briefly and never across an await.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        // The writer replaces entries one by one; a panic while it held the lock leaves a valid map.
        self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// UNIX milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

/// What decides.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) policies: Arc<PolicySet>,
    /// One decision on an order at a time.
    pub(crate) decisions: Arc<Mutex<()>>,
    /// Descriptors read before.
    pub(crate) descriptors: Arc<Known>,
    /// Runs that are promised and not yet charged.
    pub(crate) jobs: Jobs,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Arc<Config>,
}

/// What works: models, jobs, readings, and the places for them.
#[derive(Clone)]
pub(crate) struct Works {
    pub(crate) jobs: Jobs,
    pub(crate) models: Models,
    /// Places for jobs that run.
    pub(crate) queue: Queue,
    pub(crate) uploads: Arc<Semaphore>,
    /// Places for datasets that are read before they are listed.
    pub(crate) readings: Arc<Semaphore>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) faults: Faults,
    pub(crate) config: Arc<Config>,
    pub(crate) stop: Arc<watch::Sender<bool>>,
}

impl Works {
    /// Tells every part that the node shuts down.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Turns true when the node shuts down.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// The node as others meet it: its name and key, whom it trusts, the ways out.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) keys: Arc<dyn KeyProvider>,
    /// The node's certificate, renewed while it runs.
    pub(crate) certificate: Arc<ArcSwap<OwnCertificate>>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) links: Arc<Links>,
    pub(crate) breakers: Arc<Breakers>,
    /// Where the node listens.
    pub(crate) address: SocketAddr,
    pub(crate) config: Arc<Config>,
}

/// All of it. Only the composition root and the router have one.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) books: Books,
    pub(crate) gate: Gate,
    pub(crate) works: Works,
    pub(crate) door: Door,
}

/// Groups that can be handed out of a house.
pub(crate) trait Rooms: Send + Sync {
    /// Takes them.
    fn of(house: &House) -> Self;
}

impl Rooms for Books {
    fn of(house: &House) -> Self {
        house.books.clone()
    }
}

impl Rooms for Gate {
    fn of(house: &House) -> Self {
        house.gate.clone()
    }
}

impl Rooms for Works {
    fn of(house: &House) -> Self {
        house.works.clone()
    }
}

impl Rooms for Door {
    fn of(house: &House) -> Self {
        house.door.clone()
    }
}

impl<A: Rooms, B: Rooms> Rooms for (A, B) {
    fn of(house: &House) -> Self {
        (A::of(house), B::of(house))
    }
}

impl<A: Rooms, B: Rooms, C: Rooms> Rooms for (A, B, C) {
    fn of(house: &House) -> Self {
        (A::of(house), B::of(house), C::of(house))
    }
}
