//! Opening a trail: replay it, refuse what was not signed, cut what was never acknowledged.

use std::sync::Arc;

use qianmo_crypto::keys::KeyProvider;

use super::{Recovery, Trail};
use crate::checkpoint::Checkpoint;
use crate::error::{At as _, StorageError, TrailError};
use crate::layout::{self, CHECKPOINT, HASH_LEN, HASHES, HISTORY, History, Shape};
use crate::note::{NoteError, VerifyingKey};
use crate::storage::{Storage, read_all};
use crate::verify::{Problem, ProblemKind, Roots, locate};
use crate::walk::{self, Walk};

impl Trail {
    /// Opens the trail of `origin` (the node's identity URI), or makes an empty one where there is nothing.
    /// The checkpoint must be signed with `keys`, the hash file must give its root, and the last 64 MiB of entries are
    /// read and hashed; all of them where anything does not fit. Earlier entries are hashed when they are first read:
    /// [`Recovery::unread`] says how many that are. Then the unacknowledged rest of a crash is cut and derived files are
    /// repaired.
    ///
    /// # Errors
    /// [`TrailError::Damaged`] names the first bad entry and leaves everything as it is; [`TrailError::NotOurs`];
    /// [`TrailError::Storage`] if files cannot be read, or not be made for a new trail.
    pub fn open(
        storage: impl Storage + 'static,
        origin: &str,
        keys: Arc<dyn KeyProvider>,
        now_ms: i64,
    ) -> Result<(Self, Recovery), TrailError> {
        Self::open_with(Box::new(storage), origin, keys, now_ms, Shape::default())
    }

    pub(crate) fn open_with(
        mut storage: Box<dyn Storage>,
        origin: &str,
        keys: Arc<dyn KeyProvider>,
        now_ms: i64,
        shape: Shape,
    ) -> Result<(Self, Recovery), TrailError> {
        let key = VerifyingKey::new(origin, keys.public_key()).map_err(TrailError::NotOurs)?;
        let created = create_if_missing(&mut *storage, origin, &*keys, now_ms)?;
        let loaded = Loaded::read(&*storage, &key, None, u64::MAX, shape.read_bytes)?;
        let unfinished = loaded.repair(&mut *storage).err();
        let recovery = Recovery { created, unfinished: unfinished.clone(), ..loaded.recovery() };
        let mut trail = Self {
            storage,
            keys,
            key,
            shape,
            segments: loaded.walk.segments,
            range: loaded.walk.range,
            checkpoint: loaded.checkpoint,
            note: loaded.note,
            sealed: loaded.sealed,
            history_len: loaded.history_len,
            doubt: unfinished,
            begin_segment: false,
        };
        trail.seal_if_due();
        Ok((trail, recovery))
    }

    /// Reads all files again, as after a restart, and settles what a failure left in doubt. If a batch whose
    /// recording was uncertain turns out recorded, the trail is longer afterwards.
    ///
    /// # Errors
    /// As [`Trail::open`]; the trail stays in doubt then.
    pub fn recover(&mut self) -> Result<Recovery, TrailError> {
        // What was written to the derived files since their last good sync may be what a failed one lost.
        let read_bytes = self.shape.read_bytes;
        let mut loaded =
            Loaded::read(&*self.storage, &self.key, Some(&self.checkpoint), self.sealed, read_bytes)?;
        loaded.forget_history_from(self.history_len, self.sealed);
        loaded.repair(&mut *self.storage).map_err(TrailError::Storage)?;
        let recovery = loaded.recovery();
        self.segments = loaded.walk.segments;
        self.range = loaded.walk.range;
        self.checkpoint = loaded.checkpoint;
        self.note = loaded.note;
        self.sealed = loaded.sealed;
        self.history_len = loaded.history_len;
        self.begin_segment = true;
        self.doubt = None;
        self.seal_if_due();
        Ok(recovery)
    }
}

/// Signs and stores the head of an empty trail, if there is nothing at all.
fn create_if_missing(
    storage: &mut dyn Storage,
    origin: &str,
    keys: &dyn KeyProvider,
    now_ms: i64,
) -> Result<bool, TrailError> {
    let files = storage.list().at("list", "folder").map_err(TrailError::Storage)?;
    if files.iter().any(|(name, _)| is_part(name)) {
        return Ok(false);
    }
    let note = Checkpoint::empty(origin, now_ms).sign(keys).map_err(TrailError::Sign)?;
    let stored = storage.replace(CHECKPOINT, note.as_bytes()).at("write", CHECKPOINT);
    stored.map(|()| true).map_err(TrailError::Storage)
}

fn is_part(name: &str) -> bool {
    [CHECKPOINT, HISTORY, HASHES].contains(&name) || layout::segment_first(name).is_some()
}

/// The files as they were read and found good.
struct Loaded {
    checkpoint: Checkpoint,
    note: String,
    walk: Walk,
    sealed: u64,
    history_len: u64,
    history_cut: u64,
    /// Hashes to write, from this entry on.
    rebuilt: Option<u64>,
    hashes: Vec<u8>,
}

