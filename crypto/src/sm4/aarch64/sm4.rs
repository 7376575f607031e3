//! SM4 with Arm's instructions for it, SM4E and SM4EKEY (Arm Architecture Reference Manual, C7.2; FEAT_SM4).
//!
//! One SM4E takes a block through four rounds, one SM4EKEY makes the keys of four. Stable Rust has no functions for them
//! but assembles them. A block is in a register as four numbers, its first word in the lowest place; after the last
//! round the words stand in reverse.
#![expect(unsafe_code, reason = "assembly")]

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::block::{load, load_words, reverse, store, store_words};
use super::keys::{Group, Rounds};
use crate::sm4::KEY_LEN;
use crate::sm4::counter::Counter;
use crate::sm4::schedule::{FK, ROUNDS, RoundKeys, ck};

/// SM4 with the SM4 instructions.
pub(in crate::sm4) struct Sm4;

impl Rounds for Sm4 {
    fn is_available() -> bool {
        cfg!(target_endian = "little") && is_aarch64_feature_detected!("sm4")
    }

    #[target_feature(enable = "neon,sm4")]
    unsafe fn expand(key: &[u8; KEY_LEN]) -> RoundKeys {
        let mut round_keys = RoundKeys::default();
        let mut last = veorq_u32(words(load(key)), load_words(&FK));
        for (place, i) in round_keys.as_chunks_mut().0.iter_mut().zip((0..).step_by(4)) {
            last = next_keys(last, load_words(&[ck(i), ck(i + 1), ck(i + 2), ck(i + 3)]));
            store_words(place, last);
        }
        round_keys
    }

    #[target_feature(enable = "neon,sm4")]
    unsafe fn prepare(_: &mut [u32; ROUNDS]) {}

    #[target_feature(enable = "neon,sm4")]
    unsafe fn encrypt<const G: usize>(keys: &[u32; ROUNDS], groups: &mut [Group; G]) {
        let encrypted = rounds(keys, groups.map(|group| group.map(|block| words(load(&block)))));
        let blocks = groups.as_flattened_mut().iter_mut();
        blocks.zip(encrypted.as_flattened()).for_each(|(block, words)| store(block, finish(*words)));
    }

    #[target_feature(enable = "neon,sm4")]
    unsafe fn add_stream<const G: usize>(keys: &[u32; ROUNDS], counter: Counter, groups: &mut [Group; G]) {
        let prefix = words(load(&counter.to_block()));
        let mut states = [[prefix; 4]; G];
        for (state, i) in states.as_flattened_mut().iter_mut().zip(0..) {
            *state = vsetq_lane_u32::<3>(counter.plus(i).value(), prefix);
        }
        let stream = rounds(keys, states);
        for (block, words) in groups.as_flattened_mut().iter_mut().zip(stream.as_flattened()) {
            store(block, veorq_u8(load(block), finish(*words)));
        }
    }
}

/// All rounds. Each step is done for all blocks before the next, so that results are not needed at once.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn rounds<const G: usize>(keys: &[u32; ROUNDS], mut states: [[uint32x4_t; 4]; G]) -> [[uint32x4_t; 4]; G] {
    for keys in keys.as_chunks().0 {
        let keys = load_words(keys);
        for state in states.as_flattened_mut() {
            *state = four_rounds(*state, keys);
        }
    }
    states
}

/// Four rounds of one block.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn four_rounds(mut state: uint32x4_t, keys: uint32x4_t) -> uint32x4_t {
    // SAFETY: the instruction reads and writes its registers, nothing else.
    unsafe {
        asm!("sm4e {0:v}.4s, {1:v}.4s", inout(vreg) state, in(vreg) keys,
            options(pure, nomem, nostack, preserves_flags));
    }
    state
}

/// The four round keys that follow `last`, `ck` being their constants.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn next_keys(last: uint32x4_t, ck: uint32x4_t) -> uint32x4_t {
    let keys;
    // SAFETY: the instruction reads and writes its registers, nothing else.
    unsafe {
        asm!("sm4ekey {0:v}.4s, {1:v}.4s, {2:v}.4s", lateout(vreg) keys, in(vreg) last, in(vreg) ck,
            options(pure, nomem, nostack, preserves_flags));
    }
    keys
}

/// The words of a block, as numbers.
#[inline]
#[target_feature(enable = "neon")]
fn words(block: uint8x16_t) -> uint32x4_t {
    vreinterpretq_u32_u8(vrev32q_u8(block))
}

/// The block that the last round's words make: they come last first.
#[inline]
#[target_feature(enable = "neon")]
fn finish(words: uint32x4_t) -> uint8x16_t {
    reverse(vreinterpretq_u8_u32(words))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sm4_instructions_agree_with_the_definition() {
        super::super::keys::check::<super::Sm4>();
    }
}
