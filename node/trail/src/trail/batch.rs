//! A batch on its way to the files.

use super::Trail;
use crate::layout;
use crate::merkle::{self, CompactRange};
use crate::walk::Segment;

/// Everything that a batch changes, computed before anything is written.
pub(super) struct Batch {
    /// The segment as it is after the batch.
    pub(super) segment: Segment,
    /// Where the batch begins in it: 0 for a new one.
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) hashes: Vec<u8>,
    pub(super) range: CompactRange,
}

impl Batch {
    pub(super) fn new(trail: &Trail, entries: &[Vec<u8>]) -> Self {
        let segment = trail.segments.last().filter(|last| !trail.begin_segment && !is_full(trail, last));
        let segment = segment.cloned().unwrap_or_else(|| Segment::new(trail.size()));
        let start = segment.end;
        let leaves = merkle::leaf_hashes(entries);
        let hashes = leaves.iter().flat_map(|leaf| leaf.0).collect();
        let mut range = trail.range.clone();
        range.append(&leaves);
        let mut batch = Self { segment, start, bytes: Vec::new(), hashes, range };
        if start == 0 {
            batch.bytes = layout::segment_header(batch.segment.first);
        }
        entries.iter().for_each(|entry| batch.push(entry));
        batch.segment.end = batch.start + batch.bytes.len() as u64;
        batch
    }

    fn push(&mut self, entry: &[u8]) {
        let offset = self.start + self.bytes.len() as u64;
        self.segment.push(offset);
        layout::push_frame(&mut self.bytes, entry);
    }
}

fn is_full(trail: &Trail, segment: &Segment) -> bool {
    segment.entries >= trail.shape.segment_entries || segment.end >= trail.shape.segment_bytes
}
