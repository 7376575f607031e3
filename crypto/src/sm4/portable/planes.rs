//! The bit-sliced form of blocks, and the ways into and out of it.
//!
//! A lane of a plane holds one bit of each byte of a word of sixteen blocks: bit `16·k + i` belongs to byte k of the
//! word of block i, byte 0 being the most significant. The second lane holds those of the sixteen blocks after them.
//!
//! So bytes keep their order in memory, and words go between memory and vectors directly, as little-endian numbers.
#![expect(clippy::indexing_slicing, reason = "all shapes are fixed, and indices run over them")]

use std::array::from_fn;

use wide::u64x2;

/// Blocks in a lane, and so bits that a byte's place in it has.
pub(super) const PLACE: u32 = 16;
const LANE: usize = PLACE as usize;
/// Blocks in a plane.
pub(super) const GROUP: usize = 2 * LANE;

/// The lowest bit of each byte of a word, in a lane.
const BYTES: u64 = 0x0001_0001_0001_0001;

/// One word of all blocks: plane j holds bit j of every byte.
pub(super) type Word = [u64x2; 8];
/// The four words of all blocks.
pub(super) type State = [Word; 4];
pub(super) type Blocks = [[u8; 16]; GROUP];

/// The lane of each plane of a word that is the same in all blocks.
pub(super) fn repeat(word: u32) -> [u64; 8] {
    let [bytes, _] = spread(u64x2::splat(word.swap_bytes().into())).to_array();
    from_fn(|bit| (bytes >> bit & BYTES).wrapping_mul(0xffff))
}

/// The planes of blocks.
pub(super) fn load(blocks: &Blocks) -> State {
    from_fn(|word| slice(|block| u32::from_le_bytes(blocks[block].as_chunks().0[word])))
}

/// The blocks of planes.
pub(super) fn store(state: State) -> Blocks {
    let words = state.map(unslice);
    from_fn(|i| {
        let mut block = [0; 16];
        let (to, _) = block.as_chunks_mut();
        to.iter_mut().zip(&words).for_each(|(to, word)| *to = word[i].to_le_bytes());
        block
    })
}

/// The planes of the blocks that counter mode encrypts under one nonce.
pub(super) struct CounterMode([Word; 3]);

impl CounterMode {
    pub(super) fn new(nonce: &[u8; 12]) -> Self {
        let (words, _) = nonce.as_chunks();
        Self(from_fn(|word| repeat(u32::from_be_bytes(words[word])).map(u64x2::splat)))
    }

    /// The blocks with `counter` and the numbers after it.
    pub(super) fn blocks(&self, counter: u32) -> State {
        let [word0, word1, word2] = self.0;
        [word0, word1, word2, slice(|block| counter.wrapping_add(block as u32).swap_bytes())]
    }
}

/// The planes of one word of each block, given as little-endian numbers.
fn slice(word: impl Fn(usize) -> u32) -> Word {
    let words = |i| spread(u64x2::new([word(i).into(), word(i + LANE).into()]));
    // Row i has the bytes of blocks i and i + 8 in turn; then rows and bits change places.
    transpose(from_fn(|i| words(i) | words(i + 8) << 8u32))
}

/// The word of each block from its planes, as little-endian numbers.
fn unslice(planes: Word) -> [u32; GROUP] {
    let rows = transpose(planes);
    let words: [[u64; 2]; LANE] = from_fn(|i| gather(rows[i % 8] >> (i / 8 * 8) as u32).to_array());
    from_fn(|i| words[i % LANE][i / LANE] as u32)
}

/// Exchanges rows and bits in each byte place of eight rows: afterwards bit i in row j is what bit j in row i was.
#[inline(always)]
fn transpose([mut r0, mut r1, mut r2, mut r3, mut r4, mut r5, mut r6, mut r7]: Word) -> Word {
    for (a, b) in [(&mut r0, &mut r4), (&mut r1, &mut r5), (&mut r2, &mut r6), (&mut r3, &mut r7)] {
        swap_bits::<4>(a, b, 0x0f0f_0f0f_0f0f_0f0f);
    }
    for (a, b) in [(&mut r0, &mut r2), (&mut r1, &mut r3), (&mut r4, &mut r6), (&mut r5, &mut r7)] {
        swap_bits::<2>(a, b, 0x3333_3333_3333_3333);
    }
    for (a, b) in [(&mut r0, &mut r1), (&mut r2, &mut r3), (&mut r4, &mut r5), (&mut r6, &mut r7)] {
        swap_bits::<1>(a, b, 0x5555_5555_5555_5555);
    }
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// Exchanges the bits of `a` under `mask << SHIFT` with those of `b` under `mask`.
#[inline(always)]
fn swap_bits<const SHIFT: u32>(a: &mut u64x2, b: &mut u64x2, mask: u64) {
    let difference = (*a >> SHIFT ^ *b) & u64x2::splat(mask);
    *b ^= difference;
    *a ^= difference << SHIFT;
}

/// Byte k, from the least significant, into the lower half of the 16-bit place k.
#[inline(always)]
fn spread(word: u64x2) -> u64x2 {
    let halves = (word | word << 16u32) & u64x2::splat(0x0000_ffff_0000_ffff);
    (halves | halves << 8u32) & u64x2::splat(0x00ff_00ff_00ff_00ff)
}

/// Undoes [`spread`], whatever is in the upper halves.
#[inline(always)]
fn gather(bytes: u64x2) -> u64x2 {
    let bytes = bytes & u64x2::splat(0x00ff_00ff_00ff_00ff);
    let halves = (bytes | bytes >> 8u32) & u64x2::splat(0x0000_ffff_0000_ffff);
    halves | halves >> 16u32
}
