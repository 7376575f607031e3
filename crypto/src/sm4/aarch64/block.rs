//! Blocks and words in vector registers.
#![expect(unsafe_code, reason = "vector loads and stores take pointers")]

use std::arch::aarch64::*;

use crate::sm4::Block;

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load(block: &Block) -> uint8x16_t {
    // SAFETY: the reference is good for 16 bytes, and the load needs no alignment.
    unsafe { vld1q_u8(block.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn store(block: &mut Block, value: uint8x16_t) {
    // SAFETY: the reference is good for 16 bytes, and the store needs no alignment.
    unsafe { vst1q_u8(block.as_mut_ptr(), value) }
}

/// Four words, as numbers.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load_words(words: &[u32; 4]) -> uint32x4_t {
    // SAFETY: the reference is good for four words, and the load needs no alignment.
    unsafe { vld1q_u32(words.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn store_words(words: &mut [u32; 4], value: uint32x4_t) {
    // SAFETY: the reference is good for four words, and the store needs no alignment.
    unsafe { vst1q_u32(words.as_mut_ptr(), value) }
}

/// The block with its bytes in reverse.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn reverse(block: uint8x16_t) -> uint8x16_t {
    swap_halves(vrev64q_u8(block))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn swap_halves(block: uint8x16_t) -> uint8x16_t {
    vextq_u8::<8>(block, block)
}
