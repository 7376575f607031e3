//! Eight lanes in AVX2 registers.
#![expect(unsafe_code, reason = "vector loads and stores, and the call of a function for detected features")]

use std::arch::x86_64::*;

use crate::sm3::Block;
use crate::sm3::many::job::Compress;
use crate::sm3::many::lane::State;
use crate::sm3::rounds::{compression_function, sixteen_times};

const LANES: usize = 8;

/// The kernel, if this CPU runs it.
pub(in crate::sm3::many) fn compress() -> Option<Compress<LANES>> {
    // SAFETY: the feature that `compress_blocks` is compiled for was detected.
    is_x86_feature_detected!("avx2").then_some(|state, lanes| unsafe { compress_blocks(state, lanes) })
}

#[target_feature(enable = "avx2")]
fn compress_blocks(state: &mut State<LANES>, lanes: &[&[Block]; LANES]) {
    let mut v = [_mm256_setzero_si256(); 8];
    for (v, row) in v.iter_mut().zip(&state.0) {
        // SAFETY: a row is 8 words, as long as the register.
        *v = unsafe { _mm256_loadu_si256(row.as_ptr().cast()) };
    }
    let count = lanes.iter().map(|blocks| blocks.len()).min().unwrap_or(0);
    for i in 0..count {
        let w = words(lanes, i);
        compress_block(&mut v, w);
    }
    for (row, v) in state.0.iter_mut().zip(v) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), v) }
    }
}

/// The words of block `i` of every lane, word by word.
#[target_feature(enable = "avx2")]
#[inline]
fn words(lanes: &[&[Block]; LANES], i: usize) -> [__m256i; 16] {
    // The left halves of the lanes' blocks, then the right ones.
    let mut rows = [_mm256_setzero_si256(); 2 * LANES];
    sixteen_times!(R => {
        if let Some(block) = lanes[R % LANES].get(i) {
            let [left, right] = halves(block);
            rows[R] = big_endian(if R < LANES { left } else { right });
        }
    });
    let [l0, l1, l2, l3, l4, l5, l6, l7, r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let [w0, w1, w2, w3, w4, w5, w6, w7] = transpose([l0, l1, l2, l3, l4, l5, l6, l7]);
    let [w8, w9, w10, w11, w12, w13, w14, w15] = transpose([r0, r1, r2, r3, r4, r5, r6, r7]);
    [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15]
}

#[target_feature(enable = "avx2")]
#[inline]
fn halves(block: &Block) -> [__m256i; 2] {
    let start = block.as_ptr().cast::<__m256i>();
    // SAFETY: a block is 64 bytes, twice as long as the register.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

/// Column c of the rows becomes row c.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let [a0, a1, a2, a3] = transpose_words(r0, r1, r2, r3);
    let [b0, b1, b2, b3] = transpose_words(r4, r5, r6, r7);
    const LOW: i32 = 0x20;
    const HIGH: i32 = 0x31;
    [
        _mm256_permute2x128_si256::<LOW>(a0, b0),
        _mm256_permute2x128_si256::<LOW>(a1, b1),
        _mm256_permute2x128_si256::<LOW>(a2, b2),
        _mm256_permute2x128_si256::<LOW>(a3, b3),
        _mm256_permute2x128_si256::<HIGH>(a0, b0),
        _mm256_permute2x128_si256::<HIGH>(a1, b1),
        _mm256_permute2x128_si256::<HIGH>(a2, b2),
        _mm256_permute2x128_si256::<HIGH>(a3, b3),
    ]
}

/// Transposes the four words of four rows within each 128-bit half.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose_words(a: __m256i, b: __m256i, c: __m256i, d: __m256i) -> [__m256i; 4] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

#[target_feature(enable = "avx2")]
#[inline]
fn big_endian(x: __m256i) -> __m256i {
    let order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(order))
}

compression_function!(__m256i, "avx2");

/// With so many lanes there is always something else to do: the sums may be grouped in any way.
fn ready(x: __m256i) -> __m256i {
    x
}

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(x: __m256i, y: __m256i) -> __m256i {
    _mm256_add_epi32(x, y)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(x: __m256i, y: __m256i) -> __m256i {
    _mm256_xor_si256(x, y)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor3(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    xor(xor(x, y), z)
}

#[target_feature(enable = "avx2")]
#[inline]
fn majority(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_and_si256(x, y), _mm256_and_si256(z, _mm256_or_si256(x, y)))
}

/// y where x has a one, z where it has a zero.
#[target_feature(enable = "avx2")]
#[inline]
fn choose(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    xor(z, _mm256_and_si256(x, xor(y, z)))
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotate_left<const N: i32>(x: __m256i) -> __m256i {
    let (right, left) = (_mm_cvtsi32_si128(32 - N), _mm_cvtsi32_si128(N));
    _mm256_or_si256(_mm256_sll_epi32(x, left), _mm256_srl_epi32(x, right))
}

/// Rotates by whole bytes: one instruction.
#[target_feature(enable = "avx2")]
#[inline]
fn rotate_left_8(x: __m256i) -> __m256i {
    let order = _mm_set_epi8(14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3);
    _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(order))
}

/// x + (x <<< 9) + (x <<< 17), the last two as one rotation.
#[target_feature(enable = "avx2")]
#[inline]
fn p0(x: __m256i) -> __m256i {
    xor(x, rotate_left::<9>(xor(x, rotate_left_8(x))))
}

/// x + (x <<< 15) + (x <<< 23), likewise.
#[target_feature(enable = "avx2")]
#[inline]
fn p1(x: __m256i) -> __m256i {
    xor(x, rotate_left::<15>(xor(x, rotate_left_8(x))))
}
