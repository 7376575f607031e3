//! Sixteen blocks side by side: register j of a group holds word j of each.

use core::arch::x86_64::*;
use core::hint::black_box;

use crate::sm4::batch;
use crate::sm4::counter::Counter;
use crate::sm4::x86::gfni::{M0, M0_ADD, M3, PRE, UNPRE};

/// Word 0, 1, 2 and 3 of sixteen blocks.
pub(super) type Group = [__m512i; 4];
/// 64 bytes as they lie in memory: four blocks.
pub(super) type Line = [u8; 64];
/// Bytes of a group.
pub(super) const GROUP_LEN: usize = 256;
/// `N` groups as they lie in memory.
pub(super) type Batch<const N: usize> = batch::Batch<64, N>;

/// Counter blocks, in the kernel's domain.
///
/// Lane 4L+k holds block 4k+L, so that transposing each 128-bit lane puts the blocks into their order.
pub(super) struct Counters {
    words: [__m512i; 3],
    next: __m512i,
}

impl Counters {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn new(counter: Counter) -> Self {
        let [a, b, c] = counter.prefix_words();
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        Self {
            words: [domain(broadcast(a)), domain(broadcast(b)), domain(broadcast(c))],
            next: _mm512_add_epi32(broadcast(counter.value()), order),
        }
    }

    /// The next 16·`N` blocks.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    pub(super) fn take<const N: usize>(&mut self) -> [Group; N] {
        let [a, b, c] = self.words;
        let mut groups = [[a, b, c, c]; N];
        for [.., value] in &mut groups {
            *value = domain(self.next);
            self.next = _mm512_add_epi32(self.next, broadcast(16));
        }
        groups
    }
}

/// Replaces the counter of the very last block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn set_last<const N: usize>(groups: &mut [Group; N], value: u32) {
    if let Some([.., last]) = groups.last_mut() {
        *last = _mm512_mask_blend_epi32(1 << 15, *last, domain(broadcast(value)));
    }
}

/// The 32 rounds. On the way `between` runs with 0 to 19, for work that fits in the gaps.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn rounds<const N: usize>(
    keys: &[[u32; 8]],
    mut groups: [Group; N],
    mut between: impl FnMut(usize),
) -> [Group; N] {
    let constants = Constants::new();
    for (at, &[a, b, c, d, e, f, g, h]) in keys.iter().enumerate() {
        constants.two_rounds(&mut groups, [a, b]);
        between(5 * at);
        constants.two_rounds_more(&mut groups, [c, d]);
        between(5 * at + 1);
        constants.two_rounds(&mut groups, [e, f]);
        between(5 * at + 2);
        between(5 * at + 3);
        constants.two_rounds_more(&mut groups, [g, h]);
        between(5 * at + 4);
    }
    groups
}

/// Round keys as [`rounds`] takes them for `N` groups.
///
/// For few groups their number is kept from the compiler: it would write out all rounds and put the groups one after
/// the other, too far apart for the processor to do them at once.
pub(super) fn octets<const N: usize>(keys: &[u32; 32]) -> &[[u32; 8]] {
    let octets: &[[u32; 8]] = keys.as_chunks().0;
    if N < 4 { black_box(octets) } else { octets }
}

/// What stays in registers through the rounds.
struct Constants {
    m0: __m512i,
    m3: __m512i,
}

impl Constants {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn new() -> Self {
        Self { m0: _mm512_set1_epi64(M0), m3: _mm512_set1_epi64(M3) }
    }

