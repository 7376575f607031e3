//! Eight blocks side by side: register j of a group holds word j of each.

use core::arch::x86_64::*;

use crate::sm4::counter::Counter;
use crate::sm4::x86::gfni::{self, M0, M0_ADD, M3, PRE, ROTATE_8, ROTATE_16, UNPRE};

/// Word 0, 1, 2 and 3 of eight blocks.
pub(super) type Group = [__m256i; 4];
/// 32 bytes as they lie in memory: two blocks.
pub(super) type Line = [u8; 32];
/// Bytes of a group.
pub(super) const GROUP_LEN: usize = 128;

/// The 8·`N` counter blocks from `counter` on, in the kernel's domain.
///
/// Lane 4L+k holds block 2k+L, so that transposing each 128-bit lane puts the blocks into their order.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn counters<const N: usize>(counter: Counter) -> [Group; N] {
    let [a, b, c] = counter.prefix_words();
    let words = [domain(broadcast(a)), domain(broadcast(b)), domain(broadcast(c))];
    let order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    let mut value = _mm256_add_epi32(broadcast(counter.value()), order);
    let mut groups = [[words[0], words[1], words[2], value]; N];
    for group in &mut groups {
        group[3] = domain(value);
        value = _mm256_add_epi32(value, broadcast(8));
    }
    groups
}

/// Replaces the counter of the very last block.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn set_last<const N: usize>(groups: &mut [Group; N], value: u32) {
    if let Some(group) = groups.last_mut() {
        group[3] = _mm256_blend_epi32::<{ 1 << 7 }>(group[3], domain(broadcast(value)));
    }
}

/// The 32 rounds. On the way `between` runs with 0 to 15, for work that fits in the gaps.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn rounds<const N: usize>(
    keys: &[u32; 32],
    mut groups: [Group; N],
    mut between: impl FnMut(usize),
) -> [Group; N] {
    let constants = Constants::new();
    let (quads, _) = keys.as_chunks::<4>();
    for (at, &[a, b, c, d]) in quads.iter().enumerate() {
        let mut pairs = [_mm256_setzero_si256(); N];
        for (pair, [_, _, x2, x3]) in pairs.iter_mut().zip(&groups) {
            *pair = xor(*x2, *x3);
        }
        for ([x0, x1, _, _], pair) in groups.iter_mut().zip(&pairs) {
            *x0 = constants.round(*x0, xor(xor(*pair, broadcast(a)), *x1));
        }
        for ([x0, x1, _, _], pair) in groups.iter_mut().zip(&pairs) {
            *x1 = constants.round(*x1, xor(xor(*pair, broadcast(b)), *x0));
        }
        between(2 * at);
        for (pair, [x0, x1, _, _]) in pairs.iter_mut().zip(&groups) {
            *pair = xor(*x0, *x1);
        }
        for ([_, _, x2, x3], pair) in groups.iter_mut().zip(&pairs) {
            *x2 = constants.round(*x2, xor(xor(*pair, broadcast(c)), *x3));
        }
        for ([_, _, x2, x3], pair) in groups.iter_mut().zip(&pairs) {
            *x3 = constants.round(*x3, xor(xor(*pair, broadcast(d)), *x2));
        }
        between(2 * at + 1);
    }
    groups
}

/// What is wanted in every round.
struct Constants {
    m0: __m256i,
    m3: __m256i,
    by_8: __m256i,
    by_16: __m256i,
}

impl Constants {
    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn new() -> Self {
        let (m0, m3) = (_mm256_set1_epi64x(M0), _mm256_set1_epi64x(M3));
        Self { m0, m3, by_8: both(gfni::rotation(ROTATE_8)), by_16: both(gfni::rotation(ROTATE_16)) }
    }

