//! GCM in one pass: while a batch of 64 blocks is enciphered, its ciphertext (when opening) or the previous batch's
//! (when sealing) is hashed in the gaps. The mask of the tag, E(J0), takes the last lane of the last batch.

use core::arch::x86_64::*;

use super::ghash::{Powers, Run, tag};
use super::lanes::{GROUP_LEN, Line, bytes, counters, rounds, set_last, xor_into};
use super::{BATCH, BATCH_BLOCKS, Keys};
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
    let mut counter = j0.plus(1);
    let (batches, tail) = text.as_chunks_mut::<BATCH>();
    for at in 0..batches.len() {
        let (done, rest) = batches.split_at_mut(at);
        let Some(batch) = rest.first_mut() else { break };
        let mut run = powers.run(lines(if SEAL { done.last() } else { Some(&*batch) }));
        let groups = rounds(keys, counters::<4>(counter), || run.step());
        y = run.end(y);
        xor_into(batch, &groups);
        counter = counter.plus(BATCH_BLOCKS);
    }
    if !SEAL {
        y = powers.finish(y, tail, lengths);
    }
    let mut run = powers.run(lines(if SEAL { batches.last() } else { None }));
    let mask = last_batch(keys, j0, counter, tail, &mut run);
    y = run.end(y);
    if SEAL {
        y = powers.finish(y, tail, lengths);
    }
    tag(y, mask)
}

/// The lines of a batch, if there is one.
fn lines(batch: Option<&[u8; BATCH]>) -> &[Line] {
    batch.map_or(&[], |batch| batch.as_chunks().0)
}

/// Enciphers `tail`, which is shorter than a batch, and returns E(J0).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn last_batch(
    keys: &[u32; 32],
    j0: Counter,
    counter: Counter,
    tail: &mut [u8],
    run: &mut Run<'_>,
) -> __m128i {
    match tail.len().div_ceil(BLOCK_LEN) / (GROUP_LEN / BLOCK_LEN) {
        0 => last::<1>(keys, j0, counter, tail, run),
        1 => last::<2>(keys, j0, counter, tail, run),
        2 => last::<3>(keys, j0, counter, tail, run),
        3 => last::<4>(keys, j0, counter, tail, run),
        // 64 blocks, the last one in part: no lane is left.
        _ => {
            let groups = rounds(keys, counters::<4>(counter), || run.step());
            xor_into(tail, &groups);
            last::<1>(keys, j0, counter, &mut [], run)
        }
    }
}

/// Enciphers `tail`, less than `N` groups, and returns E(J0).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni,vpclmulqdq")]
fn last<const N: usize>(
    keys: &[u32; 32],
    j0: Counter,
    counter: Counter,
    tail: &mut [u8],
    run: &mut Run<'_>,
) -> __m128i {
    let mut groups = counters::<N>(counter);
    set_last(&mut groups, j0.value());
    let groups = rounds(keys, groups, || run.step());
    xor_into(tail, &groups);
    let [.., line] = bytes(groups.last().copied().unwrap_or([_mm512_setzero_si512(); 4]));
    _mm512_extracti32x4_epi32::<3>(line)
}
