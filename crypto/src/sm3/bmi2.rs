//! One message on x86-64 with BMI2, whose rotations into another register spare the moves of a baseline build. What
//! bounds it is the chain of additions and rotations through a block, so sums are grouped to be ready when the chain
//! comes to them.
#![expect(unsafe_code, reason = "the call of a function for detected features")]

use super::Block;
use super::rounds::compression_function;
use crate::barrier::opaque32;

/// V(i+1) = CF(V(i), B(i)) over all blocks.
pub(super) type Compress = fn(&mut [u32; 8], &[Block]);

/// The kernel, if this CPU runs it.
pub(super) fn compress() -> Option<Compress> {
    // SAFETY: the feature that `compress_blocks` is compiled for was detected.
    is_x86_feature_detected!("bmi2").then_some(|v, blocks| unsafe { compress_blocks(v, blocks) })
}

#[target_feature(enable = "bmi2")]
fn compress_blocks(v: &mut [u32; 8], blocks: &[Block]) {
    for block in blocks {
        let mut w = [0; 16];
        for (word, bytes) in w.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        compress_block(v, w);
    }
}

compression_function!(u32, "bmi2");

fn ready(x: u32) -> u32 {
    opaque32(x)
}

fn splat(word: u32) -> u32 {
    word
}

fn add(x: u32, y: u32) -> u32 {
    x.wrapping_add(y)
}

fn xor(x: u32, y: u32) -> u32 {
    x ^ y
}

fn xor3(x: u32, y: u32, z: u32) -> u32 {
    x ^ y ^ z
}

fn majority(x: u32, y: u32, z: u32) -> u32 {
    x & y | z & (x ^ y)
}

/// y where x has a one, z where it has a zero.
fn choose(x: u32, y: u32, z: u32) -> u32 {
    z ^ x & (y ^ z)
}

fn rotate_left<const N: u32>(x: u32) -> u32 {
    x.rotate_left(N)
}

fn p0(x: u32) -> u32 {
    x ^ x.rotate_left(9) ^ x.rotate_left(17)
}

fn p1(x: u32) -> u32 {
    x ^ x.rotate_left(15) ^ x.rotate_left(23)
}
