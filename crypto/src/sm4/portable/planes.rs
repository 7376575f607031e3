//! The bit-sliced form of blocks, and the ways into and out of it.
//!
//! A lane of a plane holds one bit of each byte of a word of sixteen blocks: bit `16·k + i` belongs to byte k of the
//! word of block i, byte 0 being the least significant.
#![expect(clippy::indexing_slicing, reason = "all shapes are fixed, and indices run over them")]

use std::array::from_fn;

use crate::sm4::schedule::words;

/// Blocks in a lane.
pub(super) const GROUP: usize = 16;

/// The lowest bit of each byte of a word, in a lane.
const BYTES: u64 = 0x0001_0001_0001_0001;

/// One word of `16·N` blocks: plane j holds bit j of every byte.
pub(super) type Word<const N: usize> = [[u64; N]; 8];
/// The four words of `16·N` blocks.
pub(super) type State<const N: usize> = [Word<N>; 4];
/// `16·N` blocks.
pub(super) type Blocks<const N: usize> = [[[u8; 16]; GROUP]; N];

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
    let words = state.map(|word| unslice(&word));
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
        let [word0, word1, word2] = self.0.map(|word| word.map(|plane| [plane; N]));
        [word0, word1, word2, slice(&counters)]
    }
}

/// The planes of one word of each block.
fn slice<const N: usize>(words: &[[u32; GROUP]; N]) -> Word<N> {
    let mut planes = [[0; N]; 8];
    for lane in 0..N {
        // Row i has the bytes of blocks i and i + 8 in turn; then rows and bits change places.
        let rows = from_fn(|i| spread(words[lane][i]) | spread(words[lane][i + 8]) << 8);
        planes.iter_mut().zip(transpose(rows)).for_each(|(plane, row)| plane[lane] = row);
    }
    planes
}

/// The word of each block from its planes.
fn unslice<const N: usize>(planes: &Word<N>) -> [[u32; GROUP]; N] {
    let mut words = [[0; GROUP]; N];
    for lane in 0..N {
        let rows = transpose(planes.map(|plane| plane[lane]));
        words[lane] = from_fn(|i| gather(rows[i % 8] >> (i / 8 * 8)));
    }
    words
}

/// Exchanges rows and bits in each byte place of eight rows: afterwards bit i in row j is what bit j in row i was.
#[inline(always)]
fn transpose([mut r0, mut r1, mut r2, mut r3, mut r4, mut r5, mut r6, mut r7]: [u64; 8]) -> [u64; 8] {
    for (a, b) in [(&mut r0, &mut r4), (&mut r1, &mut r5), (&mut r2, &mut r6), (&mut r3, &mut r7)] {
        swap_bits(a, b, 4, 0x0f0f_0f0f_0f0f_0f0f);
    }
    for (a, b) in [(&mut r0, &mut r2), (&mut r1, &mut r3), (&mut r4, &mut r6), (&mut r5, &mut r7)] {
        swap_bits(a, b, 2, 0x3333_3333_3333_3333);
    }
    for (a, b) in [(&mut r0, &mut r1), (&mut r2, &mut r3), (&mut r4, &mut r5), (&mut r6, &mut r7)] {
        swap_bits(a, b, 1, 0x5555_5555_5555_5555);
    }
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// Exchanges the bits of `a` under `mask << shift` with those of `b` under `mask`.
#[inline(always)]
fn swap_bits(a: &mut u64, b: &mut u64, shift: u32, mask: u64) {
    let difference = (*a >> shift ^ *b) & mask;
    *b ^= difference;
    *a ^= difference << shift;
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
