//! SM4 with AES-NI and AVX2, for x86-64 processors without GFNI.
//!
//! AESENCLAST takes the S-box's inverse. The affine maps around it are look-ups by nibble in tables that lie in
//! registers (VPSHUFB), so no data reaches an address. What is computed, and why it is SM4, is told in
//! [`constants`](crate::sm4::constants).
//!
//! A group is eight blocks in four registers, one for each word of a block. Four groups go through the rounds together: one
//! alone would wait for its own results most of the time. Up to four blocks are done by [`narrow`], with less delay.
#![expect(unsafe_code, reason = "vector loads and stores take pointers")]

mod narrow;

use std::arch::x86_64::*;

pub(in crate::sm4) use narrow::expand;
use zeroize::Zeroizing;

use crate::sm4::batch::{padded, split};
use crate::sm4::constants::{Nibbles, UNSHIFT};
use crate::sm4::schedule::ROUNDS;

/// Eight blocks in the order of memory.
type Group = [[u8; 32]; 4];
/// Eight blocks by words: place `4·h + i` of each register belongs to block `2·i + h`.
type State = [__m256i; 4];

/// Groups that go through the rounds together.
const WIDE: usize = 4;
const WIDE_LEN: usize = WIDE * size_of::<Group>();
/// The same for what is left over if it is short.
const HALF: usize = WIDE / 2;
const HALF_LEN: usize = WIDE_LEN / 2;

/// Encrypts each block; decrypts with the round keys in reverse.
#[target_feature(enable = "avx2,aes")]
pub(in crate::sm4) fn encrypt_blocks(rk: &[u32; ROUNDS], blocks: &mut [[u8; 16]]) {
    let keys = round_keys(rk);
    let (whole, rest) = split::<32, WIDE>(blocks.as_flattened_mut(), usize::MAX);
    for groups in whole {
        encrypt(&keys, groups);
    }
    if rest.len() > HALF_LEN {
        padded::<_, WIDE>(rest, |groups| encrypt(&keys, groups));
    } else if rest.len() > narrow::LEN {
        padded::<_, HALF>(rest, |groups| encrypt(&keys, groups));
    } else if !rest.is_empty() {
        narrow::encrypt(&keys, rest);
    }
}

/// Adds the key stream of counter mode to `data`: the blocks `nonce || counter`, `nonce || counter + 1` and so on,
/// encrypted. The counter is big-endian and wraps at 2^32.
#[target_feature(enable = "avx2,aes")]
pub(in crate::sm4) fn ctr(rk: &[u32; ROUNDS], nonce: &[u8; 12], mut counter: u32, data: &mut [u8]) {
    let keys = round_keys(rk);
    let (whole, rest) = split::<32, WIDE>(data, usize::MAX);
    for groups in whole {
        add_stream(&keys, nonce, counter, groups);
        counter = counter.wrapping_add((WIDE_LEN / 16) as u32);
    }
    if rest.len() > HALF_LEN {
        padded::<_, WIDE>(rest, |groups| add_stream(&keys, nonce, counter, groups));
    } else if rest.len() > narrow::LEN {
        padded::<_, HALF>(rest, |groups| add_stream(&keys, nonce, counter, groups));
    } else if !rest.is_empty() {
        narrow::add_stream(&keys, nonce, counter, rest);
    }
}

#[target_feature(enable = "avx2,aes")]
fn encrypt<const G: usize>(keys: &[i32; ROUNDS], groups: &mut [Group; G]) {
    let pre = Map::new(&Nibbles::PRE);
    let mut states = [[_mm256_setzero_si256(); 4]; G];
    for (state, group) in states.iter_mut().zip(&*groups) {
        let [a, b, c, d] = group;
        *state = transpose([load(a), load(b), load(c), load(d)]).map(|word| pre.apply(word));
    }
    for (group, state) in groups.iter_mut().zip(rounds(keys, states)) {
        let [a, b, c, d] = group;
        let [w, x, y, z] = finish(state);
        store(a, w);
        store(b, x);
        store(c, y);
        store(d, z);
    }
}

#[target_feature(enable = "avx2,aes")]
fn add_stream<const G: usize>(keys: &[i32; ROUNDS], nonce: &[u8; 12], counter: u32, groups: &mut [Group; G]) {
    let states: [State; G] = counter_blocks(nonce, counter);
    for (group, state) in groups.iter_mut().zip(rounds(keys, states)) {
        let [a, b, c, d] = group;
        let [w, x, y, z] = finish(state);
        store(a, _mm256_xor_si256(load(a), w));
        store(b, _mm256_xor_si256(load(b), x));
        store(c, _mm256_xor_si256(load(c), y));
        store(d, _mm256_xor_si256(load(d), z));
    }
}

/// The blocks of counter mode, in the kernel's domain.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn counter_blocks<const G: usize>(nonce: &[u8; 12], counter: u32) -> [State; G] {
    let pre = Map::new(&Nibbles::PRE);
    let mut words = [[0; 4]; 3];
    words.as_flattened_mut().copy_from_slice(nonce);
    let [a, b, c] = words.map(|word| pre.apply(_mm256_set1_epi32(i32::from_ne_bytes(word))));
    let places = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    let mut counters = _mm256_add_epi32(_mm256_set1_epi32(counter as i32), places);
    let mut states = [[a, b, c, c]; G];
    for [_, _, _, last] in &mut states {
        *last = pre.apply(_mm256_shuffle_epi8(counters, broadcast(&REVERSE_WORDS)));
        counters = _mm256_add_epi32(counters, _mm256_set1_epi32(8));
    }
    states
}

