//! The trail itself: open, append, read.

mod batch;
mod open;
mod read;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use qianmo_crypto::keys::KeyProvider;
use qianmo_crypto::sm3::Digest;

use self::batch::Batch;
pub use self::read::Entries;
use crate::checkpoint::Checkpoint;
use crate::error::{At as _, StorageError, TrailError};
use crate::event::MAX_ENTRY_BYTES;
use crate::layout::{self, CHECKPOINT, HASH_LEN, HASHES, HISTORY, Shape};
use crate::merkle::CompactRange;
use crate::note::VerifyingKey;
use crate::storage::{Storage, read_all};
use crate::walk::Segment;

/// Most entries of one [`Trail::append`].
pub const MAX_BATCH_ENTRIES: usize = 4096;

/// Most bytes of one [`Trail::append`]. It bounds a segment, whose offsets are kept in 32 bits.
pub const MAX_BATCH_BYTES: usize = 32 << 20;

/// An append-only log of entries under a signed Merkle root.
///
/// What [`append`](Trail::append) has acknowledged is durable, in this order: the entries are synced, then the
/// checkpoint that covers them is. So the checkpoint is the record of what was acknowledged, and the trail never
/// signs a smaller or other tree than one it has shown: after a crash, what lies behind the checkpoint was
/// never acknowledged and is cut.
#[expect(missing_debug_implementations, reason = "it holds the node's keys")]
pub struct Trail {
    storage: Box<dyn Storage>,
    keys: Arc<dyn KeyProvider>,
    key: VerifyingKey,
    shape: Shape,
    segments: Vec<Segment>,
    range: CompactRange,
    checkpoint: Checkpoint,
    note: String,
    /// Size of the last head in the history, and the history's length in bytes.
    sealed: u64,
    history_len: u64,
    /// Why the files must be read again before the next entry.
    doubt: Option<StorageError>,
    /// The next batch begins a segment: nothing more is written to a file whose sync failed.
    begin_segment: bool,
}

/// What [`Trail::open`] or [`Trail::recover`] found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// There was no trail and an empty one was made.
    pub created: bool,
    /// Bytes cut behind the last acknowledged entry.
    pub cut_bytes: u64,
    /// The hash file was written anew from this entry on.
    pub hashes_rebuilt_from: Option<u64>,
    /// Entries that are known by their signed hashes only and are hashed again when they are first read.
    pub unread: u64,
    /// Bytes of a torn record cut from the checkpoint history.
    pub history_cut_bytes: u64,
    /// Why the repairs above could not all be done. The trail can be read; the next append tries again.
    pub unfinished: Option<StorageError>,
}

impl Trail {
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Merkle root over all entries.
    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// The signed head.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed head as the note that others can verify.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The key that verifies this trail's notes.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whether a failure left the files in doubt; [`recover`](Trail::recover) or the next append settles it.
    pub fn in_doubt(&self) -> Option<&StorageError> {
        self.doubt.as_ref()
    }

    /// Appends a batch, all of it or nothing, and returns the positions once it is durable and signed.
    /// `now_ms` goes into the checkpoint; where the clock went back, the last checkpoint's time does.
    ///
    /// # Errors
    /// - [`TrailError::EntrySize`], [`TrailError::BatchSize`]: refused before anything was tried.
    /// - [`TrailError::Storage`], [`TrailError::Sign`]: nothing was recorded. The next append works once the
    ///   cause, such as a full disk, is gone.
    /// - [`TrailError::Uncertain`]: the batch may have been recorded. The next append reads the files again.
    /// - [`TrailError::Grown`]: that reading found such a batch; nothing was appended by this call.
    /// - [`TrailError::Damaged`]: that reading found the files changed.
    pub fn append(&mut self, entries: &[Vec<u8>], now_ms: i64) -> Result<Range<u64>, TrailError> {
        check_batch(entries)?;
        let size = self.size();
        if self.doubt.is_some() {
            self.recover()?;
        }
        if self.size() != size {
            return Err(TrailError::Grown(size, self.size()));
        }
        if entries.is_empty() {
            return Ok(size..size);
        }
        let batch = Batch::new(self, entries);
        self.write_leaves(&batch)?;
        let (checkpoint, note) = self.sign(&batch, now_ms)?;
        self.store(&batch, &note)?;
        self.adopt(batch, checkpoint, note);
        self.seal_if_due();
        Ok(size..self.size())
    }

