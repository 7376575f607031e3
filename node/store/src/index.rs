//! The index: the folded state on disk, so that a start need not replay the whole trail. It is never
//! trusted over the trail: it says up to which entry it goes and what that entry was, and is rebuilt when
//! anything does not fit. sled's `flush` is not durable on Linux; that costs a replay, never a fact.

use std::path::Path;

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::state::{Changed, State};

/// Version of what is stored; another one means: rebuild.
const VERSION: u32 = 1;
/// Most of the index that sled keeps in memory: it is written, and read once at a start.
const CACHE_BYTES: u64 = 8 << 20;
const APPLIED: &[u8] = b"applied";

/// How far the index goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    v: u32,
    /// Entries folded in.
    pub size: u64,
    /// Leaf hash of the last of them.
    pub last: Digest,
}

impl Applied {
    /// The index goes up to `size` entries, of which the last has the leaf hash `last`.
    pub const fn new(size: u64, last: Digest) -> Self {
        Self { v: VERSION, size, last }
    }
}

/// Anything that goes wrong with an index has the same cure: rebuild it from the trail.
#[derive(Debug, thiserror::Error)]
#[error("the index is not usable: {0}")]
pub struct IndexError(String);

impl IndexError {
    fn of(e: impl std::fmt::Display) -> Self {
        Self(e.to_string())
    }
}

/// Where the folded state is kept.
pub trait Index: Send {
    /// The state and how far it goes; none if there is none.
    fn load(&self) -> Result<Option<(State, Applied)>, IndexError>;

    /// Writes what changed and how far the state now goes, together or not at all.
    fn write(&mut self, state: &State, changed: &[Changed], applied: Applied) -> Result<(), IndexError>;

    /// Forgets everything.
    fn clear(&mut self) -> Result<(), IndexError>;
}

/// The embedded default.
pub struct SledIndex(sled::Db);

impl SledIndex {
    /// Opens the index; one that does not open is thrown away, for it can be made again.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        // sled panics on some damaged files; a damaged index must not keep a node from starting.
        let open = || {
            std::panic::catch_unwind(|| sled::Config::new().path(dir).cache_capacity(CACHE_BYTES).open())
                .map_err(|_| IndexError::of("it is damaged"))
        };
        if let Ok(Ok(db)) = open() {
            return Ok(Self(db));
        }
        tracing::warn!(dir = %dir.display(), "the index does not open; it is made anew");
        let removed = if dir.is_dir() { std::fs::remove_dir_all(dir) } else { std::fs::remove_file(dir) };
        removed.map_err(IndexError::of)?;
        open()?.map(Self).map_err(IndexError::of)
    }

    fn all<K: DeserializeOwned + Ord, V: DeserializeOwned, C: FromIterator<(K, V)>>(
        &self,
        kind: &str,
    ) -> Result<C, IndexError> {
        let prefix = format!("{kind}/");
        let parse = |found: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = found.map_err(IndexError::of)?;
            let key = key.get(prefix.len()..).unwrap_or_default();
            let key = serde_json::from_slice(key).map_err(IndexError::of)?;
            Ok((key, serde_json::from_slice(&value).map_err(IndexError::of)?))
        };
        self.0.scan_prefix(&prefix).map(parse).collect()
    }
}

impl Index for SledIndex {
    fn load(&self) -> Result<Option<(State, Applied)>, IndexError> {
        let Some(applied) = self.0.get(APPLIED).map_err(IndexError::of)? else { return Ok(None) };
        let applied: Applied = serde_json::from_slice(&applied).map_err(IndexError::of)?;
        if applied.v != VERSION {
            return Err(IndexError(format!("it is of version {}", applied.v)));
        }
        let state = State {
            peers: self.all("peer")?,
            datasets: self.all("dataset")?,
            models: self.all("model")?,
            requests: self.all("request")?,
            contracts: self.all("contract")?,
            jobs: self.all("job")?,
        };
        Ok(Some((state, applied)))
    }

    fn write(&mut self, state: &State, changed: &[Changed], applied: Applied) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for change in changed {
            match change {
                Changed::Peer(id) => put(&mut batch, "peer", id, state.peers.get(id))?,
                Changed::Dataset(id) => put(&mut batch, "dataset", id, state.datasets.get(id))?,
                Changed::Model(id) => put(&mut batch, "model", id, state.models.get(id))?,
                Changed::Request(id) => put(&mut batch, "request", id, state.requests.get(id))?,
                Changed::Contract(id) => put(&mut batch, "contract", id, state.contracts.get(id))?,
                Changed::Job(id) => put(&mut batch, "job", id, state.jobs.get(id))?,
            }
        }
        batch.insert(APPLIED, serde_json::to_vec(&applied).map_err(IndexError::of)?);
        self.0.apply_batch(batch).map_err(IndexError::of)
    }

    fn clear(&mut self) -> Result<(), IndexError> {
        self.0.clear().map_err(IndexError::of)
    }
}

fn put<K: Serialize, V: Serialize>(
    batch: &mut sled::Batch,
    kind: &str,
    id: &K,
    value: Option<&V>,
) -> Result<(), IndexError> {
    let key = format!("{kind}/{}", serde_json::to_string(id).map_err(IndexError::of)?);
    match value {
        Some(value) => {
            batch.insert(key.as_bytes(), serde_json::to_vec(value).map_err(IndexError::of)?);
        }
        None => batch.remove(key.as_bytes()),
    }
    Ok(())
}