impl Loaded {
    /// Replays the files. Hashes from `doubtful` on are written again even where they read well.
    fn read(
        storage: &dyn Storage,
        key: &VerifyingKey,
        acknowledged: Option<&Checkpoint>,
        doubtful: u64,
        read_bytes: u64,
    ) -> Result<Self, TrailError> {
        let (checkpoint, note) = read_checkpoint(storage, key)?;
        let history = read_all(storage, HISTORY).at("read", HISTORY).map_err(TrailError::Storage)?;
        let history = history.unwrap_or_default();
        let history_file_len = history.len() as u64;
        let history = History::parse(&history);

        let mut roots = Roots::wanted(&history, acknowledged);
        let failed =
            |error: std::io::Error| TrailError::Storage(StorageError::new("read", "entries", &error));
        let skimmed = walk::skim(storage, &checkpoint, &mut roots, read_bytes).map_err(failed)?;
        let (walk, rebuilt, hashes) = match skimmed {
            Some(walk) if doubtful >= checkpoint.size => (walk, None, Vec::new()),
            Some(walk) => {
                // They gave the signed root as they were read; what is doubtful is whether they are on the disk.
                let hashes = storage.read(HASHES, doubtful * HASH_LEN, usize::MAX).map_err(failed)?;
                let len = ((checkpoint.size - doubtful) * HASH_LEN) as usize;
                (walk, Some(doubtful), hashes.get(..len).unwrap_or(&hashes).to_vec())
            }
            None => {
                roots = Roots::wanted(&history, acknowledged);
                let (mut rebuilt, mut hashes) = (None, Vec::new());
                let walk = walk::walk(storage, checkpoint.size, &mut roots, &mut |placed| {
                    if !placed.hashed || placed.seq >= doubtful || rebuilt.is_some() {
                        rebuilt.get_or_insert(placed.seq);
                        hashes.extend_from_slice(placed.leaf.as_bytes());
                    }
                });
                (walk.map_err(failed)?, rebuilt, hashes)
            }
        };
        let problems = locate::problems(&walk, None, &checkpoint, &history, &roots, acknowledged);
        match problems.into_iter().next() {
            Some(problem) => Err(TrailError::Damaged(Box::new(problem))),
            None => Ok(Self {
                sealed: history.sealed(),
                history_len: history.len,
                history_cut: history_file_len - history.len,
                checkpoint,
                note,
                walk,
                rebuilt,
                hashes,
            }),
        }
    }

    fn forget_history_from(&mut self, len: u64, sealed: u64) {
        self.history_cut += self.history_len.saturating_sub(len);
        self.history_len = self.history_len.min(len);
        self.sealed = self.sealed.min(sealed);
    }

    fn recovery(&self) -> Recovery {
        Recovery {
            cut_bytes: self.walk.tails.iter().map(|tail| tail.len).sum(),
            hashes_rebuilt_from: self.rebuilt,
            history_cut_bytes: self.history_cut,
            unread: self.walk.segments.iter().filter(|s| s.is_unread()).map(|s| s.entries).sum(),
            ..Recovery::default()
        }
    }

    fn repair(&self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        // A process that died between renaming the checkpoint and syncing the folder left a head that reads show
        // and a power cut would take back. What is shown from here on must be durable first.
        storage.replace(CHECKPOINT, self.note.as_bytes()).at("replace", CHECKPOINT)?;
        for tail in &self.walk.tails {
            storage.truncate(&tail.file, tail.offset).at("cut", &tail.file)?;
        }
        match self.rebuilt {
            Some(from) => {
                storage.append(HASHES, from * HASH_LEN, &self.hashes).at("write", HASHES)?;
                storage.sync(HASHES).at("sync", HASHES)?;
            }
            None => storage.truncate(HASHES, self.checkpoint.size * HASH_LEN).at("cut", HASHES)?,
        }
        if self.history_cut > 0 {
            storage.truncate(HISTORY, self.history_len).at("cut", HISTORY)?;
        }
        Ok(())
    }
}

fn read_checkpoint(storage: &dyn Storage, key: &VerifyingKey) -> Result<(Checkpoint, String), TrailError> {
    let damaged =
        |kind, detail: String| TrailError::Damaged(Box::new(Problem::file(kind, CHECKPOINT, detail)));
    let bytes = read_all(storage, CHECKPOINT).at("read", CHECKPOINT).map_err(TrailError::Storage)?;
    let Some(bytes) = bytes else {
        return Err(damaged(ProblemKind::FileMissing, "there are entries and no checkpoint".to_owned()));
    };
    let note = String::from_utf8(bytes)
        .map_err(|_| damaged(ProblemKind::CheckpointBroken, "it is not text".to_owned()))?;
    match Checkpoint::verify(&note, key) {
        Ok(checkpoint) => Ok((checkpoint, note)),
        Err(error @ NoteError::NotSigned(_)) => Err(TrailError::NotOurs(error)),
        Err(error) => Err(damaged(ProblemKind::CheckpointBroken, error.to_string())),
    }
}