    fn write_leaves(&mut self, batch: &Batch) -> Result<(), TrailError> {
        let written = self
            .storage
            .append(&batch.segment.name, batch.start, &batch.bytes)
            .at("write", &batch.segment.name)
            .and_then(|()| {
                self.storage.append(HASHES, self.size() * HASH_LEN, &batch.hashes).at("write", HASHES)
            });
        if let Err(error) = written {
            self.undo(batch);
            return Err(TrailError::Storage(error));
        }
        self.storage.sync(&batch.segment.name).at("sync", &batch.segment.name).map_err(|error| {
            // After a failed sync the kernel takes the lost pages for clean: a second sync would succeed and mean
            // nothing. So the batch is cut off, and this file is not written to again.
            self.doubt = Some(error.clone());
            TrailError::Storage(error)
        })
    }

    fn sign(&mut self, batch: &Batch, now_ms: i64) -> Result<(Checkpoint, String), TrailError> {
        let checkpoint = Checkpoint {
            origin: self.checkpoint.origin.clone(),
            size: batch.range.size(),
            root: batch.range.root(),
            time_ms: now_ms.max(self.checkpoint.time_ms),
        };
        match checkpoint.sign(&*self.keys) {
            Ok(note) => Ok((checkpoint, note)),
            Err(error) => {
                self.undo(batch);
                Err(TrailError::Sign(error))
            }
        }
    }

    fn store(&mut self, batch: &Batch, note: &str) -> Result<(), TrailError> {
        let Err(error) = self.storage.replace(CHECKPOINT, note.as_bytes()).at("replace", CHECKPOINT) else {
            return Ok(());
        };
        // If the old note still stands, nobody has seen the new one, and the batch can be taken back. If the new
        // one stands, it may have been seen: then only that tree may ever be signed at this size.
        match read_all(&*self.storage, CHECKPOINT) {
            Ok(Some(standing)) if standing == self.note.as_bytes() => {
                self.undo(batch);
                Err(TrailError::Storage(error))
            }
            _ => {
                self.doubt = Some(error.clone());
                Err(TrailError::Uncertain(error))
            }
        }
    }

    /// Gives the room of an unrecorded batch back. Best effort: the next batch overwrites what stays.
    fn undo(&mut self, batch: &Batch) {
        let _ = self.storage.truncate(&batch.segment.name, batch.start);
        let _ = self.storage.truncate(HASHES, self.size() * HASH_LEN);
    }

    fn adopt(&mut self, batch: Batch, checkpoint: Checkpoint, note: String) {
        self.segments.pop_if(|last| last.first == batch.segment.first);
        self.segments.push(batch.segment);
        self.range = batch.range;
        self.checkpoint = checkpoint;
        self.note = note;
        self.begin_segment = false;
    }

    /// Syncs the hash file and puts the head into the history, about once in 256 entries: both only serve to
    /// locate damage, so their last part may be lost in a power cut. A failure fails no batch; it is tried again
    /// after the next one.
    fn seal_if_due(&mut self) {
        if self.doubt.is_some() || self.size() / self.shape.seal_every == self.sealed / self.shape.seal_every
        {
            return;
        }
        let record = layout::history_record(&self.note);
        if let Err(error) = self.storage.sync(HASHES).at("sync", HASHES) {
            self.doubt = Some(error);
        } else if self.storage.append(HISTORY, self.history_len, record.as_bytes()).is_ok() {
            match self.storage.sync(HISTORY).at("sync", HISTORY) {
                Ok(()) => {
                    self.sealed = self.size();
                    self.history_len += record.len() as u64;
                }
                Err(error) => self.doubt = Some(error),
            }
        }
    }
}

fn check_batch(entries: &[Vec<u8>]) -> Result<(), TrailError> {
    let fits = |entry: &&Vec<u8>| (1..=MAX_ENTRY_BYTES).contains(&entry.len());
    if let Some(entry) = entries.iter().find(|entry| !fits(entry)) {
        return Err(TrailError::EntrySize(entry.len()));
    }
    let bytes: usize = entries.iter().map(Vec::len).sum();
    if entries.len() > MAX_BATCH_ENTRIES || bytes > MAX_BATCH_BYTES {
        return Err(TrailError::BatchSize(entries.len()));
    }
    Ok(())
}
