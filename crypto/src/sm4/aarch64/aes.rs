//! SM4 with Arm's AES instructions.
//!
//! AESE takes the S-box's inverse, with the round key as its key; the affine maps around it are look-ups by nibble in
//! tables that lie in registers (TBL), so no data reaches an address. What is computed, and why it is SM4, is told in
//! [`constants`](crate::sm4::constants).
//!
//! A group is four blocks in four registers, one for each word of a block. Four groups go through the rounds together:
//! one alone would wait for its own results most of the time.
#![expect(unsafe_code, reason = "functions compiled for instructions that the processor may lack")]

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::block::{load, load_words, store, store_words};
use super::keys::{Group, Rounds};
use crate::sm4::KEY_LEN;
use crate::sm4::constants::{Nibbles, UNSHIFT};
use crate::sm4::counter::Counter;
use crate::sm4::schedule::{self, ROUNDS, RoundKeys};

/// Four blocks by words.
type State = [uint8x16_t; 4];

/// SM4 with the AES instructions.
pub(in crate::sm4) struct Aes;

impl Rounds for Aes {
    fn is_available() -> bool {
        cfg!(target_endian = "little") && is_aarch64_feature_detected!("aes")
    }

    #[target_feature(enable = "neon,aes")]
    unsafe fn expand(key: &[u8; KEY_LEN]) -> RoundKeys {
        schedule::expand(key)
    }

    /// Moves the round keys into the kernel's domain, with the S-box's inner constant; each a word as it lies in memory.
    #[target_feature(enable = "neon,aes")]
    unsafe fn prepare(round_keys: &mut [u32; ROUNDS]) {
        let pre = Map::new(&Nibbles::PRE_KEY);
        for four in round_keys.as_chunks_mut().0 {
            let bytes = vrev32q_u8(vreinterpretq_u8_u32(load_words(four)));
            store_words(four, vreinterpretq_u32_u8(pre.apply(bytes)));
        }
    }

    #[target_feature(enable = "neon,aes")]
    unsafe fn encrypt<const G: usize>(keys: &[u32; ROUNDS], groups: &mut [Group; G]) {
        let pre = Map::new(&Nibbles::PRE);
        let mut states = [[vdupq_n_u8(0); 4]; G];
        for (state, [a, b, c, d]) in states.iter_mut().zip(&*groups) {
            *state = transpose([load(a), load(b), load(c), load(d)]).map(|word| pre.apply(word));
        }
        for (group, state) in groups.iter_mut().zip(rounds(keys, states)) {
            for (block, encrypted) in group.iter_mut().zip(finish(state)) {
                store(block, encrypted);
            }
        }
    }

    #[target_feature(enable = "neon,aes")]
    unsafe fn add_stream<const G: usize>(keys: &[u32; ROUNDS], counter: Counter, groups: &mut [Group; G]) {
        let states: [State; G] = counter_blocks(counter);
        for (group, state) in groups.iter_mut().zip(rounds(keys, states)) {
            for (block, stream) in group.iter_mut().zip(finish(state)) {
                store(block, veorq_u8(load(block), stream));
            }
        }
    }
}

