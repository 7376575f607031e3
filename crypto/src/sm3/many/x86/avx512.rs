//! Sixteen lanes in AVX-512 registers.
#![expect(unsafe_code, reason = "vector loads and stores, and the call of a function for detected features")]

use std::arch::x86_64::*;

use crate::sm3::Block;
use crate::sm3::many::job::Compress;
use crate::sm3::many::lane::State;
use crate::sm3::rounds::{compression_function, sixteen_times};

const LANES: usize = 16;

/// The kernel, if this CPU runs it.
pub(in crate::sm3::many) fn compress() -> Option<Compress<LANES>> {
    let detected = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    // SAFETY: the features that `compress_blocks` is compiled for were detected.
    detected.then_some(|state, lanes| unsafe { compress_blocks(state, lanes) })
}

#[target_feature(enable = "avx512f,avx512bw")]
fn compress_blocks(state: &mut State<LANES>, lanes: &[&[Block]; LANES]) {
    let mut v = [_mm512_setzero_si512(); 8];
    for (v, row) in v.iter_mut().zip(&state.0) {
        // SAFETY: a row is 16 words, as long as the register.
        *v = unsafe { _mm512_loadu_si512(row.as_ptr().cast()) };
    }
    let count = lanes.iter().map(|blocks| blocks.len()).min().unwrap_or(0);
    for i in 0..count {
        let w = words(lanes, i);
        compress_block(&mut v, w);
    }
    for (row, v) in state.0.iter_mut().zip(v) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), v) }
    }
}

/// The words of block `i` of every lane, word by word.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn words(lanes: &[&[Block]; LANES], i: usize) -> [__m512i; 16] {
    let mut rows = [_mm512_setzero_si512(); LANES];
    sixteen_times!(L => {
        if let Some(block) = lanes[L].get(i) {
            // SAFETY: a block is 64 bytes, as long as the register.
            rows[L] = big_endian(unsafe { _mm512_loadu_si512(block.as_ptr().cast()) });
        }
    });
    transpose(rows)
}

/// Column c of the rows becomes row c.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15] = rows;
    let [a0, a1, a2, a3] = transpose_words(r0, r1, r2, r3);
    let [b0, b1, b2, b3] = transpose_words(r4, r5, r6, r7);
    let [c0, c1, c2, c3] = transpose_words(r8, r9, r10, r11);
    let [d0, d1, d2, d3] = transpose_words(r12, r13, r14, r15);
    // Quarter q of a0, b0, c0 and d0 has column 4q, that of a1, b1, c1 and d1 column 4q+1, and so on.
    let [r0, r4, r8, r12] = transpose_quarters(a0, b0, c0, d0);
    let [r1, r5, r9, r13] = transpose_quarters(a1, b1, c1, d1);
    let [r2, r6, r10, r14] = transpose_quarters(a2, b2, c2, d2);
    let [r3, r7, r11, r15] = transpose_quarters(a3, b3, c3, d3);
    [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15]
}

/// Transposes the four words of four rows within each 128-bit quarter.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn transpose_words(a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
    let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab, cd),
        _mm512_unpackhi_epi64(ab, cd),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Transposes the four quarters of four rows.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn transpose_quarters(a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
    const LOW_HALVES: i32 = 0x44;
    const HIGH_HALVES: i32 = 0xee;
    const EVEN: i32 = 0x88;
    const ODD: i32 = 0xdd;
    let (ab, cd) = (_mm512_shuffle_i32x4::<LOW_HALVES>(a, b), _mm512_shuffle_i32x4::<LOW_HALVES>(c, d));
    let (ab_high, cd_high) =
        (_mm512_shuffle_i32x4::<HIGH_HALVES>(a, b), _mm512_shuffle_i32x4::<HIGH_HALVES>(c, d));
    [
        _mm512_shuffle_i32x4::<EVEN>(ab, cd),
        _mm512_shuffle_i32x4::<ODD>(ab, cd),
        _mm512_shuffle_i32x4::<EVEN>(ab_high, cd_high),
        _mm512_shuffle_i32x4::<ODD>(ab_high, cd_high),
    ]
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn big_endian(x: __m512i) -> __m512i {
    let order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    _mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(order))
}

compression_function!(__m512i, "avx512f,avx512bw");

/// With so many lanes there is always something else to do: the sums may be grouped in any way.
fn ready(x: __m512i) -> __m512i {
    x
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn add(x: __m512i, y: __m512i) -> __m512i {
    _mm512_add_epi32(x, y)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn xor(x: __m512i, y: __m512i) -> __m512i {
    _mm512_xor_si512(x, y)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn xor3(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(x, y, z)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn majority(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xe8>(x, y, z)
}

/// y where x has a one, z where it has a zero.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn choose(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xca>(x, y, z)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn rotate_left<const N: i32>(x: __m512i) -> __m512i {
    _mm512_rol_epi32::<N>(x)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn p0(x: __m512i) -> __m512i {
    xor3(x, rotate_left::<9>(x), rotate_left::<17>(x))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn p1(x: __m512i) -> __m512i {
    xor3(x, rotate_left::<15>(x), rotate_left::<23>(x))
}
