//! The files of a trail, as the crate's documentation lists them: names, segment framing, history.

use qianmo_crypto::sm3::Digest;

use crate::checkpoint::Checkpoint;
use crate::event::MAX_ENTRY_BYTES;

#[cfg(test)]
mod tests;

pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const HISTORY: &str = "checkpoints";
pub(crate) const HASHES: &str = "hashes";

pub(crate) const HASH_LEN: u64 = 32;
pub(crate) const HEADER_LEN: usize = 24;
pub(crate) const LENGTH_LEN: usize = 4;

const MAGIC: &[u8; 16] = b"qianmo-segment/1";
const SEGMENT_PREFIX: &str = "segment-";

/// When a segment is full and how often a checkpoint is kept. Tests use small numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Entries after which a new segment is begun.
    pub(crate) segment_entries: u64,
    /// Bytes after which a new segment is begun. A batch never spans two segments, so one may be larger by a batch.
    pub(crate) segment_bytes: u64,
    /// Entries after which the head goes into the history and `hashes` is synced: one tile of C2SP tlog-tiles.
    pub(crate) seal_every: u64,
    /// Opening reads the last segments up to this many bytes; earlier ones are known by the hash file.
    pub(crate) read_bytes: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { segment_entries: 65_536, segment_bytes: 16 << 20, seal_every: 256, read_bytes: 64 << 20 }
    }
}

pub(crate) fn segment_name(first: u64) -> String {
    format!("{SEGMENT_PREFIX}{first:020}")
}

/// The first entry of the segment of this name, if it is one.
pub(crate) fn segment_first(name: &str) -> Option<u64> {
    let first = name.strip_prefix(SEGMENT_PREFIX)?.parse().ok()?;
    (segment_name(first) == name).then_some(first)
}

pub(crate) fn segment_header(first: u64) -> Vec<u8> {
    [MAGIC.as_slice(), &first.to_be_bytes()].concat()
}

/// Appends an entry, which is known to be no longer than allowed, with its length.
pub(crate) fn push_frame(out: &mut Vec<u8>, entry: &[u8]) {
    let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(entry);
}

/// One entry where it lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Of its length, from the start of the bytes that were given.
    pub(crate) offset: usize,
    pub(crate) entry: &'a [u8],
}

/// What stops the reading of frames.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrokenFrame {
    pub(crate) offset: usize,
    /// The bytes end inside the frame.
    pub(crate) torn: bool,
}

/// The entries in a run of frames, up to the first broken one.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Frames<'a> {
    /// Reads from `offset` on.
    pub(crate) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, BrokenFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        let rest = self.bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        // Whatever is wrong, nothing after it can be trusted to be a frame.
        self.offset = self.bytes.len();
        let broken = |torn| Some(Err(BrokenFrame { offset, torn }));
        let Some((length, rest)) = rest.split_first_chunk::<LENGTH_LEN>() else { return broken(true) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(1..=MAX_ENTRY_BYTES).contains(&length) {
            return broken(false);
        }
        let Some(entry) = rest.get(..length) else { return broken(true) };
        self.offset = offset + LENGTH_LEN + length;
        Some(Ok(Frame { offset, entry }))
    }
}

/// One earlier head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) offset: u64,
    pub(crate) note: &'a str,
    /// As the note says; its signature was not checked.
    pub(crate) checkpoint: Checkpoint,
}

/// The history, and where it stops being one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct History<'a> {
    pub(crate) records: Vec<Record<'a>>,
    pub(crate) broken: Option<BrokenHistory>,
    /// Length of the intact part.
    pub(crate) len: u64,
}

/// A history that does not read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrokenHistory {
    pub(crate) offset: u64,
    /// At most one record is affected, and it is the last: a power cut can do that.
    pub(crate) torn: bool,
}

impl<'a> History<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Self {
        let mut history = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let offset = history.len;
            let Some((note, after)) = split_record(rest) else {
                let signatures = rest.windows("\n— ".len()).filter(|window| *window == "\n— ".as_bytes());
                history.broken = Some(BrokenHistory { offset, torn: signatures.count() <= 1 });
                break;
            };
            let Ok(checkpoint) = Checkpoint::read_unverified(note) else {
                history.broken = Some(BrokenHistory { offset, torn: after.is_empty() });
                break;
            };
            history.len += (rest.len() - after.len()) as u64;
            history.records.push(Record { offset, note, checkpoint });
            rest = after;
        }
        history
    }

    /// The entries up to here were sealed: their hashes were durable when the last head was put into the history.
    pub(crate) fn sealed(&self) -> u64 {
        self.records.last().map_or(0, |record| record.checkpoint.size)
    }
}

/// A record as it is written: the note and an empty line.
pub(crate) fn history_record(note: &str) -> String {
    format!("{note}\n")
}

/// A note ends at the second empty line, the one after its signatures.
fn split_record(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let empty_line = |from: usize| {
        let rest = bytes.get(from..)?;
        rest.windows(2).position(|pair| pair == b"\n\n").map(|at| from + at)
    };
    let signatures = empty_line(0)? + 2;
    let (note, rest) = bytes.split_at_checked(empty_line(signatures)? + 1)?;
    Some((std::str::from_utf8(note).ok()?, rest.get(1..)?))
}

/// The hashes in a piece of the hash file; a rest of fewer than 32 bytes is left out.
pub(crate) fn hashes(bytes: &[u8]) -> impl Iterator<Item = Digest> + '_ {
    bytes.as_chunks::<32>().0.iter().map(|hash| Digest::from(*hash))
}