/// Reverses the bytes of each word.
const REVERSE_WORDS: [u8; 16] = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/// All rounds. The words come out last first, as they stand in the block.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn rounds<const G: usize>(keys: &[i32; ROUNDS], mut states: [State; G]) -> [State; G] {
    let (keys, _) = keys.as_chunks();
    for [k0, k1, k2, k3] in keys {
        round::<G, 0>(&mut states, *k0);
        round::<G, 1>(&mut states, *k1);
        round::<G, 2>(&mut states, *k2);
        round::<G, 3>(&mut states, *k3);
    }
    states
}

/// The round that replaces word `R`. Each step is done for all groups before the next, so that results are not needed at
/// once.
#[inline]
#[target_feature(enable = "avx2,aes")]
#[expect(clippy::indexing_slicing, reason = "all indices are below four")]
fn round<const G: usize, const R: usize>(states: &mut [State; G], key: i32) {
    let (m0, m3) = (Map::new(&Nibbles::M0), Map::new(&Nibbles::M3));
    let mut a = [_mm256_set1_epi32(key); G];
    for (sum, x) in a.iter_mut().zip(&*states) {
        let last = _mm256_xor_si256(x[(R + 3) % 4], *sum);
        *sum = _mm256_xor_si256(_mm256_xor_si256(x[(R + 1) % 4], x[(R + 2) % 4]), last);
    }
    for sum in &mut a {
        *sum = sub_bytes(*sum);
    }
    let mut c = a;
    for (a, c) in a.iter_mut().zip(&mut c) {
        let nibbles = nibbles(*a);
        (*a, *c) = (m0.look_up(nibbles), m3.look_up(nibbles));
    }
    for ((x, a), c) in states.iter_mut().zip(a).zip(c) {
        x[R] = _mm256_xor_si256(x[R], combine(a, c));
    }
}

/// `a ^ (b <<< 8) ^ (b <<< 16) ^ (c <<< 24)` with `b = a ^ c`, undoing ShiftRows.
#[inline]
#[target_feature(enable = "avx2")]
fn combine(a: __m256i, c: __m256i) -> __m256i {
    let [by_0, by_1, by_2, by_3] = &UNSHIFT;
    let b = _mm256_xor_si256(a, c);
    let ac =
        _mm256_xor_si256(_mm256_shuffle_epi8(a, broadcast(by_0)), _mm256_shuffle_epi8(c, broadcast(by_3)));
    let b =
        _mm256_xor_si256(_mm256_shuffle_epi8(b, broadcast(by_1)), _mm256_shuffle_epi8(b, broadcast(by_2)));
    _mm256_xor_si256(ac, b)
}

/// AES's SubBytes, and its ShiftRows on each half.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn sub_bytes(x: __m256i) -> __m256i {
    let zero = _mm_setzero_si128();
    let low = _mm_aesenclast_si128(_mm256_castsi256_si128(x), zero);
    let high = _mm_aesenclast_si128(_mm256_extracti128_si256::<1>(x), zero);
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
}

/// Out of the kernel's domain, and from words to blocks.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn finish([x0, x1, x2, x3]: State) -> [__m256i; 4] {
    let unpre = Map::new(&Nibbles::UNPRE);
    transpose([x3, x2, x1, x0]).map(|blocks| unpre.apply(blocks))
}

/// Exchanges the rows and columns of the 4×4 words in each half.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// The tables of an affine map.
#[derive(Clone, Copy)]
struct Map {
    low: __m256i,
    high: __m256i,
}

/// The low and the high nibbles of bytes.
#[derive(Clone, Copy)]
struct Split {
    low: __m256i,
    high: __m256i,
}

#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(x: __m256i) -> Split {
    let mask = _mm256_set1_epi8(0x0f);
    Split { low: _mm256_and_si256(x, mask), high: _mm256_and_si256(_mm256_srli_epi32::<4>(x), mask) }
}

impl Map {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(tables: &'static Nibbles) -> Self {
        Self { low: broadcast(&tables.low), high: broadcast(&tables.high) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn look_up(&self, nibbles: Split) -> __m256i {
        let low = _mm256_shuffle_epi8(self.low, nibbles.low);
        _mm256_xor_si256(low, _mm256_shuffle_epi8(self.high, nibbles.high))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn apply(&self, x: __m256i) -> __m256i {
        self.look_up(nibbles(x))
    }
}

/// The round keys in the kernel's domain, with the S-box's inner constant, each a word as it lies in memory.
#[target_feature(enable = "avx2")]
fn round_keys(rk: &[u32; ROUNDS]) -> Zeroizing<[i32; ROUNDS]> {
    let pre = Map::new(&Nibbles::PRE_KEY);
    let mut keys = Zeroizing::new([0; ROUNDS]);
    let (registers, _) = keys.as_chunks_mut();
    let (rk, _) = rk.as_chunks();
    for (register, rk) in registers.iter_mut().zip(rk) {
        let bytes = _mm256_shuffle_epi8(load_words(rk), broadcast(&REVERSE_WORDS));
        store_words(register, pre.apply(bytes));
    }
    keys
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_words(words: &[u32; 8]) -> __m256i {
    // SAFETY: the reference is good for 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_words(words: &mut [i32; 8], value: __m256i) {
    // SAFETY: the reference is good for 32 bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: the reference is good for 16 bytes, and the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the reference is good for 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(bytes: &mut [u8; 32], value: __m256i) {
    // SAFETY: the reference is good for 32 bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

#[cfg(test)]
mod tests;
