//! One message, as it arrives.

use std::io;

use sm3::Sm3Core;
use sm3::digest::block_api::{Buffer, FixedOutputCore};

use super::Digest;

/// SM3 over data that arrives in pieces. Also an [`io::Write`], to hash what is copied into it.
///
/// State and padding are RustCrypto's, and so is the compression function for a few blocks and on most CPUs.
#[derive(Clone, Default)]
pub struct Hasher {
    core: Sm3Core,
    buffer: Buffer<Sm3Core>,
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `data`.
    pub fn update(&mut self, data: &[u8]) {
        self.buffer.digest_blocks(data, |blocks| run::compress(&mut self.core, blocks));
    }

    /// The digest of everything added.
    pub fn finish(mut self) -> Digest {
        let mut digest = Digest([0; super::DIGEST_LEN]);
        self.core.finalize_fixed_core(&mut self.buffer, (&mut digest.0).into());
        digest
    }
}

impl io::Write for Hasher {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod run {
    use sm3::Sm3Core;
    use sm3::digest::block_api::{Block, UpdateCore};

    pub(super) fn compress(core: &mut Sm3Core, blocks: &[Block<Sm3Core>]) {
        core.update_blocks(blocks);
    }
}

/// Runs of blocks, which the kernel takes where there is one.
#[cfg(target_arch = "x86_64")]
mod run {
    use sm3::Sm3Core;
    use sm3::digest::array::Array;
    use sm3::digest::block_api::{Block, UpdateCore};
    use sm3::digest::common::hazmat::{SerializableState, SerializedState};
    use zeroize::Zeroizing;

    use crate::sm3::bmi2;

    /// Blocks from which on a run is worth taking the library's state over and back.
    const WORTH: usize = 4;

    pub(super) fn compress(core: &mut Sm3Core, blocks: &[Block<Sm3Core>]) {
        match bmi2::compress().filter(|_| blocks.len() >= WORTH) {
            Some(kernel) => compress_with(kernel, core, blocks),
            None => core.update_blocks(blocks),
        }
    }

    pub(super) fn compress_with(kernel: bmi2::Compress, core: &mut Sm3Core, blocks: &[Block<Sm3Core>]) {
        let mut state = Zeroizing::new(core.serialize());
        let Some((words, count)) = parts(&mut state) else { return core.update_blocks(blocks) };
        let mut v = Zeroizing::new(words.map(u32::from_le_bytes));
        kernel(&mut v, Array::cast_slice_to_core(blocks));
        for (bytes, word) in words.iter_mut().zip(*v) {
            *bytes = word.to_le_bytes();
        }
        *count = u64::from_le_bytes(*count).wrapping_add(blocks.len() as u64).to_le_bytes();
        match Sm3Core::deserialize(&state) {
            Ok(after) => *core = after,
            Err(_) => core.update_blocks(blocks),
        }
    }

    /// The eight words of the state, and the number of blocks it has taken.
    fn parts(state: &mut SerializedState<Sm3Core>) -> Option<(&mut [[u8; 4]; 8], &mut [u8; 8])> {
        let (words, count) = state.split_first_chunk_mut::<32>()?;
        Some((words.as_chunks_mut().0.try_into().ok()?, count.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sm3::Digest as _;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

        /// Runs of every length, behind whatever is left from the piece before.
        #[test]
        fn pieces_of_any_length_give_the_digest_of_the_library(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1500), 0..4),
        ) {
            let mut hasher = Hasher::new();
            pieces.iter().for_each(|piece| io::Write::write_all(&mut hasher, piece).unwrap());
            let library: [u8; 32] = sm3::Sm3::digest(pieces.concat()).into();
            prop_assert_eq!(hasher.finish().0, library);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_kernel_takes_blocks_as_the_library_does() {
        let Some(kernel) = crate::sm3::bmi2::compress() else {
            eprintln!("SKIPPED: this CPU has no BMI2");
            return;
        };
        let blocks: Vec<_> =
            (0..12u8).map(|i| std::array::from_fn(|j| i ^ (j as u8).wrapping_mul(37))).collect();
        let blocks: Vec<sm3::digest::block_api::Block<Sm3Core>> =
            blocks.into_iter().map(<[u8; 64]>::into).collect();
        for count in 0..=blocks.len() {
            let (mut ours, mut library) = (Sm3Core::default(), Sm3Core::default());
            run::compress_with(kernel, &mut ours, &blocks[..count]);
            sm3::digest::block_api::UpdateCore::update_blocks(&mut library, &blocks[..count]);
            let state = sm3::digest::common::hazmat::SerializableState::serialize;
            assert_eq!(state(&ours), state(&library), "{count} blocks");
        }
    }
}
