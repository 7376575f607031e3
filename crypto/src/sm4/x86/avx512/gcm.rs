//! GCM in one pass: while a batch is enciphered, its ciphertext (when opening) or the previous batch's (when sealing) is
//! hashed in the gaps. The last pass takes what is left, up to 95 blocks, and E(J0), the mask of the tag, in its last
//! lane: a packet of up to 1,520 bytes needs no other.

use core::arch::x86_64::*;

use super::ghash::{Powers, Sum, tag};
use super::lanes::{Batch, Counters, GROUP_LEN, bytes, octets, rounds, set_last, xor_part, xor_whole};
use super::{GROUPS, Keys, split};
use crate::sm4::counter::Counter;
use crate::sm4::{BLOCK_LEN, Block};

/// Groups of the last pass, which has nothing to hash.
const MOST_GROUPS: usize = 6;
/// Bytes of a batch.
pub(super) const BATCH: usize = size_of::<Batch<GROUPS>>();
/// Bytes that the last pass can take: one block less than it has lanes.
pub(super) const LAST_PASS: usize = MOST_GROUPS * GROUP_LEN - BLOCK_LEN;

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

#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn crypt<const SEAL: bool>(
    keys: &[u32; 32],
    powers: &Powers,
    j0: Counter,
    aad: &[u8],
    text: &mut [u8],
) -> Block {
    let lengths = [aad.len(), text.len()];
    let mut y = powers.absorb(_mm_setzero_si128(), aad);
    let mut counters = Counters::new(j0.plus(1));
    let batches = text.len().saturating_sub(LAST_PASS).div_ceil(BATCH);
    let (batches, last) = split::<64, GROUPS>(text, batches);
    for at in 0..batches.len() {
        let (done, rest) = batches.split_at_mut(at);
        let Some(batch) = rest.first_mut() else { break };
        let groups = counters.take();
        let groups = match if SEAL { done.last() } else { Some(&*batch) } {
            Some(hashed) => {
                let mut sum = Sum::new();
                let groups = rounds(octets::<GROUPS>(keys), groups, |at| powers.step(&mut sum, hashed, at));
                y = powers.end(y, sum);
                groups
            }
            None => rounds(octets::<GROUPS>(keys), groups, |_| {}),
        };
        xor_whole(batch, groups);
    }
    if let (true, Some(batch)) = (SEAL, batches.last()) {
        y = powers.absorb(y, batch.as_flattened().as_flattened());
    }
    if !SEAL {
        y = powers.finish(y, last, lengths);
    }
    let mask = last_pass(keys, j0, counters, last);
    if SEAL {
        y = powers.finish(y, last, lengths);
    }
    tag(y, mask)
}

/// Enciphers `text`, at most [`LAST_PASS`] bytes, and returns E(J0).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn last_pass(keys: &[u32; 32], j0: Counter, counters: Counters, text: &mut [u8]) -> __m128i {
    match text.len().div_ceil(BLOCK_LEN) / (GROUP_LEN / BLOCK_LEN) {
        0 => pass::<1>(keys, j0, counters, text),
        1 => pass::<2>(keys, j0, counters, text),
        2 => pass::<3>(keys, j0, counters, text),
        3 => pass::<4>(keys, j0, counters, text),
        4 => pass::<5>(keys, j0, counters, text),
        _ => pass::<6>(keys, j0, counters, text),
    }
}

/// Enciphers `text`, less than `N` groups, and returns E(J0).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn pass<const N: usize>(keys: &[u32; 32], j0: Counter, mut counters: Counters, text: &mut [u8]) -> __m128i {
    let mut groups = counters.take::<N>();
    set_last(&mut groups, j0.value());
    let groups = rounds(octets::<N>(keys), groups, |_| {});
    xor_part(text, groups);
    let [.., line] = bytes(groups.last().copied().unwrap_or([_mm512_setzero_si512(); 4]));
    _mm512_extracti32x4_epi32::<3>(line)
}
