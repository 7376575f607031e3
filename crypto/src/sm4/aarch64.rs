//! SM4 on 64-bit Arm processors with the AES instructions.
//!
//! AESE takes the S-box's inverse, with the round key as its key; the affine maps around it are look-ups by nibble in
//! tables that lie in registers (TBL), so no data reaches an address. What is computed, and why it is SM4, is told in
//! [`constants`](crate::sm4::constants).
//!
//! A group is four blocks in four registers, one for each word of a block. Four groups go through the rounds together:
//! one alone would wait for its own results most of the time.
//!
//! The SM4 instructions (SM4E, SM4EKEY) are not used yet: stable Rust has no functions for them, so they need assembly.
//!
//! Unit-tested under QEMU, **not tested on hardware**. With the target's standard library (or `-Zbuild-std`) and Debian's
//! `gcc-aarch64-linux-gnu` and `qemu-user`, the tests run on any machine by
//!
//! ```text
//! CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
//! CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu" \
//! cargo test -p qianmo-crypto --lib --target aarch64-unknown-linux-gnu sm4
//! ```
#![expect(unsafe_code, reason = "vector loads and stores take pointers; calls to functions compiled for AES")]

mod keys;
pub(super) mod pmull;

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

pub(super) use keys::Keys;

use zeroize::Zeroizing;

use crate::sm4::constants::{Nibbles, UNSHIFT};
use crate::sm4::schedule::ROUNDS;

/// Four blocks in the order of memory.
type Group = [[u8; 16]; 4];
/// Four blocks by words.
type State = [uint8x16_t; 4];
/// The round keys in the kernel's domain, each a word as it lies in memory.
type Words = [u32; ROUNDS];

/// Groups that go through the rounds together.
const WIDE: usize = 4;
const WIDE_LEN: usize = WIDE * size_of::<Group>();

/// Whether this processor has the AES instructions, and with them PMULL, and has its bytes in the order that this
/// module counts on.
pub(super) fn is_available() -> bool {
    cfg!(target_endian = "little") && is_aarch64_feature_detected!("aes")
}

/// Encrypts each block; decrypts with the round keys in reverse.
#[target_feature(enable = "neon,aes")]
fn encrypt_blocks(rk: &[u32; ROUNDS], blocks: &mut [[u8; 16]]) {
    let keys = round_keys(rk);
    let bytes = blocks.as_flattened_mut();
    let (whole, rest) = bytes.split_at_mut(bytes.len() / WIDE_LEN * WIDE_LEN);
    for groups in groups::<WIDE>(whole) {
        encrypt(&keys, groups);
    }
    if rest.len() > size_of::<Group>() {
        padded::<WIDE>(rest, |groups| encrypt(&keys, groups));
    } else if !rest.is_empty() {
        padded::<1>(rest, |groups| encrypt(&keys, groups));
    }
}

/// Adds the key stream of counter mode to `data`: the blocks `nonce || counter`, `nonce || counter + 1` and so on,
/// encrypted. The counter is big-endian and wraps at 2^32.
#[target_feature(enable = "neon,aes")]
fn ctr(rk: &[u32; ROUNDS], nonce: &[u8; 12], mut counter: u32, data: &mut [u8]) {
    let keys = round_keys(rk);
    let (whole, rest) = data.split_at_mut(data.len() / WIDE_LEN * WIDE_LEN);
    for groups in groups::<WIDE>(whole) {
        add_stream(&keys, nonce, counter, groups);
        counter = counter.wrapping_add((WIDE_LEN / 16) as u32);
    }
    if rest.len() > size_of::<Group>() {
        padded::<WIDE>(rest, |groups| add_stream(&keys, nonce, counter, groups));
    } else if !rest.is_empty() {
        padded::<1>(rest, |groups| add_stream(&keys, nonce, counter, groups));
    }
}