/// The blocks of counter mode, in the kernel's domain.
#[inline]
#[target_feature(enable = "neon,aes")]
fn counter_blocks<const G: usize>(mut counter: Counter) -> [State; G] {
    let pre = Map::new(&Nibbles::PRE);
    let mut words = [[0; 4]; 3];
    words.as_flattened_mut().copy_from_slice(counter.prefix());
    let [a, b, c] = words.map(|word| pre.apply(repeat(u32::from_ne_bytes(word))));
    let mut states = [[a, b, c, c]; G];
    for [_, _, _, last] in &mut states {
        let mut counters = [[0; 4]; 4];
        for place in &mut counters {
            *place = counter.value().to_be_bytes();
            counter = counter.plus(1);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(counters.as_flattened());
        *last = pre.apply(load(&bytes));
    }
    states
}

/// All rounds. The words come out last first, as they stand in the block.
#[inline]
#[target_feature(enable = "neon,aes")]
fn rounds<const G: usize>(keys: &[u32; ROUNDS], mut states: [State; G]) -> [State; G] {
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
#[target_feature(enable = "neon,aes")]
#[expect(clippy::indexing_slicing, reason = "all indices are below four")]
fn round<const G: usize, const R: usize>(states: &mut [State; G], key: u32) {
    let (m0, m3) = (Map::new(&Nibbles::M0), Map::new(&Nibbles::M3));
    let key = repeat(key);
    let mut a = [key; G];
    for (s, x) in a.iter_mut().zip(&*states) {
        let sum = veorq_u8(veorq_u8(x[(R + 1) % 4], x[(R + 2) % 4]), x[(R + 3) % 4]);
        *s = vaeseq_u8(sum, key);
    }
    let mut c = a;
    for (a, c) in a.iter_mut().zip(&mut c) {
        (*a, *c) = (m0.apply(*a), m3.apply(*a));
    }
    for ((x, a), c) in states.iter_mut().zip(a).zip(c) {
        x[R] = veorq_u8(x[R], combine(a, c));
    }
}

/// `a ^ (b <<< 8) ^ (b <<< 16) ^ (c <<< 24)` with `b = a ^ c`, undoing ShiftRows.
#[inline]
#[target_feature(enable = "neon")]
fn combine(a: uint8x16_t, c: uint8x16_t) -> uint8x16_t {
    let [by_0, by_1, by_2, by_3] = &UNSHIFT;
    let b = veorq_u8(a, c);
    let ac = veorq_u8(vqtbl1q_u8(a, load(by_0)), vqtbl1q_u8(c, load(by_3)));
    let b = veorq_u8(vqtbl1q_u8(b, load(by_1)), vqtbl1q_u8(b, load(by_2)));
    veorq_u8(ac, b)
}

/// Out of the kernel's domain, and from words to blocks.
#[inline]
#[target_feature(enable = "neon,aes")]
fn finish([x0, x1, x2, x3]: State) -> [uint8x16_t; 4] {
    let unpre = Map::new(&Nibbles::UNPRE);
    transpose([x3, x2, x1, x0]).map(|block| unpre.apply(block))
}

/// Exchanges rows and columns of 4×4 words.
#[inline]
#[target_feature(enable = "neon")]
fn transpose(rows: [uint8x16_t; 4]) -> [uint8x16_t; 4] {
    let [a, b, c, d] = rows.map(|row| vreinterpretq_u32_u8(row));
    let [ab, ab_high] = [vzip1q_u32(a, b), vzip2q_u32(a, b)].map(|words| vreinterpretq_u64_u32(words));
    let [cd, cd_high] = [vzip1q_u32(c, d), vzip2q_u32(c, d)].map(|words| vreinterpretq_u64_u32(words));
    let columns =
        [vzip1q_u64(ab, cd), vzip2q_u64(ab, cd), vzip1q_u64(ab_high, cd_high), vzip2q_u64(ab_high, cd_high)];
    columns.map(|column| vreinterpretq_u8_u64(column))
}

/// The tables of an affine map.
#[derive(Clone, Copy)]
struct Map {
    low: uint8x16_t,
    high: uint8x16_t,
}

impl Map {
    #[inline]
    #[target_feature(enable = "neon")]
    fn new(tables: &'static Nibbles) -> Self {
        Self { low: load(&tables.low), high: load(&tables.high) }
    }

    #[inline]
    #[target_feature(enable = "neon")]
    fn apply(&self, x: uint8x16_t) -> uint8x16_t {
        let low = vqtbl1q_u8(self.low, vandq_u8(x, vdupq_n_u8(0x0f)));
        veorq_u8(low, vqtbl1q_u8(self.high, vshrq_n_u8::<4>(x)))
    }
}

/// A word as it lies in memory, in all places of a register.
#[inline]
#[target_feature(enable = "neon")]
fn repeat(word: u32) -> uint8x16_t {
    vreinterpretq_u8_u32(vdupq_n_u32(word))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_aes_instructions_agree_with_the_definition() {
        super::super::keys::check::<super::Aes>();
    }
}
