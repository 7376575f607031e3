//! SM4 with GFNI and AVX2: eight blocks in four registers, GHASH with VPCLMULQDQ on the batch just done.
//!
//! Safe to call: the constructors ask the processor, so a value of these types proves that the instructions exist.
#![expect(
    unsafe_code,
    reason = "register loads and stores; calls to functions compiled for these instructions"
)]

mod gcm;
mod ghash;
mod lanes;

use core::arch::x86_64::*;

pub(in crate::sm4) use self::ghash::Powers;
use self::lanes::{GROUP_LEN, counters, encrypt, rounds, xor_into};
use super::gfni::{self, single};
use crate::sm4::counter::Counter;
use crate::sm4::schedule::{self, RoundKeys};
use crate::sm4::{BLOCK_LEN, Block, KEY_LEN};

/// Whether this processor has what the kernel needs.
pub(in crate::sm4) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("gfni")
        && is_x86_feature_detected!("vpclmulqdq")
}

/// A key expanded for this kernel.
pub(in crate::sm4) struct Keys(RoundKeys);

impl Keys {
    /// Expands `key`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(key: &[u8; KEY_LEN]) -> Option<Self> {
        // SAFETY: the processor has the features, as just asked.
        is_available().then(|| Self(unsafe { gfni::expand(key) }))
    }

    pub(in crate::sm4) fn encrypt_block(&self, block: &mut Block) {
        // SAFETY: `new` asked for the features.
        unsafe { single::avx2::crypt_block(&self.0, block) }
    }

    pub(in crate::sm4) fn encrypt_blocks(&self, blocks: &mut [Block]) {
        // SAFETY: `new` asked for the features.
        unsafe { crypt_blocks(&self.0, blocks) }
    }

    /// The same key for decryption, by the encrypting functions.
    pub(in crate::sm4) fn reversed(&self) -> Self {
        Self(schedule::reversed(&self.0))
    }

    /// XORs the key stream from `counter` on into `data`.
    pub(in crate::sm4) fn ctr(&self, counter: Counter, data: &mut [u8]) {
        // SAFETY: `new` asked for the features.
        unsafe { ctr(&self.0, counter, data) }
    }
}

/// Groups of eight blocks in a batch. The state of four fills the registers, and some of it goes through memory; with
/// fewer the latency of a round costs more than that.
const GROUPS: usize = 4;
/// Bytes of a batch.
const BATCH: usize = GROUPS * GROUP_LEN;
/// Blocks of a batch.
const BATCH_BLOCKS: u32 = (BATCH / BLOCK_LEN) as u32;

#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn crypt_blocks(keys: &[u32; 32], blocks: &mut [Block]) {
    for part in blocks.as_flattened_mut().chunks_mut(2 * GROUP_LEN) {
        let mut groups = [[_mm256_setzero_si256(); 4]; 2];
        for (line, bytes) in groups.as_flattened_mut().iter_mut().zip(part.chunks(32)) {
            *line = lanes::load_part(bytes);
        }
        encrypt(keys, &mut groups);
        for (line, bytes) in groups.as_flattened().iter().zip(part.chunks_mut(32)) {
            lanes::store_part(bytes, *line);
        }
    }
}

#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn ctr(keys: &[u32; 32], mut counter: Counter, data: &mut [u8]) {
    let (batches, tail) = data.as_chunks_mut::<BATCH>();
    for batch in batches {
        let groups = rounds(keys, counters::<GROUPS>(counter), |_| {});
        xor_into(batch, &groups);
        counter = counter.plus(BATCH_BLOCKS);
    }
    match tail.len().div_ceil(GROUP_LEN) {
        0 => {}
        1 => apply::<1>(keys, counter, tail),
        2 => apply::<2>(keys, counter, tail),
        3 => apply::<3>(keys, counter, tail),
        _ => apply::<GROUPS>(keys, counter, tail),
    }
}

/// XORs the key stream into at most `N` groups.
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn apply<const N: usize>(keys: &[u32; 32], counter: Counter, data: &mut [u8]) {
    let groups = rounds(keys, counters::<N>(counter), |_| {});
    xor_into(data, &groups);
}
