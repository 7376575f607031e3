//! GHASH (SP 800-38D, 6.4) four blocks at a time.
//!
//! Blocks are byte-reversed and H is multiplied by x, which turns GHASH into POLYVAL (RFC 8452, appendix A), whose
//! reduction needs two carry-less multiplications. A run of n blocks is a sum of products with H^n … H^1, reduced once.

use core::arch::x86_64::*;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::lanes::{Batch, Line, load, load_part, store, store_part, xor3};
use super::{GROUPS, gcm};
use crate::sm4::ghash::polyval_key;
use crate::sm4::{BLOCK_LEN, Block};

/// Powers held: for the blocks of the last pass and the block of lengths.
const POWERS: usize = gcm::LAST_PASS / BLOCK_LEN + 1;
const LINES: usize = POWERS / 4;
const BATCH_LINES: usize = gcm::BATCH / size_of::<Line>();
/// Longest run, in bytes.
const RUN: usize = POWERS * BLOCK_LEN;
const _: () = assert!(POWERS == 4 * LINES, "the lines hold all powers");

/// H^96 down to H^1, then a line of zeros, read in place of the blocks that a last line lacks.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(in crate::sm4) struct Powers([Line; LINES + 1]);

impl Powers {
    /// The powers of `h`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(h: &Block) -> Option<Self> {
        // SAFETY: the processor has the features, as just asked.
        super::is_available().then(|| unsafe { Self::compute(h) })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn compute(h: &Block) -> Self {
        let h1 = load_part(&polyval_key(h).to_le_bytes());
        let h2 = multiply(h1, h1);
        let (h3, h4) = (multiply(h2, h1), multiply(h2, h2));
        // The lowest line holds H^4 … H^1; each line above is H^4 times the one below.
        let mut line = _mm512_inserti32x4::<1>(h4, _mm512_castsi512_si128(h3));
        line = _mm512_inserti32x4::<2>(line, _mm512_castsi512_si128(h2));
        line = _mm512_inserti32x4::<3>(line, _mm512_castsi512_si128(h1));
        let step = _mm512_broadcast_i32x4(_mm512_castsi512_si128(h4));
        let mut powers = Self([[0; 64]; LINES + 1]);
        for place in powers.0.iter_mut().rev().skip(1) {
            store(place, line);
            line = multiply(line, step);
        }
        powers
    }

    /// Takes `data`, padded with zeros to whole blocks, into the hash `y`.
    pub(in crate::sm4) fn update(&self, y: &mut Block, data: &[u8]) {
        // SAFETY: `new` asked for the features.
        unsafe { *y = to_block(self.absorb(from_block(y), data)) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn absorb(&self, mut y: __m128i, data: &[u8]) -> __m128i {
        for run in data.chunks(RUN) {
            y = self.products(y, run, run.len().div_ceil(16)).reduce();
        }
        y
    }

    /// Takes what is left of the text, a block less than [`RUN`] at most, and the block of lengths into `y`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn finish(&self, y: __m128i, text: &[u8], [aad_len, text_len]: [usize; 2]) -> __m128i {
        let bits = |len: usize| (len as u64).wrapping_mul(8) as i64;
        // Byte-reversed like every block, so the text's length, which comes last, is the low half.
        let lengths = _mm_set_epi64x(bits(aad_len), bits(text_len));
        let mut sum = self.products(y, text, text.len().div_ceil(16) + 1);
        let lengths = if text.is_empty() { _mm_xor_si128(lengths, y) } else { lengths };
        if let Some(power) = self.from(1).first() {
            sum.add(_mm512_zextsi128_si512(lengths), load(power));
        }
        sum.reduce()
    }

    /// The products of `y` and a run, of at most [`RUN`] bytes, with the powers from H^`power` down.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn products(&self, y: __m128i, run: &[u8], power: usize) -> Sum {
        let mut powers = self.from(power).iter();
        let mut sum = Sum::new();
        let mut y = _mm512_zextsi128_si512(y);
        let (lines, part) = run.as_chunks();
        for (line, powers) in lines.iter().zip(&mut powers) {
            sum.add(_mm512_xor_si512(y, reverse(load(line))), load(powers));
            y = _mm512_setzero_si512();
        }
        if let (false, Some(powers)) = (part.is_empty(), powers.next()) {
            sum.add(_mm512_xor_si512(y, reverse(load_part(part))), load(powers));
        }
        sum
    }

