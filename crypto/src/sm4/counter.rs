//! Counter blocks as CTR, GCM and CCM use them.

use super::{BLOCK_LEN, Block};

/// A counter block: 96 bits that stay and a 32-bit big-endian counter that wraps (`inc32` of SP 800-38D, 6.2).
#[derive(Clone, Copy)]
pub(super) struct Counter {
    prefix: [u8; 12],
    value: u32,
}

impl Counter {
    pub(super) fn new(prefix: [u8; 12], value: u32) -> Self {
        Self { prefix, value }
    }

    pub(super) fn from_block(block: &Block) -> Self {
        let [prefix @ .., a, b, c, d] = *block;
        Self { prefix, value: u32::from_be_bytes([a, b, c, d]) }
    }

    pub(super) fn to_block(self) -> Block {
        let mut block = [0; BLOCK_LEN];
        let bytes = self.prefix.into_iter().chain(self.value.to_be_bytes());
        block.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        block
    }

    /// The counter block `blocks` further on.
    pub(super) fn plus(self, blocks: u32) -> Self {
        Self { value: self.value.wrapping_add(blocks), ..self }
    }

    pub(super) fn prefix(&self) -> &[u8; 12] {
        &self.prefix
    }

    /// The first three words of the block, as numbers.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn prefix_words(&self) -> [u32; 3] {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.prefix;
        [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes)
    }

    /// The last word of the block, the counter proper.
    pub(super) fn value(&self) -> u32 {
        self.value
    }
}
