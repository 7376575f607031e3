//! One pass over a trail's files: what both opening and verifying are made of.

use std::io;

use qianmo_crypto::sm3::Digest;

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
    pub(crate) offsets: Vec<u32>,
    /// Where the next entry goes.
    pub(crate) end: u64,
}

impl Segment {
    pub(crate) fn new(first: u64) -> Self {
        Self { name: layout::segment_name(first), first, offsets: Vec::new(), end: 0 }
    }

    /// First entry after this segment.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.offsets.len() as u64
    }
}

/// File and offset of an entry.
pub(crate) fn place(segments: &[Segment], seq: u64) -> Option<(&Segment, u64)> {
    let after = segments.partition_point(|segment| segment.first <= seq);
    let segment = segments.get(after.checked_sub(1)?)?;
    let offset = segment.offsets.get(usize::try_from(seq - segment.first).ok()?)?;
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
            // A segment is far below 4 GiB: it is closed at 16 MiB and a batch has at most 32.
            segment.offsets.push(u32::try_from(end).unwrap_or(u32::MAX));
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
