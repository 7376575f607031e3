//! Up to four blocks, in half registers: the same as the wide kernel with less delay from round to round, for single
//! blocks and short ends. And the key schedule.

use std::arch::x86_64::*;

use crate::sm4::KEY_LEN;
use crate::sm4::constants::{Nibbles, UNSHIFT};
use crate::sm4::schedule::{self, ROUNDS, RoundKeys};

/// Most bytes that fit.
pub(super) const LEN: usize = 64;

/// Four blocks in the order of memory.
type Blocks = [[u8; 16]; 4];

/// Expands `key`.
#[target_feature(enable = "avx2,aes")]
pub(in crate::sm4) fn expand(key: &[u8; KEY_LEN]) -> RoundKeys {
    let (pre, post) = (Map::new(&Nibbles::PRE_KEY), Map::new(&Nibbles::POST));
    schedule::expand_with(key, |word| {
        // The same word in all lanes, so that ShiftRows changes nothing.
        let word = pre.apply(_mm_set1_epi32(word as i32));
        let substituted = post.apply(_mm_aesenclast_si128(word, _mm_setzero_si128()));
        _mm_cvtsi128_si32(substituted) as u32
    })
}

/// Encrypts `bytes`, which are whole blocks.
#[target_feature(enable = "avx2,aes")]
pub(super) fn encrypt(keys: &[i32; ROUNDS], bytes: &mut [u8]) {
    let mut blocks = Blocks::default();
    let (start, _) = blocks.as_flattened_mut().split_at_mut(bytes.len());
    start.copy_from_slice(bytes);
    let blocks = encrypted(keys, &blocks);
    let (start, _) = blocks.as_flattened().split_at(bytes.len());
    bytes.copy_from_slice(start);
}

/// Adds the key stream to `data`.
#[target_feature(enable = "avx2,aes")]
pub(super) fn add_stream(keys: &[i32; ROUNDS], nonce: &[u8; 12], counter: u32, data: &mut [u8]) {
    let mut blocks = Blocks::default();
    for (block, i) in blocks.iter_mut().zip(0..) {
        let (head, tail) = block.split_at_mut(nonce.len());
        head.copy_from_slice(nonce);
        tail.copy_from_slice(&counter.wrapping_add(i).to_be_bytes());
    }
    let stream = encrypted(keys, &blocks);
    data.iter_mut().zip(stream.as_flattened()).for_each(|(data, stream)| *data ^= stream);
}

#[target_feature(enable = "avx2,aes")]
fn encrypted(keys: &[i32; ROUNDS], blocks: &Blocks) -> Blocks {
    let pre = Map::new(&Nibbles::PRE);
    let [a, b, c, d] = blocks;
    let [mut x0, mut x1, mut x2, mut x3] =
        transpose([load(a), load(b), load(c), load(d)]).map(|word| pre.apply(word));
    let maps = [Map::new(&Nibbles::M0), Map::new(&Nibbles::M3)];
    for key in keys {
        // The newest word, x3, is added last: it is the one that is waited for.
        let sum = _mm_xor_si128(_mm_xor_si128(x1, _mm_set1_epi32(*key)), x2);
        let next = _mm_xor_si128(x0, t(&maps, _mm_xor_si128(sum, x3)));
        (x0, x1, x2, x3) = (x1, x2, x3, next);
    }
    let unpre = Map::new(&Nibbles::UNPRE);
    transpose([x3, x2, x1, x0]).map(|block| unpre.apply(block)).map(|block| bytes(block))
}

/// S-box and L of a word, in the kernel's domain.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn t([m0, m3]: &[Map; 2], x: __m128i) -> __m128i {
    let s = _mm_aesenclast_si128(x, _mm_setzero_si128());
    let (a, c) = (m0.apply(s), m3.apply(s));
    let b = _mm_xor_si128(a, c);
    let [by_0, by_1, by_2, by_3] = &UNSHIFT;
    let a = _mm_shuffle_epi8(a, load(by_0));
    let b1 = _mm_shuffle_epi8(b, load(by_1));
    let b2 = _mm_shuffle_epi8(b, load(by_2));
    let c = _mm_shuffle_epi8(c, load(by_3));
    _mm_xor_si128(_mm_xor_si128(a, c), _mm_xor_si128(b1, b2))
}

/// Exchanges rows and columns of 4×4 words.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    let (ab, cd) = (_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d));
    [
        _mm_unpacklo_epi64(ab, cd),
        _mm_unpackhi_epi64(ab, cd),
        _mm_unpacklo_epi64(ab_high, cd_high),
        _mm_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// The tables of an affine map.
#[derive(Clone, Copy)]
struct Map {
    low: __m128i,
    high: __m128i,
}

impl Map {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(tables: &'static Nibbles) -> Self {
        Self { low: load(&tables.low), high: load(&tables.high) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn apply(&self, x: __m128i) -> __m128i {
        let mask = _mm_set1_epi8(0x0f);
        let low = _mm_shuffle_epi8(self.low, _mm_and_si128(x, mask));
        let high = _mm_shuffle_epi8(self.high, _mm_and_si128(_mm_srli_epi32::<4>(x), mask));
        _mm_xor_si128(low, high)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the reference is good for 16 bytes, and the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn bytes(value: __m128i) -> [u8; 16] {
    let mut bytes = [0; 16];
    // SAFETY: the reference is good for 16 bytes, and the store needs no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), value) }
    bytes
}