    /// Lines of powers from H^`power` down.
    #[inline]
    fn from(&self, power: usize) -> &[Line] {
        self.0.as_flattened().get(16 * POWERS.saturating_sub(power)..).unwrap_or(&[]).as_chunks().0
    }

    /// Adds the products of line `at` of a batch to `sum`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn step(&self, sum: &mut Sum, batch: &Batch<GROUPS>, at: usize) {
        let (_, powers) = self.0.split_at(LINES - BATCH_LINES);
        if let (Some(line), Some(powers)) = (batch.as_flattened().get(at), powers.get(at)) {
            sum.add(reverse(load(line)), load(powers));
        }
    }

    /// The hash after a batch whose products are `sum`, `y` being the one before it.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn end(&self, y: __m128i, mut sum: Sum) -> __m128i {
        if let Some(power) = self.0.get(LINES - BATCH_LINES) {
            sum.add(_mm512_zextsi128_si512(y), load(power));
        }
        sum.reduce()
    }
}

/// A sum of products, four side by side, not yet reduced: `low` + `middle`·x^64 + `high`·x^128.
pub(super) struct Sum {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn new() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn add(&mut self, blocks: __m512i, powers: __m512i) {
        self.low = _mm512_xor_si512(self.low, _mm512_clmulepi64_epi128::<0x00>(blocks, powers));
        self.high = _mm512_xor_si512(self.high, _mm512_clmulepi64_epi128::<0x11>(blocks, powers));
        let crossed = _mm512_clmulepi64_epi128::<0x01>(blocks, powers);
        self.middle = xor3(self.middle, crossed, _mm512_clmulepi64_epi128::<0x10>(blocks, powers));
    }

    /// The four sums, each reduced.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn reduce_lanes(self) -> __m512i {
        // x^127 + x^126 + x^121, the middle terms of POLYVAL's polynomial, in the low half.
        let poly = _mm512_broadcast_i32x4(_mm_set_epi64x(0, 0xc200_0000_0000_0000_u64 as i64));
        let low = _mm512_xor_si512(self.low, _mm512_bslli_epi128::<8>(self.middle));
        let high = _mm512_xor_si512(self.high, _mm512_bsrli_epi128::<8>(self.middle));
        let fold = _mm512_clmulepi64_epi128::<0x00>(low, poly);
        let low = _mm512_xor_si512(_mm512_shuffle_epi32::<0x4e>(low), fold);
        let fold = _mm512_clmulepi64_epi128::<0x00>(low, poly);
        xor3(_mm512_shuffle_epi32::<0x4e>(low), fold, high)
    }

    /// The sum of the four.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn reduce(self) -> __m128i {
        let lanes = self.reduce_lanes();
        let halves = _mm256_xor_si256(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64::<1>(lanes));
        _mm_xor_si128(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves))
    }
}

/// Four products, reduced.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn multiply(a: __m512i, b: __m512i) -> __m512i {
    let mut sum = Sum::new();
    sum.add(a, b);
    sum.reduce_lanes()
}

/// Reverses the bytes of each block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn reverse(line: __m512i) -> __m512i {
    let order = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    _mm512_shuffle_epi8(line, _mm512_broadcast_i32x4(order))
}

/// A hash as the functions above hold it.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn from_block(block: &Block) -> __m128i {
    _mm512_castsi512_si128(reverse(load_part(block)))
}

/// A hash as a block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn to_block(hash: __m128i) -> Block {
    tag(hash, _mm_setzero_si128())
}

/// A hash under its mask.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn tag(hash: __m128i, mask: __m128i) -> Block {
    let hash = _mm512_castsi512_si128(reverse(_mm512_zextsi128_si512(hash)));
    let mut tag = [0; 16];
    store_part(&mut tag, _mm512_zextsi128_si512(_mm_xor_si128(hash, mask)));
    tag
}
