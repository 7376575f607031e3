//! One pass over a trail's files: what both opening and verifying are made of.

use std::io;
use std::sync::OnceLock;

use qianmo_crypto::sm3::{self, Digest};

use crate::Checkpoint;
use crate::error::{At as _, TrailError};
use crate::event::MAX_ENTRY_BYTES;
use crate::layout::{self, Frame, Frames, HASH_LEN, HASHES, HEADER_LEN};
use crate::merkle::{self, CompactRange};
use crate::storage::Storage;
use crate::verify::{Problem, ProblemKind, Roots};

/// Hashes read at a time.
const HASHES_AT_ONCE: usize = 2048;

/// Entries hashed at a time.
const ENTRIES_AT_ONCE: u64 = 1024;

/// An entry where it was found.
pub(crate) struct Placed<'a> {
    pub(crate) seq: u64,
    /// Its file and the offset of its frame; `None` for a remote copy.
    pub(crate) place: Option<(&'a str, u64)>,
    pub(crate) entry: &'a [u8],
    pub(crate) leaf: Digest,
    /// Whether the hash file has this leaf's hash in its place.
    pub(crate) hashed: bool,
}

/// A segment and where its entries begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) first: u64,
    /// Number of entries.
    pub(crate) entries: u64,
    /// Where the next entry goes.
    pub(crate) end: u64,
    /// Where each entry begins. Empty until the segment is read for the first time, if [`skim`] left it unread.
    offsets: OnceLock<Vec<u32>>,
    /// SM3 of its part of the hash file, as it was when that file gave the signed root: what an unread segment is
    /// compared with when it is read.
    hashes: Option<Digest>,
}

impl Segment {
    pub(crate) fn new(first: u64) -> Self {
        let name = layout::segment_name(first);
        Self { name, first, entries: 0, end: 0, offsets: Vec::new().into(), hashes: None }
    }

    /// First entry after this segment.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.entries
    }

    /// Whether none of its entries has been read yet.
    pub(crate) fn is_unread(&self) -> bool {
        self.offsets.get().is_none()
    }

    /// Notes that the next entry begins at `offset`.
    pub(crate) fn push(&mut self, offset: u64) {
        if let Some(offsets) = self.offsets.get_mut() {
            // A segment is far below 4 GiB: it is closed at 16 MiB and a batch has at most 32.
            offsets.push(u32::try_from(offset).unwrap_or(u32::MAX));
        }
        self.entries += 1;
    }

    /// Where its entries begin. One that was left unread is read and compared with what was signed.
    pub(crate) fn offsets(&self, storage: &dyn Storage) -> Result<&[u32], TrailError> {
        if let Some(offsets) = self.offsets.get() {
            return Ok(offsets);
        }
        let read = self.read(storage)?;
        Ok(self.offsets.get_or_init(|| read))
    }

    fn read(&self, storage: &dyn Storage) -> Result<Vec<u32>, TrailError> {
        let file = |name: &str, offset, len| {
            storage.read(name, offset, len).at("read", name).map_err(TrailError::Storage)
        };
        let len = usize::try_from(self.entries * HASH_LEN).unwrap_or(usize::MAX);
        let hashes = file(HASHES, self.first * HASH_LEN, len)?;
        if Some(sm3::digest(&hashes)) != self.hashes {
            let detail = "it changed while the node was running; a restart rebuilds it".to_owned();
            return Err(damaged(Problem::file(ProblemKind::HashesChanged, HASHES, detail)));
        }
        let bytes = file(&self.name, 0, usize::MAX)?;
        let mut whole = Self::new(self.first);
        match whole.fill(&bytes, &mut layout::hashes(&hashes), self.entries) {
            None if whole.entries == self.entries && whole.end == bytes.len() as u64 => {
                Ok(whole.offsets.into_inner().unwrap_or_default())
            }
            problem => Err(damaged(problem.unwrap_or_else(|| {
                let detail = "the file has other entries than were signed";
                Problem::at(ProblemKind::FrameBroken, whole.next(), &self.name, whole.end, detail)
            }))),
        }
    }

    /// Takes in up to `most` entries of a segment file, each of which must have the next of `hashes`. Returns the first
    /// thing that is otherwise.
    fn fill(
        &mut self,
        bytes: &[u8],
        hashes: &mut impl Iterator<Item = Digest>,
        most: u64,
    ) -> Option<Problem> {
        if bytes.get(..HEADER_LEN) != Some(&layout::segment_header(self.first)) {
            let detail = "the file does not begin as a segment does";
            return Some(Problem::at(ProblemKind::FrameBroken, self.first, &self.name, 0, detail));
        }
        self.end = HEADER_LEN as u64;
        let mut frames = Frames::new(bytes, HEADER_LEN).map_while(Result::ok);
        loop {
            let run: Vec<_> = run(&mut frames, most - self.entries).iter().map(|frame| frame.entry).collect();
            if run.is_empty() {
                return None;
            }
            for (entry, leaf) in run.iter().zip(merkle::leaf_hashes(&run)) {
                if hashes.next() != Some(leaf) {
                    let detail = "the entry is not the one that was hashed when it was recorded";
                    let (seq, end) = (self.next(), self.end);
                    return Some(Problem::at(ProblemKind::EntryChanged, seq, &self.name, end, detail));
                }
                self.push(self.end);
                self.end += (layout::LENGTH_LEN + entry.len()) as u64;
            }
        }
    }
}

