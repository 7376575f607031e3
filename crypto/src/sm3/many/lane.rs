//! One message on its way through a lane, cut and padded into blocks.

use crate::sm3::{BLOCK_LEN, Block, Digest};

/// The least that padding adds: the bit 1 with seven 0 behind it, and the message's length in bits.
const PADDING_LEN: usize = 1 + LENGTH_LEN;
const LENGTH_LEN: usize = 8;

/// IV (GB/T 32905-2016, 4.1).
const IV: [u32; 8] =
    [0x7380_166f, 0x4914_b2b9, 0x1724_42d7, 0xda8a_0600, 0xa96f_30bc, 0x1631_38aa, 0xe38d_ee4d, 0xb0fb_0e4e];

/// The chaining values of all lanes: word i of lane l is in row i, column l.
pub(super) struct State<const LANES: usize>(pub(super) [[u32; LANES]; 8]);

impl<const LANES: usize> State<LANES> {
    pub(super) fn new() -> Self {
        Self([[0; LANES]; 8])
    }

    /// Sets a column to IV.
    pub(super) fn begin(&mut self, column: usize) {
        for (row, word) in self.0.iter_mut().zip(IV) {
            row.iter_mut().skip(column).take(1).for_each(|place| *place = word);
        }
    }

    pub(super) fn digest(&self, column: usize) -> Digest {
        let mut digest = [0; 32];
        for (bytes, row) in digest.as_chunks_mut::<4>().0.iter_mut().zip(&self.0) {
            *bytes = row.get(column).copied().unwrap_or_default().to_be_bytes();
        }
        Digest(digest)
    }
}

/// A message that waits for a lane.
pub(super) struct Message<'a, const PARTS: usize> {
    /// Its place among all.
    pub(super) index: usize,
    pub(super) parts: &'a [&'a [u8]; PARTS],
    len: usize,
}

impl<'a, const PARTS: usize> Message<'a, PARTS> {
    pub(super) fn new(index: usize, parts: &'a [&'a [u8]; PARTS]) -> Self {
        Self { index, parts, len: parts.iter().map(|part| part.len()).sum() }
    }

    /// Number of its blocks with the padding.
    pub(super) fn blocks(&self) -> usize {
        self.len / BLOCK_LEN + if self.len % BLOCK_LEN < BLOCK_LEN - LENGTH_LEN { 1 } else { 2 }
    }
}

/// A message in a lane. Its blocks come in runs: those that lie whole in one part are used where they are, those
/// that span parts or need padding are put together in `edge`.
pub(super) struct Lane<'a, const PARTS: usize> {
    message: Message<'a, PARTS>,
    rest: Rest<'a>,
    run: Run<'a>,
    edge: [u8; 2 * BLOCK_LEN],
}

enum Run<'a> {
    Whole(&'a [Block]),
    /// The first block of `edge`.
    Edge,
    /// The last blocks of the message, so many of them at the end of `edge`.
    Last(usize),
    Done,
}

impl<'a, const PARTS: usize> Lane<'a, PARTS> {
    pub(super) fn new(message: Message<'a, PARTS>) -> Self {
        let rest = Rest { part: &[], parts: message.parts.iter(), len: message.len };
        let mut lane = Self { message, rest, run: Run::Done, edge: [0; 2 * BLOCK_LEN] };
        lane.begin_run();
        lane
    }

    pub(super) fn index(&self) -> usize {
        self.message.index
    }

    /// The run's blocks; none once the message is done.
    pub(super) fn blocks(&self) -> &[Block] {
        let edge = self.edge.as_chunks().0;
        match self.run {
            Run::Whole(blocks) => blocks,
            Run::Edge => edge.get(..1).unwrap_or_default(),
            Run::Last(count) => edge.get(edge.len() - count..).unwrap_or_default(),
            Run::Done => &[],
        }
    }

    /// Takes `count` blocks, which the run has, off it, and says whether they were the last of the message.
    pub(super) fn is_done_after(&mut self, count: usize) -> bool {
        match &mut self.run {
            Run::Whole(blocks) if count < blocks.len() => *blocks = blocks.get(count..).unwrap_or_default(),
            Run::Last(left) if count < *left => *left -= count,
            Run::Last(_) | Run::Done => self.run = Run::Done,
            Run::Whole(_) | Run::Edge => self.begin_run(),
        }
        matches!(self.run, Run::Done)
    }

    fn begin_run(&mut self) {
        self.run = if self.rest.len <= self.edge.len() - PADDING_LEN {
            self.last()
        } else if let Some(blocks) = self.rest.take_whole_blocks() {
            Run::Whole(blocks)
        } else {
            let (first, _) = self.edge.split_at_mut(BLOCK_LEN);
            self.rest.read(first);
            Run::Edge
        };
    }

    /// What is left, with the padding (GB/T 32905-2016, 5.2).
    fn last(&mut self) -> Run<'a> {
        let count = (self.rest.len + PADDING_LEN).div_ceil(BLOCK_LEN);
        self.edge = [0; 2 * BLOCK_LEN];
        let before = self.edge.len() - count * BLOCK_LEN;
        let (_, blocks) = self.edge.split_at_mut(before);
        let (message, padding) = blocks.split_at_mut(self.rest.len);
        self.rest.read(message);
        padding.iter_mut().take(1).for_each(|first| *first = 0x80);
        let bits = self.message.len as u64 * 8;
        padding.last_chunk_mut().into_iter().for_each(|length| *length = bits.to_be_bytes());
        Run::Last(count)
    }
}

/// What is in no run yet.
struct Rest<'a> {
    /// What is left of the part at hand.
    part: &'a [u8],
    parts: std::slice::Iter<'a, &'a [u8]>,
    /// Bytes of all of them.
    len: usize,
}

impl<'a> Rest<'a> {
    /// The blocks that lie next in one part, if any do.
    fn take_whole_blocks(&mut self) -> Option<&'a [Block]> {
        self.skip_empty_parts();
        let (blocks, tail) = self.part.as_chunks();
        self.part = tail;
        self.len -= blocks.as_flattened().len();
        (!blocks.is_empty()).then_some(blocks)
    }

    fn read(&mut self, mut out: &mut [u8]) {
        self.len -= out.len();
        while !out.is_empty() {
            self.skip_empty_parts();
            let (now, later) = self.part.split_at(out.len().min(self.part.len()));
            let (filled, space) = out.split_at_mut(now.len());
            filled.copy_from_slice(now);
            (out, self.part) = (space, later);
        }
    }

    fn skip_empty_parts(&mut self) {
        while self.part.is_empty()
            && let Some(part) = self.parts.next()
        {
            self.part = part;
        }
    }
}
