//! Eight blocks side by side: register j of a group holds word j of each.

use core::arch::x86_64::*;

use crate::sm4::counter::Counter;
use crate::sm4::x86::gfni::{BACK, L_ADD, M0, M3, PRE, ROTATE_8, ROTATE_16};

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

/// Encrypts blocks whose words are in the kernel's domain; the result is bytes as they lie in memory.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn keystream<const N: usize>(keys: &[u32; 32], mut groups: [Group; N]) -> [Group; N] {
    let (quads, _) = keys.as_chunks::<4>();
    for &[a, b, c, d] in quads {
        let mut pairs = [_mm256_setzero_si256(); N];
        for (pair, x) in pairs.iter_mut().zip(&groups) {
            *pair = xor(x[2], x[3]);
        }
        round::<N, 0, 1>(&mut groups, &pairs, a);
        round::<N, 1, 0>(&mut groups, &pairs, b);
        for (pair, x) in pairs.iter_mut().zip(&groups) {
            *pair = xor(x[0], x[1]);
        }
        round::<N, 2, 3>(&mut groups, &pairs, c);
        round::<N, 3, 2>(&mut groups, &pairs, d);
    }
    for group in &mut groups {
        *group = lines(*group);
    }
    groups
}

/// One round: word `X` of every block changes, by word `Y`, the sum of the other two and the round key.
///
/// L is taken as u ⊕ u⋘8 ⊕ u⋘16 with u = M0·s ⊕ (M3·s)⋘8, an addition less than two terms of the other kernel's form take here.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn round<const N: usize, const X: usize, const Y: usize>(
    groups: &mut [Group; N],
    pairs: &[__m256i; N],
    key: u32,
) {
    let (m0, m3) = (_mm256_set1_epi64x(M0), _mm256_set1_epi64x(M3));
    let (by_8, by_16) = (in_words(ROTATE_8), in_words(ROTATE_16));
    let key = broadcast(key);
    for (x, pair) in groups.iter_mut().zip(pairs) {
        let t = xor(xor(*pair, key), x[Y]);
        let a = _mm256_gf2p8affineinv_epi64_epi8::<L_ADD>(t, m0);
        let c = _mm256_gf2p8affineinv_epi64_epi8::<0>(t, m3);
        let u = xor(a, _mm256_shuffle_epi8(c, by_8));
        let sum = xor(xor(x[X], u), _mm256_shuffle_epi8(u, by_8));
        x[X] = xor(sum, _mm256_shuffle_epi8(u, by_16));
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
    *blocks = keystream(keys, *blocks);
}

/// The output of the last round as bytes: the words in reverse, out of the domain, transposed.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn lines([a, b, c, d]: Group) -> [__m256i; 4] {
    let back = _mm256_set1_epi64x(BACK);
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

/// Turns each word between big-endian bytes and a number.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn swap_words(line: __m256i) -> __m256i {
    _mm256_shuffle_epi8(line, in_words(0x0001_0203))
}

/// A byte selector for one word, for all of them.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn in_words(selector: i32) -> __m256i {
    let offsets = _mm_setr_epi32(0, 0x0404_0404, 0x0808_0808, 0x0c0c_0c0c);
    _mm256_broadcastsi128_si256(_mm_add_epi32(_mm_set1_epi32(selector), offsets))
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

/// XORs `stream` into `data`, of which there is no more than stream.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
pub(super) fn xor_into<const N: usize>(data: &mut [u8], stream: &[Group; N]) {
    let mut stream = stream.as_flattened().iter();
    let (lines, part) = data.as_chunks_mut::<32>();
    for (line, key) in lines.iter_mut().zip(&mut stream) {
        store(line, xor(load(line), *key));
    }
    if let (false, Some(key)) = (part.is_empty(), stream.next()) {
        store_part(part, xor(load_part(part), *key));
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