fn damaged(problem: Problem) -> TrailError {
    TrailError::Damaged(Box::new(problem))
}

/// The segment of an entry, and its place there.
pub(crate) fn segment_of(segments: &[Segment], seq: u64) -> Option<(&Segment, usize)> {
    let after = segments.partition_point(|segment| segment.first <= seq);
    let segment = segments.get(after.checked_sub(1)?)?;
    let at = usize::try_from(seq - segment.first).ok()?;
    (seq < segment.next()).then_some((segment, at))
}

/// File and offset of an entry in a segment that was read.
pub(crate) fn place(segments: &[Segment], seq: u64) -> Option<(&Segment, u64)> {
    let (segment, at) = segment_of(segments, seq)?;
    let offset = segment.offsets.get()?.get(at)?;
    Some((segment, u64::from(*offset)))
}

/// Bytes behind the last signed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) file: String,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// What one pass found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) range: CompactRange,
    pub(crate) segments: Vec<Segment>,
    /// What kept the pass from reaching the size asked for.
    pub(crate) fault: Option<Problem>,
    /// What lies behind that size.
    pub(crate) tails: Vec<Tail>,
    /// The first entry that has another hash than the hash file says.
    pub(crate) changed: Option<Problem>,
    /// The first entry that the hash file has no or another hash for.
    pub(crate) unhashed: Option<u64>,
}

/// Reads the first `size` entries, in order, shows each to `visit`, and gives `roots` those that it wants. Damage is
/// reported in the result; only failures to read are errors.
pub(crate) fn walk(
    storage: &dyn Storage,
    size: u64,
    roots: &mut Roots,
    visit: &mut dyn FnMut(&Placed<'_>),
) -> io::Result<Walk> {
    let mut pass = Pass { size, walk: Walk::default(), hashes: HashFile::new(storage), roots, visit };
    for (name, len) in storage.list()? {
        match layout::segment_first(&name) {
            Some(first) if pass.walk.fault.is_none() => pass.segment(storage, name, first, len)?,
            _ => {}
        }
    }
    Ok(pass.finish())
}

/// The next entries that are hashed together: at most `most`, none at the end.
pub(crate) fn run<T>(entries: &mut impl Iterator<Item = T>, most: u64) -> Vec<T> {
    entries.take(most.min(ENTRIES_AT_ONCE) as usize).collect()
}

struct Pass<'a> {
    size: u64,
    walk: Walk,
    hashes: HashFile<'a>,
    roots: &'a mut Roots,
    visit: &'a mut dyn FnMut(&Placed<'_>),
}

