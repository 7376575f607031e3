//! Compiled models by digest: compiling costs 30 ms to seconds, a federated run asks for the same model
//! every round.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use qianmo_crypto::sm3::Digest;
use qianmo_proto::{ErrorCode, WireError};
use qianmo_sandbox::{Engine, Model, VetError, World};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::blobs::Blobs;

/// Compiled models kept in memory. A compiled Rust model takes 100 KB to a few MB, a Python one 40 MB.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// Longest wait for a turn to try a model out.
const TRIAL_WAIT: Duration = Duration::from_secs(20);

/// The engine with the models it has compiled.
#[derive(Clone)]
pub(crate) struct Models {
    engine: Engine,
    blobs: Blobs,
    compiled: Arc<Mutex<LruCache<Digest, Model>>>,
    /// One trial at a time: what costs nothing must not take a core from what is paid for.
    trials: Arc<Semaphore>,
}

impl Models {
    pub(crate) fn new(engine: Engine, blobs: Blobs) -> Self {
        Self {
            engine,
            blobs,
            compiled: Arc::new(Mutex::new(LruCache::new(KEPT))),
            trials: Arc::new(Semaphore::new(1)),
        }
    }

    /// Vets and compiles an upload and says which world it exports. Kept compiled: its first job comes soon.
    pub(crate) fn admit(&self, digest: Digest, component: &[u8]) -> Result<World, VetError> {
        let model = self.engine.compile(component)?;
        let world = model.world();
        self.lock().put(digest, model);
        Ok(world)
    }

    /// The compiled model of this digest; blocks while it compiles.
    pub(crate) fn get(&self, digest: &Digest) -> Result<Model, WireError> {
        if let Some(model) = self.lock().get(digest) {
            return Ok(model.clone());
        }
        let bytes = self.blobs.get(digest)?;
        let model = self
            .engine
            .compile(&bytes)
            .map_err(|e| WireError::new(ErrorCode::Model, format!("the model does not compile: {e}")))?;
        self.lock().put(*digest, model.clone());
        Ok(model)
    }

    /// A turn to try a model out without rows; none if others take too long.
    pub(crate) async fn trial(&self) -> Option<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(TRIAL_WAIT, Arc::clone(&self.trials).acquire_owned()).await;
        turn.ok().and_then(Result::ok)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Digest, Model>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