/// The whole batches of `bytes`.
fn groups<const G: usize>(bytes: &mut [u8]) -> &mut [[Group; G]] {
    bytes.as_chunks_mut().0.as_chunks_mut().0.as_chunks_mut().0
}

/// Does `work` on `bytes`, which are at most a batch.
#[inline]
fn padded<const G: usize>(bytes: &mut [u8], work: impl FnOnce(&mut [Group; G])) {
    let mut groups = [Group::default(); G];
    let (start, _) = groups.as_flattened_mut().as_flattened_mut().split_at_mut(bytes.len());
    start.copy_from_slice(bytes);
    work(&mut groups);
    let (start, _) = groups.as_flattened().as_flattened().split_at(bytes.len());
    bytes.copy_from_slice(start);
}

#[target_feature(enable = "neon,aes")]
fn encrypt<const G: usize>(keys: &Words, groups: &mut [Group; G]) {
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
fn add_stream<const G: usize>(keys: &Words, nonce: &[u8; 12], counter: u32, groups: &mut [Group; G]) {
    let states: [State; G] = counter_blocks(nonce, counter);
    for (group, state) in groups.iter_mut().zip(rounds(keys, states)) {
        for (block, stream) in group.iter_mut().zip(finish(state)) {
            store(block, veorq_u8(load(block), stream));
        }
    }
}

/// The blocks of counter mode, in the kernel's domain.
#[inline]
#[target_feature(enable = "neon,aes")]
fn counter_blocks<const G: usize>(nonce: &[u8; 12], mut counter: u32) -> [State; G] {
    let pre = Map::new(&Nibbles::PRE);
    let mut words = [[0; 4]; 3];
    words.as_flattened_mut().copy_from_slice(nonce);
    let [a, b, c] = words.map(|word| pre.apply(repeat(u32::from_ne_bytes(word))));
    let mut states = [[a, b, c, c]; G];
    for [_, _, _, last] in &mut states {
        let mut counters = [[0; 4]; 4];
        for place in &mut counters {
            *place = counter.to_be_bytes();
            counter = counter.wrapping_add(1);
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
fn rounds<const G: usize>(keys: &Words, mut states: [State; G]) -> [State; G] {
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

/// Moves the round keys into the kernel's domain, with the S-box's inner constant.
#[target_feature(enable = "neon")]
fn round_keys(rk: &[u32; ROUNDS]) -> Zeroizing<Words> {
    let pre = Map::new(&Nibbles::PRE_KEY);
    let mut bytes = Zeroizing::new(rk.map(u32::to_be_bytes));
    let (registers, _) = bytes.as_flattened_mut().as_chunks_mut();
    for register in registers {
        store(register, pre.apply(load(register)));
    }
    Zeroizing::new(bytes.map(u32::from_ne_bytes))
}

/// A word as it lies in memory, in all places of a register.
#[inline]
#[target_feature(enable = "neon")]
fn repeat(word: u32) -> uint8x16_t {
    vreinterpretq_u8_u32(vdupq_n_u32(word))
}

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the reference is good for 16 bytes, and the load needs no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(bytes: &mut [u8; 16], value: uint8x16_t) {
    // SAFETY: the reference is good for 16 bytes, and the store needs no alignment.
    unsafe { vst1q_u8(bytes.as_mut_ptr(), value) }
}

#[cfg(test)]
mod tests {
    use crate::sm4::oracle;

    #[test]
    fn blocks_agree_with_the_definition() {
        assert!(super::is_available(), "this processor lacks the AES instructions");
        // SAFETY: the processor has the feature.
        oracle::check_blocks(|rk, blocks| unsafe { super::encrypt_blocks(rk, blocks) });
    }

    #[test]
    fn counter_mode_agrees_with_the_definition() {
        assert!(super::is_available(), "this processor lacks the AES instructions");
        // SAFETY: the processor has the feature.
        oracle::check_ctr(|rk, nonce, counter, data| unsafe { super::ctr(rk, nonce, counter, data) });
    }
}