    /// Two rounds, which change the first two words of each block.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn two_rounds<const N: usize>(&self, groups: &mut [Group; N], [a, b]: [u32; 2]) {
        let mut pairs = [_mm512_setzero_si512(); N];
        for (pair, [_, _, x2, x3]) in pairs.iter_mut().zip(&*groups) {
            *pair = _mm512_xor_si512(*x2, *x3);
        }
        for ([x0, x1, _, _], pair) in groups.iter_mut().zip(&pairs) {
            *x0 = self.round(*x0, xor3(*pair, *x1, broadcast(a)));
        }
        for ([x0, x1, _, _], pair) in groups.iter_mut().zip(&pairs) {
            *x1 = self.round(*x1, xor3(*pair, *x0, broadcast(b)));
        }
    }

    /// The two rounds after those, which change the last two words.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn two_rounds_more<const N: usize>(&self, groups: &mut [Group; N], [a, b]: [u32; 2]) {
        let mut pairs = [_mm512_setzero_si512(); N];
        for (pair, [x0, x1, _, _]) in pairs.iter_mut().zip(&*groups) {
            *pair = _mm512_xor_si512(*x0, *x1);
        }
        for ([_, _, x2, x3], pair) in groups.iter_mut().zip(&pairs) {
            *x2 = self.round(*x2, xor3(*pair, *x3, broadcast(a)));
        }
        for ([_, _, x2, x3], pair) in groups.iter_mut().zip(&pairs) {
            *x3 = self.round(*x3, xor3(*pair, *x2, broadcast(b)));
        }
    }

    /// `x` after a round whose S-boxes take `t`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
    fn round(&self, x: __m512i, t: __m512i) -> __m512i {
        let a = _mm512_gf2p8affineinv_epi64_epi8::<M0_ADD>(t, self.m0);
        let c = _mm512_gf2p8affineinv_epi64_epi8::<0>(t, self.m3);
        let b = _mm512_xor_si512(a, c);
        let sum = xor3(x, a, _mm512_rol_epi32::<24>(c));
        xor3(sum, _mm512_rol_epi32::<8>(b), _mm512_rol_epi32::<16>(b))
    }
}

/// Encrypts blocks as they lie in memory.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
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
    *blocks = rounds(octets::<N>(keys), *blocks, |_| {});
    for group in blocks.iter_mut() {
        *group = bytes(*group);
    }
}

/// The words after the last round as the blocks lie in memory.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn bytes([a, b, c, d]: Group) -> [__m512i; 4] {
    let back = _mm512_set1_epi64(UNPRE);
    let mut lines = transpose([d, c, b, a]);
    for line in &mut lines {
        *line = swap_words(_mm512_gf2p8affine_epi64_epi8::<0>(*line, back));
    }
    lines
}

/// Transposes the 4×4 words of each 128-bit lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn transpose([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Turns each word between big-endian bytes and a number.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn swap_words(line: __m512i) -> __m512i {
    let order = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    _mm512_shuffle_epi8(line, _mm512_broadcast_i32x4(order))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn domain(words: __m512i) -> __m512i {
    _mm512_gf2p8affine_epi64_epi8::<0>(words, _mm512_set1_epi64(PRE))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn broadcast(word: u32) -> __m512i {
    _mm512_set1_epi32(word as i32)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

/// XORs what [`rounds`] made into as many groups of data.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn xor_whole<const N: usize>(data: &mut Batch<N>, groups: [Group; N]) {
    for (lines, group) in data.iter_mut().zip(groups) {
        for (line, key) in lines.iter_mut().zip(bytes(group)) {
            store(line, _mm512_xor_si512(load(line), key));
        }
    }
}

/// XORs what [`rounds`] made into `data`, of which there is no more.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn xor_part<const N: usize>(data: &mut [u8], groups: [Group; N]) {
    for (group, part) in groups.into_iter().zip(data.chunks_mut(GROUP_LEN)) {
        for (key, part) in bytes(group).into_iter().zip(part.chunks_mut(64)) {
            // The hash loads this again at once, which takes long after a masked store.
            if let Some(line) = part.first_chunk_mut() {
                store(line, _mm512_xor_si512(load(line), key));
            } else {
                store_part(part, _mm512_xor_si512(load_part(part), key));
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn load(line: &Line) -> __m512i {
    // SAFETY: `line` is 64 readable bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn store(line: &mut Line, value: __m512i) {
    // SAFETY: `line` is 64 writable bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(line.as_mut_ptr().cast(), value) }
}

/// At most 64 bytes, with zeros behind them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn load_part(bytes: &[u8]) -> __m512i {
    // SAFETY: the mask lets the load touch no more than `bytes`.
    unsafe { _mm512_maskz_loadu_epi8(mask(bytes.len()), bytes.as_ptr().cast()) }
}

/// As many bytes of `value` as fit.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
pub(super) fn store_part(bytes: &mut [u8], value: __m512i) {
    // SAFETY: the mask lets the store touch no more than `bytes`.
    unsafe { _mm512_mask_storeu_epi8(bytes.as_mut_ptr().cast(), mask(bytes.len()), value) }
}

/// One bit for each of the first `len` bytes, at most 64.
fn mask(len: usize) -> __mmask64 {
    u32::try_from(len).ok().and_then(|len| u64::MAX.checked_shl(len)).map_or(u64::MAX, |above| !above)
}