    /// `x` after a round whose S-boxes take `t`.
    ///
    /// L is taken as u + u⋘8 + u⋘16 with u = M0·s + (M3·s)⋘8: an addition less than the other kernel's form, which
    /// adds three terms in one instruction.
    #[inline]
    #[target_feature(enable = "gfni,avx2,vpclmulqdq")]
    fn round(&self, x: __m256i, t: __m256i) -> __m256i {
        let a = _mm256_gf2p8affineinv_epi64_epi8::<M0_ADD>(t, self.m0);
        let c = _mm256_gf2p8affineinv_epi64_epi8::<0>(t, self.m3);
        let u = xor(a, _mm256_shuffle_epi8(c, self.by_8));
        let sum = xor(xor(x, u), _mm256_shuffle_epi8(u, self.by_8));
        xor(sum, _mm256_shuffle_epi8(u, self.by_16))
    }
}

/// Encrypts blocks as they lie in memory.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn encrypt<const N: usize>(keys: &[u32; 32], blocks: &mut [Group; N]) {
    for group in blocks.iter_mut() {
        for line in group.iter_mut() {
            *line = swap_words(*line);
        }
        *group = transpose(*group);
        for word in group.iter_mut() {
            *word = domain(*word);
        }
    }
    *blocks = rounds(keys, *blocks, |_| {});
    for group in blocks.iter_mut() {
        *group = bytes(*group);
    }
}

/// The words after the last round as the blocks lie in memory.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn bytes([a, b, c, d]: Group) -> [__m256i; 4] {
    let back = _mm256_set1_epi64x(UNPRE);
    let mut lines = transpose([d, c, b, a]);
    for line in &mut lines {
        *line = swap_words(_mm256_gf2p8affine_epi64_epi8::<0>(*line, back));
    }
    lines
}

/// Transposes the 4×4 words of each 128-bit lane.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab_low, cd_low),
        _mm256_unpackhi_epi64(ab_low, cd_low),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// The same in both halves.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn both(half: __m128i) -> __m256i {
    _mm256_broadcastsi128_si256(half)
}

/// Turns each word between big-endian bytes and a number.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn swap_words(line: __m256i) -> __m256i {
    _mm256_shuffle_epi8(line, both(gfni::in_words(0x0001_0203)))
}

#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn domain(words: __m256i) -> __m256i {
    _mm256_gf2p8affine_epi64_epi8::<0>(words, _mm256_set1_epi64x(PRE))
}

#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn broadcast(word: u32) -> __m256i {
    _mm256_set1_epi32(word as i32)
}

#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

/// XORs what [`rounds`] made into `data`, of which there is no more.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn xor_into<const N: usize>(data: &mut [u8], groups: &[Group; N]) {
    for (group, part) in groups.iter().zip(data.chunks_mut(GROUP_LEN)) {
        let stream = bytes(*group);
        // Whole groups apart, so that their lines stay in registers.
        if let Ok(part) = <&mut [u8; GROUP_LEN]>::try_from(&mut *part) {
            for (line, key) in part.as_chunks_mut().0.iter_mut().zip(stream) {
                store(line, xor(load(line), key));
            }
        } else {
            for (line, key) in part.chunks_mut(32).zip(stream) {
                store_part(line, xor(load_part(line), key));
            }
        }
    }
}

#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn load(line: &Line) -> __m256i {
    // SAFETY: `line` is 32 readable bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(line.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn store(line: &mut Line, value: __m256i) {
    // SAFETY: `line` is 32 writable bytes, and the store asks for no alignment.
    unsafe { _mm256_storeu_si256(line.as_mut_ptr().cast(), value) }
}

/// At most 32 bytes, with zeros behind them.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn load_part(bytes: &[u8]) -> __m256i {
    let mut line = [0; 32];
    line.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    load(&line)
}

/// As many bytes of `value` as fit.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn store_part(bytes: &mut [u8], value: __m256i) {
    let mut line = [0; 32];
    store(&mut line, value);
    bytes.iter_mut().zip(line).for_each(|(to, from)| *to = from);
}
