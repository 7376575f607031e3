//! GHASH (SP 800-38D, 6.4) two blocks at a time; the method is that of the AVX-512 kernel.

use core::arch::x86_64::*;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::lanes::{Line, load, load_part, store, xor};
use crate::sm4::Block;
use crate::sm4::ghash::polyval_key;

/// Powers held: for a batch and the block of lengths, rounded up to whole lines.
const POWERS: usize = super::BATCH_BLOCKS as usize + 2;
const LINES: usize = POWERS / 2;
/// Longest run, in bytes.
const RUN: usize = super::BATCH;
const _: () = assert!(POWERS == 2 * LINES, "the lines hold all powers");

/// The highest power of H down to H^1, then a line of zeros, read in place of the block that a last line lacks.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(32))]
pub(in crate::sm4) struct Powers([Line; LINES + 1]);

impl Powers {
    /// The powers of `h`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(h: &Block) -> Option<Self> {
        // SAFETY: the processor has the features, as just asked.
        super::is_available().then(|| unsafe { Self::compute(h) })
    }

    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn compute(h: &Block) -> Self {
        let h1 = load_part(&polyval_key(h).to_le_bytes());
        let h2 = multiply(h1, h1);
        // The lowest line holds H^2 and H^1; each line above is H^2 times the one below.
        let mut line = _mm256_inserti128_si256::<1>(h2, _mm256_castsi256_si128(h1));
        let step = _mm256_broadcastsi128_si256(_mm256_castsi256_si128(h2));
        let mut powers = Self([[0; 32]; LINES + 1]);
        for place in powers.0.iter_mut().rev().skip(1) {
            store(place, line);
            line = multiply(line, step);
        }
        powers
    }

    /// Takes `data`, padded with zeros to whole blocks, into the hash `y`.
    pub(in crate::sm4) fn update(&self, y: &mut Block, data: &[u8]) {
        // SAFETY: `new` asked for the features.
        unsafe { *y = tag(self.absorb(from_block(y), data), _mm_setzero_si128()) }
    }

    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    pub(super) fn absorb(&self, mut y: __m128i, data: &[u8]) -> __m128i {
        for run in data.chunks(RUN) {
            y = self.products(y, run, run.len().div_ceil(16)).reduce();
        }
        y
    }

    /// Takes what is left of the text, at most [`RUN`] bytes, and the block of lengths into `y`.
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    pub(super) fn finish(&self, y: __m128i, text: &[u8], [aad_len, text_len]: [usize; 2]) -> __m128i {
        let bits = |len: usize| (len as u64).wrapping_mul(8) as i64;
        // Byte-reversed like every block, so the text's length, which comes last, is the low half.
        let lengths = _mm_set_epi64x(bits(aad_len), bits(text_len));
        let mut sum = self.products(y, text, text.len().div_ceil(16) + 1);
        let lengths = if text.is_empty() { _mm_xor_si128(lengths, y) } else { lengths };
        if let Some(power) = self.from(1).first() {
            sum.add(_mm256_zextsi128_si256(lengths), load(power));
        }
        sum.reduce()
    }

    /// The products of `y` and a run, of at most [`RUN`] bytes, with the powers from H^`power` down.
    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn products(&self, y: __m128i, run: &[u8], power: usize) -> Sum {
        let mut powers = self.from(power).iter();
        let mut sum = Sum::new();
        let mut y = _mm256_zextsi128_si256(y);
        let (lines, part) = run.as_chunks();
        for (line, powers) in lines.iter().zip(&mut powers) {
            sum.add(xor(y, reverse(load(line))), load(powers));
            y = _mm256_setzero_si256();
        }
        if let (false, Some(powers)) = (part.is_empty(), powers.next()) {
            sum.add(xor(y, reverse(load_part(part))), load(powers));
        }
        sum
    }

    /// Lines of powers from H^`power` down.
    #[inline]
    fn from(&self, power: usize) -> &[Line] {
        self.0.as_flattened().get(16 * POWERS.saturating_sub(power)..).unwrap_or(&[]).as_chunks().0
    }
}

/// A sum of products, two side by side, not yet reduced: `low` + `middle`·x^64 + `high`·x^128.
struct Sum {
    low: __m256i,
    middle: __m256i,
    high: __m256i,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn new() -> Self {
        let zero = _mm256_setzero_si256();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn add(&mut self, blocks: __m256i, powers: __m256i) {
        self.low = xor(self.low, _mm256_clmulepi64_epi128::<0x00>(blocks, powers));
        self.high = xor(self.high, _mm256_clmulepi64_epi128::<0x11>(blocks, powers));
        self.middle = xor(self.middle, _mm256_clmulepi64_epi128::<0x01>(blocks, powers));
        self.middle = xor(self.middle, _mm256_clmulepi64_epi128::<0x10>(blocks, powers));
    }

    /// The two sums, each reduced.
    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn reduce_lanes(self) -> __m256i {
        // x^127 + x^126 + x^121, the middle terms of POLYVAL's polynomial, in the low half.
        let poly = _mm256_broadcastsi128_si256(_mm_set_epi64x(0, 0xc200_0000_0000_0000_u64 as i64));
        let low = xor(self.low, _mm256_bslli_epi128::<8>(self.middle));
        let high = xor(self.high, _mm256_bsrli_epi128::<8>(self.middle));
        let fold = _mm256_clmulepi64_epi128::<0x00>(low, poly);
        let low = xor(_mm256_shuffle_epi32::<0x4e>(low), fold);
        let fold = _mm256_clmulepi64_epi128::<0x00>(low, poly);
        xor(xor(_mm256_shuffle_epi32::<0x4e>(low), high), fold)
    }

    /// The sum of the two.
    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn reduce(self) -> __m128i {
        let lanes = self.reduce_lanes();
        _mm_xor_si128(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes))
    }
}

/// Two products, reduced.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn multiply(a: __m256i, b: __m256i) -> __m256i {
    let mut sum = Sum::new();
    sum.add(a, b);
    sum.reduce_lanes()
}

/// Reverses the bytes of each block.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn reverse(line: __m256i) -> __m256i {
    let order = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    _mm256_shuffle_epi8(line, _mm256_broadcastsi128_si256(order))
}

/// A hash as the functions above hold it.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn from_block(block: &Block) -> __m128i {
    _mm256_castsi256_si128(reverse(load_part(block)))
}

/// A hash under its mask.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn tag(hash: __m128i, mask: __m128i) -> Block {
    let hash = _mm256_castsi256_si128(reverse(_mm256_zextsi128_si256(hash)));
    let mut line = [0; 32];
    store(&mut line, _mm256_zextsi128_si256(_mm_xor_si128(hash, mask)));
    line.first_chunk().copied().unwrap_or_default()
}
