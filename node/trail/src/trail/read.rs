//! Reading entries and proofs.

use std::ops::Range;

use qianmo_crypto::sm3::Digest;

use super::Trail;
use crate::error::{At as _, TrailError};
use crate::layout::{self, Frames, HASH_LEN, HASHES};
use crate::merkle;
use crate::verify::{Problem, ProblemKind};
use crate::walk;

/// Entries read at a time.
const ENTRIES_AT_ONCE: u64 = 256;

impl Trail {
    /// The bytes of one entry.
    ///
    /// # Errors
    /// [`TrailError::OutOfRange`], [`TrailError::Storage`], [`TrailError::Damaged`] if the file was changed
    /// under the running node.
    pub fn entry(&self, seq: u64) -> Result<Vec<u8>, TrailError> {
        let mut entries = self.read_run(seq, seq.saturating_add(1))?;
        entries.pop().ok_or(TrailError::OutOfRange(seq, self.size()))
    }

    /// The entries of a range, in order, each with its position. What lies beyond the trail's end is left out.
    pub fn entries(&self, range: Range<u64>) -> Entries<'_> {
        let end = range.end.min(self.size());
        Entries { trail: self, next: range.start, end, run: Vec::new().into_iter() }
    }

    /// Shows that entry `seq` is in the tree of [`Trail::root`].
    ///
    /// # Errors
    /// [`TrailError::OutOfRange`], [`TrailError::Storage`].
    pub fn inclusion_proof(&self, seq: u64) -> Result<Vec<Digest>, TrailError> {
        merkle::inclusion_proof(&self.leaves()?, seq).map_err(|_| TrailError::OutOfRange(seq, self.size()))
    }

    /// Shows that this trail only appends to what it was at `old_size` entries.
    ///
    /// # Errors
    /// [`TrailError::OutOfRange`], [`TrailError::Storage`].
    pub fn consistency_proof(&self, old_size: u64) -> Result<Vec<Digest>, TrailError> {
        let proof = merkle::consistency_proof(&self.leaves()?, old_size);
        proof.map_err(|_| TrailError::OutOfRange(old_size, self.size()))
    }

    /// All leaf hashes, as the hash file has them.
    fn leaves(&self) -> Result<Vec<Digest>, TrailError> {
        if self.size() == 0 {
            return Ok(Vec::new());
        }
        let len = usize::try_from(self.size() * HASH_LEN).unwrap_or(usize::MAX);
        let bytes = self.storage.read(HASHES, 0, len).at("read", HASHES).map_err(TrailError::Storage)?;
        let leaves: Vec<Digest> = layout::hashes(&bytes).collect();
        if merkle::root(&leaves) == self.root() {
            return Ok(leaves);
        }
        let detail = "it changed while the node was running; a restart rebuilds it".to_owned();
        Err(damaged(Problem::file(ProblemKind::HashesChanged, HASHES, detail)))
    }

    /// Entries from `seq` on: up to `end`, to the end of the segment, or as many as are read at a time.
    fn read_run(&self, seq: u64, end: u64) -> Result<Vec<Vec<u8>>, TrailError> {
        let out_of_range = TrailError::OutOfRange(seq, self.size());
        let (segment, at) = walk::segment_of(&self.segments, seq).ok_or(out_of_range.clone())?;
        let offsets = segment.offsets(&*self.storage)?;
        let end = end.min(segment.next()).min(seq + ENTRIES_AT_ONCE);
        let offset = |at: usize| offsets.get(at).copied().map(u64::from);
        let start = offset(at).ok_or(out_of_range)?;
        let stop = offset(at + (end - seq) as usize).unwrap_or(segment.end);
        let len = usize::try_from(stop - start).unwrap_or(usize::MAX);
        let bytes = self.storage.read(&segment.name, start, len);
        let bytes = bytes.at("read", &segment.name).map_err(TrailError::Storage)?;
        let frames = Frames::new(&bytes, 0).map_while(Result::ok).map(|frame| frame.entry.to_vec());
        let entries: Vec<Vec<u8>> = frames.collect();
        if entries.len() as u64 == end - seq {
            return Ok(entries);
        }
        let detail = "the file changed while the node was running";
        Err(damaged(Problem::at(ProblemKind::FrameBroken, seq, &segment.name, start, detail)))
    }
}

fn damaged(problem: Problem) -> TrailError {
    TrailError::Damaged(Box::new(problem))
}

/// Entries in order, read in pieces; see [`Trail::entries`]. It ends after the first error.
#[expect(missing_debug_implementations, reason = "it borrows the trail, which has none")]
pub struct Entries<'a> {
    trail: &'a Trail,
    next: u64,
    end: u64,
    run: std::vec::IntoIter<Vec<u8>>,
}

impl Iterator for Entries<'_> {
    type Item = Result<(u64, Vec<u8>), TrailError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let entry = match self.run.next() {
            Some(entry) => Ok(entry),
            None => self.trail.read_run(self.next, self.end).and_then(|run| {
                self.run = run.into_iter();
                self.run.next().ok_or(TrailError::OutOfRange(self.next, self.end))
            }),
        };
        let seq = self.next;
        self.next = if entry.is_ok() { seq + 1 } else { self.end };
        Some(entry.map(|entry| (seq, entry)))
    }
}
