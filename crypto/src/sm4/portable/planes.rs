//! The bit-sliced form of blocks, and the ways into and out of it.
//!
//! A [`Slice`] is one plane of one word of `16·N` blocks. In each of its `N` lanes, bit `16·k + i` belongs to byte k of
//! the word of block i, byte 0 being the least significant.
#![expect(clippy::indexing_slicing, reason = "all shapes are fixed, and indices run over them")]

use std::array::from_fn;
use std::ops::{BitAnd, BitXor};

use crate::sm4::schedule::words;

/// Blocks in a lane.
pub(super) const GROUP: usize = 16;

/// The lowest bit of each byte of a word, in a lane.
const BYTES: u64 = 0x0001_0001_0001_0001;

/// One bit of each byte of a word of `16·N` blocks.
#[derive(Clone, Copy)]
pub(super) struct Slice<const N: usize>([u64; N]);
/// One word of `16·N` blocks: plane j holds bit j of every byte.
pub(super) type Word<const N: usize> = [Slice<N>; 8];
/// The four words of `16·N` blocks.
pub(super) type State<const N: usize> = [Word<N>; 4];
/// `16·N` blocks.
pub(super) type Blocks<const N: usize> = [[[u8; 16]; GROUP]; N];

impl<const N: usize> Slice<N> {
    /// The same plane for all groups of blocks.
    #[inline(always)]
    pub(super) fn repeat(plane: u64) -> Self {
        Self([plane; N])
    }

    /// The plane of the words rotated left by `count` bytes.
    #[inline(always)]
    pub(super) fn rotate_bytes(self, count: u32) -> Self {
        Self(self.0.map(|lane| lane.rotate_left(16 * count)))
    }

    /// Exchanges the bits of `self` under `mask << shift` with those of `other` under `mask`.
    #[inline(always)]
    fn swap_bits(&mut self, other: &mut Self, shift: u32, mask: u64) {
        for (a, b) in self.0.iter_mut().zip(&mut other.0) {
            let difference = (*a >> shift ^ *b) & mask;
            *b ^= difference;
            *a ^= difference << shift;
        }
    }
}

impl<const N: usize> BitXor for Slice<N> {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(from_fn(|n| self.0[n] ^ other.0[n]))
    }
}

impl<const N: usize> BitAnd for Slice<N> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(from_fn(|n| self.0[n] & other.0[n]))
    }
}

/// The planes of a word that is the same in all blocks.
pub(super) fn repeat(word: u32) -> [u64; 8] {
    let bytes = spread(word);
    from_fn(|bit| (bytes >> bit & BYTES).wrapping_mul(0xffff))
}

/// The planes of blocks.
pub(super) fn load<const N: usize>(blocks: &Blocks<N>) -> State<N> {
    from_fn(|word| slice(&from_fn(|n| from_fn(|i| words(&blocks[n][i])[word]))))
}

/// The blocks of planes.
pub(super) fn store<const N: usize>(state: State<N>) -> Blocks<N> {
    let words = state.map(unslice);
    from_fn(|n| {
        from_fn(|i| {
            let mut block = [0; 16];
            let (to, _) = block.as_chunks_mut();
            to.iter_mut().zip(&words).for_each(|(to, word)| *to = word[n][i].to_be_bytes());
            block
        })
    })
}

/// The planes of the blocks that counter mode encrypts under one nonce.
pub(super) struct CounterMode([[u64; 8]; 3]);

impl CounterMode {
    pub(super) fn new(nonce: &[u8; 12]) -> Self {
        let (words, _) = nonce.as_chunks();
        Self(from_fn(|word| repeat(u32::from_be_bytes(words[word]))))
    }

    /// The blocks with `counter` and the numbers after it.
    pub(super) fn blocks<const N: usize>(&self, counter: u32) -> State<N> {
        let counters = from_fn(|n| from_fn(|i| counter.wrapping_add((GROUP * n + i) as u32)));
        let [word0, word1, word2] = self.0.map(|word| word.map(Slice::repeat));
        [word0, word1, word2, slice(&counters)]
    }
}

/// The planes of one word of each block.
fn slice<const N: usize>(words: &[[u32; GROUP]; N]) -> Word<N> {
    // Row i has the bytes of blocks i and i + 8 in turn; then rows and bits change places.
    let mut rows = from_fn(|i| Slice(from_fn(|n| spread(words[n][i]) | spread(words[n][i + 8]) << 8)));
    transpose(&mut rows);
    rows
}

/// The word of each block from its planes.
fn unslice<const N: usize>(mut planes: Word<N>) -> [[u32; GROUP]; N] {
    transpose(&mut planes);
    from_fn(|n| from_fn(|i| gather(planes[i % 8].0[n] >> (i / 8 * 8))))
}

/// Exchanges rows and bits in each byte place of eight rows: afterwards bit i in row j is what bit j in row i was.
#[inline(always)]
fn transpose<const N: usize>(rows: &mut Word<N>) {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    for (a, b) in [(&mut *r0, &mut *r4), (&mut *r1, &mut *r5), (&mut *r2, &mut *r6), (&mut *r3, &mut *r7)] {
        a.swap_bits(b, 4, 0x0f0f_0f0f_0f0f_0f0f);
    }
    for (a, b) in [(&mut *r0, &mut *r2), (&mut *r1, &mut *r3), (&mut *r4, &mut *r6), (&mut *r5, &mut *r7)] {
        a.swap_bits(b, 2, 0x3333_3333_3333_3333);
    }
    for (a, b) in [(r0, r1), (r2, r3), (r4, r5), (r6, r7)] {
        a.swap_bits(b, 1, 0x5555_5555_5555_5555);
    }
}

/// Byte k of a word into the lower half of the 16-bit place k.
fn spread(word: u32) -> u64 {
    let word = u64::from(word);
    let halves = (word | word << 16) & 0x0000_ffff_0000_ffff;
    (halves | halves << 8) & 0x00ff_00ff_00ff_00ff
}

/// Undoes [`spread`], whatever is in the upper halves.
fn gather(bytes: u64) -> u32 {
    let bytes = bytes & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    (halves | halves >> 16) as u32
}
