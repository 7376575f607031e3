//! SM4 with GFNI and AVX-512: sixteen blocks in four registers, GHASH with VPCLMULQDQ woven into the rounds.
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
use self::lanes::{Counters, GROUP_LEN, encrypt, octets, rounds, xor_part, xor_whole};
use super::gfni::{self, single};
use crate::sm4::batch::split;
use crate::sm4::counter::Counter;
use crate::sm4::schedule::{self, RoundKeys};
use crate::sm4::{Block, KEY_LEN};

/// Whether this processor has what the kernel needs.
pub(in crate::sm4) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
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
        unsafe { single::avx512::crypt_block(&self.0, block) }
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

/// Groups of a batch: as many as leave registers for hashing.
const GROUPS: usize = 5;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn crypt_blocks(keys: &[u32; 32], blocks: &mut [Block]) {
    for part in blocks.as_flattened_mut().chunks_mut(4 * GROUP_LEN) {
        match part.len().div_ceil(GROUP_LEN) {
            1 => crypt_part::<1>(keys, part),
            2 => crypt_part::<2>(keys, part),
            _ => crypt_part::<4>(keys, part),
        }
    }
}

/// Encrypts at most `N` groups of blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn crypt_part<const N: usize>(keys: &[u32; 32], blocks: &mut [u8]) {
    let mut groups = [[_mm512_setzero_si512(); 4]; N];
    for (line, part) in groups.as_flattened_mut().iter_mut().zip(blocks.chunks(64)) {
        *line = lanes::load_part(part);
    }
    encrypt(keys, &mut groups);
    for (line, part) in groups.as_flattened().iter().zip(blocks.chunks_mut(64)) {
        lanes::store_part(part, *line);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn ctr(keys: &[u32; 32], counter: Counter, data: &mut [u8]) {
    let mut counters = Counters::new(counter);
    let (batches, tail) = split::<64, GROUPS>(data, usize::MAX);
    for batch in batches {
        let groups = rounds(octets::<GROUPS>(keys), counters.take(), |_| {});
        xor_whole(batch, groups);
    }
    match tail.len().div_ceil(GROUP_LEN) {
        0 => {}
        1 => ctr_part::<1>(keys, counters, tail),
        2 => ctr_part::<2>(keys, counters, tail),
        3 => ctr_part::<3>(keys, counters, tail),
        4 => ctr_part::<4>(keys, counters, tail),
        _ => ctr_part::<5>(keys, counters, tail),
    }
}

/// XORs the key stream into at most `N` groups.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn ctr_part<const N: usize>(keys: &[u32; 32], mut counters: Counters, data: &mut [u8]) {
    let groups = rounds(octets::<N>(keys), counters.take::<N>(), |_| {});
    xor_part(data, groups);
}
