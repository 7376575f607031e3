//! GCM in one pass: each batch is hashed beside being enciphered. The mask of the tag, E(J0), takes the last lane of
//! the last batch.

use core::arch::x86_64::*;

use super::ghash::{Powers, tag};
use super::lanes::{GROUP_LEN, bytes, counters, rounds, set_last, xor_into};
use super::{BATCH, BATCH_BLOCKS, GROUPS, Keys, apply};
use crate::sm4::counter::Counter;
use crate::sm4::{BLOCK_LEN, Block};

impl Keys {
    /// Encrypts `text` where it lies and returns the tag. `j0` is the counter block of the tag.
    pub(in crate::sm4) fn seal(&self, powers: &Powers, j0: Counter, aad: &[u8], text: &mut [u8]) -> Block {
        // SAFETY: `Keys::new` asked for the features.
        unsafe { crypt::<true>(&self.0, powers, j0, aad, text) }
    }

    /// Decrypts `text` where it lies and returns the tag it should have. The caller must not let `text` out unless
    /// that is the tag it has.
    pub(in crate::sm4) fn open(&self, powers: &Powers, j0: Counter, aad: &[u8], text: &mut [u8]) -> Block {
        // SAFETY: `Keys::new` asked for the features.
        unsafe { crypt::<false>(&self.0, powers, j0, aad, text) }
    }
}

#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn crypt<const SEAL: bool>(
    keys: &[u32; 32],
    powers: &Powers,
    j0: Counter,
    aad: &[u8],
    text: &mut [u8],
) -> Block {
    let lengths = [aad.len(), text.len()];
    let mut y = powers.absorb(_mm_setzero_si128(), aad);
    let mut counter = j0.plus(1);
    let (batches, tail) = text.as_chunks_mut::<BATCH>();
    for batch in batches {
        if !SEAL {
            y = powers.absorb(y, batch);
        }
        let groups = rounds(keys, counters::<GROUPS>(counter), |_| {});
        xor_into(batch, &groups);
        if SEAL {
            y = powers.absorb(y, batch);
        }
        counter = counter.plus(BATCH_BLOCKS);
    }
    if !SEAL {
        y = powers.finish(y, tail, lengths);
    }
    let mask = last_batch(keys, j0, counter, tail);
    if SEAL {
        y = powers.finish(y, tail, lengths);
    }
    tag(y, mask)
}

/// Enciphers `tail`, which is shorter than a batch, and returns E(J0).
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn last_batch(keys: &[u32; 32], j0: Counter, counter: Counter, tail: &mut [u8]) -> __m128i {
    match tail.len().div_ceil(BLOCK_LEN) / (GROUP_LEN / BLOCK_LEN) {
        0 => last::<1>(keys, j0, counter, tail),
        1 => last::<2>(keys, j0, counter, tail),
        2 => last::<3>(keys, j0, counter, tail),
        3 => last::<4>(keys, j0, counter, tail),
        // As many blocks as a batch has, the last one in part: no lane is left.
        _ => {
            apply::<GROUPS>(keys, counter, tail);
            last::<1>(keys, j0, counter, &mut [])
        }
    }
}

/// Enciphers `tail`, less than `N` groups, and returns E(J0).
#[inline]
#[target_feature(enable = "gfni,avx2,vpclmulqdq")]
fn last<const N: usize>(keys: &[u32; 32], j0: Counter, counter: Counter, tail: &mut [u8]) -> __m128i {
    let mut groups = counters::<N>(counter);
    set_last(&mut groups, j0.value());
    let groups = rounds(keys, groups, |_| {});
    xor_into(tail, &groups);
    let [.., line] = bytes(groups.last().copied().unwrap_or([_mm256_setzero_si256(); 4]));
    _mm256_extracti128_si256::<1>(line)
}