impl Pass<'_> {
    fn segment(&mut self, storage: &dyn Storage, name: String, first: u64, len: u64) -> io::Result<()> {
        let expected = self.walk.range.size();
        if expected >= self.size {
            self.walk.tails.push(Tail { file: name, offset: 0, len });
            return Ok(());
        }
        if first != expected {
            let missing = layout::segment_name(expected);
            let detail = format!("{missing} is missing: the next file found is {name}");
            self.walk.fault = Some(Problem::at(ProblemKind::FileMissing, expected, &missing, 0, detail));
            return Ok(());
        }
        let bytes = storage.read(&name, 0, usize::MAX)?;
        let mut segment = Segment::new(first);
        if bytes.get(..HEADER_LEN) == Some(&layout::segment_header(first)) {
            self.frames(&bytes, &mut segment)?;
        } else {
            let detail = "the file does not begin as a segment does";
            self.walk.fault = Some(Problem::at(ProblemKind::FrameBroken, first, &name, 0, detail));
        }
        self.walk.segments.push(segment);
        Ok(())
    }

    fn frames(&mut self, bytes: &[u8], segment: &mut Segment) -> io::Result<()> {
        segment.end = HEADER_LEN as u64;
        let mut broken = false;
        let frames = Frames::new(bytes, HEADER_LEN);
        let mut frames = frames.map_while(|frame| frame.inspect_err(|_| broken = true).ok());
        loop {
            let run = run(&mut frames, self.size - self.walk.range.size());
            if run.is_empty() {
                break;
            }
            self.run(&run, segment)?;
        }
        if broken {
            let detail = "no entry can begin here: the length is impossible or the bytes end inside it";
            let (seq, end) = (self.walk.range.size(), segment.end);
            self.walk.fault = Some(Problem::at(ProblemKind::FrameBroken, seq, &segment.name, end, detail));
            return Ok(());
        }
        let len = bytes.len() as u64 - segment.end;
        if len > 0 {
            self.walk.tails.push(Tail { file: segment.name.clone(), offset: segment.end, len });
        }
        Ok(())
    }

    fn run(&mut self, frames: &[Frame<'_>], segment: &mut Segment) -> io::Result<()> {
        let entries: Vec<_> = frames.iter().map(|frame| frame.entry).collect();
        let leaves = merkle::leaf_hashes(&entries);
        for ((seq, entry), leaf) in (self.walk.range.size()..).zip(entries).zip(&leaves) {
            let (leaf, end) = (*leaf, segment.end);
            let hashed = self.compare(seq, &segment.name, end, &leaf)?;
            let place = Some((segment.name.as_str(), end));
            (self.visit)(&Placed { seq, place, entry, leaf, hashed });
            segment.push(end);
            segment.end += (layout::LENGTH_LEN + entry.len()) as u64;
        }
        self.roots.append(&mut self.walk.range, &leaves);
        Ok(())
    }

    fn compare(&mut self, seq: u64, file: &str, offset: u64, leaf: &Digest) -> io::Result<bool> {
        let stored = self.hashes.next()?;
        if stored == Some(*leaf) {
            return Ok(true);
        }
        self.walk.unhashed.get_or_insert(seq);
        if stored.is_some() && self.walk.changed.is_none() {
            let detail = "the entry is not the one that was hashed when it was recorded";
            self.walk.changed = Some(Problem::at(ProblemKind::EntryChanged, seq, file, offset, detail));
        }
        Ok(false)
    }

    fn finish(mut self) -> Walk {
        let found = self.walk.range.size();
        if self.walk.fault.is_none() && found < self.size {
            let detail = format!("the checkpoint covers {} entries, only {found} are there", self.size);
            let last = self.walk.segments.last();
            let (file, end) = last.map_or((layout::segment_name(0), 0), |last| (last.name.clone(), last.end));
            self.walk.fault = Some(Problem::at(ProblemKind::TailCut, found, &file, end, detail));
        }
        self.walk
    }
}

/// The hash file, read in pieces; a missing one is an empty one.
struct HashFile<'a> {
    storage: &'a dyn Storage,
    read: u64,
    piece: std::vec::IntoIter<Digest>,
}

impl<'a> HashFile<'a> {
    fn new(storage: &'a dyn Storage) -> Self {
        Self { storage, read: 0, piece: Vec::new().into_iter() }
    }

    fn next(&mut self) -> io::Result<Option<Digest>> {
        if let Some(hash) = self.piece.next() {
            return Ok(Some(hash));
        }
        let len = HASHES_AT_ONCE * HASH_LEN as usize;
        let bytes = match self.storage.read(HASHES, self.read * HASH_LEN, len) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let hashes: Vec<Digest> = layout::hashes(&bytes).collect();
        self.read += hashes.len() as u64;
        self.piece = hashes.into_iter();
        Ok(self.piece.next())
    }
}

/// A pass that reads only the end: as many of the last segments as have `bytes` bytes together, and the last one in any
/// case. For the others the hash file must give the signed root, so that they are known before they are read; they are
/// compared with it when they are. `None` if anything is not as it should be: then only [`walk`] can tell what.
pub(crate) fn skim(
    storage: &dyn Storage,
    checkpoint: &Checkpoint,
    roots: &mut Roots,
    bytes: u64,
) -> io::Result<Option<Walk>> {
    let files: Vec<(u64, u64)> = storage
        .list()?
        .iter()
        .filter_map(|(name, len)| layout::segment_first(name).map(|first| (first, *len)))
        .collect();
    let covered = files.partition_point(|(first, _)| *first < checkpoint.size);
    let (files, behind) = files.split_at(covered);
    if files.first().is_none_or(|(first, _)| *first != 0) {
        return Ok(None);
    }
    let ends = files.iter().skip(1).map(|(first, _)| *first).chain([checkpoint.size]);
    let mut walk = Walk::default();
    let mut rest: u64 = files.iter().map(|(_, len)| len).sum();
    for ((first, len), next) in files.iter().zip(ends) {
        let unread = rest > bytes && next < checkpoint.size;
        rest -= len;
        let Some(segment) = skimmed(storage, *first, next, *len, unread, roots, &mut walk.range)? else {
            return Ok(None);
        };
        if segment.end < *len {
            walk.tails.push(Tail { file: segment.name.clone(), offset: segment.end, len: len - segment.end });
        }
        walk.segments.push(segment);
    }
    for (first, len) in behind {
        walk.tails.push(Tail { file: layout::segment_name(*first), offset: 0, len: *len });
    }
    Ok((walk.range.root() == checkpoint.root).then_some(walk))
}

/// One segment of [`skim`], which ends before entry `next`.
fn skimmed(
    storage: &dyn Storage,
    first: u64,
    next: u64,
    len: u64,
    unread: bool,
    roots: &mut Roots,
    range: &mut CompactRange,
) -> io::Result<Option<Segment>> {
    let entries = next - first;
    let hashes = match storage.read(HASHES, first * HASH_LEN, (entries * HASH_LEN) as usize) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let leaves: Vec<Digest> = layout::hashes(&hashes).collect();
    if leaves.len() as u64 != entries {
        return Ok(None);
    }
    roots.append(range, &leaves);
    let mut segment = Segment::new(first);
    if unread {
        segment = Segment {
            entries,
            end: len,
            offsets: OnceLock::new(),
            hashes: Some(sm3::digest(&hashes)),
            ..segment
        };
        let header = storage.read(&segment.name, 0, HEADER_LEN)?;
        let fits = header == layout::segment_header(first) && ends_with(storage, &segment, leaves.last())?;
        return Ok(fits.then_some(segment));
    }
    let bytes = storage.read(&segment.name, 0, usize::MAX)?;
    let wrong = segment.fill(&bytes, &mut leaves.into_iter(), entries);
    Ok((wrong.is_none() && segment.entries == entries).then_some(segment))
}

/// Whether the file of an unread segment ends with the entry that it should: one that was cut, or whose next is missing,
/// does not.
fn ends_with(storage: &dyn Storage, segment: &Segment, last: Option<&Digest>) -> io::Result<bool> {
    const LONGEST: u64 = (layout::LENGTH_LEN + MAX_ENTRY_BYTES) as u64;
    let from = segment.end.saturating_sub(LONGEST).max(HEADER_LEN as u64);
    let bytes = storage.read(&segment.name, from, LONGEST as usize)?;
    let mut rest = bytes.as_slice();
    while let Some((length, entry)) = rest.split_first_chunk::<{ layout::LENGTH_LEN }>() {
        if u32::from_be_bytes(*length) as usize == entry.len() && last == Some(&merkle::leaf_hash(entry)) {
            return Ok(true);
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    Ok(false)
}
