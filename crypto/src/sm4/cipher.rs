//! The block function under one key, by whichever kernel.

use super::counter::Counter;
use super::schedule::{self, RoundKeys};
#[cfg(target_arch = "x86_64")]
use super::x86::{avx2, avx512};
use super::{Block, KEY_LEN, Kernel, portable};

/// The block cipher under one key. Wiped from memory when dropped.
pub struct Cipher(pub(super) Keys);

/// The round keys as a kernel wants them. A variant exists only where its kernel runs.
pub(super) enum Keys {
    #[cfg(target_arch = "x86_64")]
    GfniAvx512(avx512::Keys),
    #[cfg(target_arch = "x86_64")]
    GfniAvx2(avx2::Keys),
    Portable(RoundKeys),
}

impl Cipher {
    /// Expands `key` for the [selected](Kernel::selected) kernel.
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        let selected = Self::with_kernel(key, Kernel::selected());
        selected.unwrap_or_else(|| Self(Keys::Portable(schedule::expand(key))))
    }

    /// Expands `key` for `kernel`; none if that does not run on this processor.
    pub fn with_kernel(key: &[u8; KEY_LEN], kernel: Kernel) -> Option<Self> {
        Some(Self(match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::GfniAvx512 => Keys::GfniAvx512(avx512::Keys::new(key)?),
            #[cfg(target_arch = "x86_64")]
            Kernel::GfniAvx2 => Keys::GfniAvx2(avx2::Keys::new(key)?),
            Kernel::Portable => Keys::Portable(schedule::expand(key)),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::GfniAvx512 | Kernel::GfniAvx2 => return None,
        }))
    }

    /// The kernel that this key is expanded for.
    pub fn kernel(&self) -> Kernel {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(_) => Kernel::GfniAvx512,
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(_) => Kernel::GfniAvx2,
            Keys::Portable(_) => Kernel::Portable,
        }
    }

    /// Encrypts one block where it lies. Made for latency; many blocks are faster together.
    pub fn encrypt_block(&self, block: &mut Block) {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(keys) => keys.encrypt_block(block),
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(keys) => keys.encrypt_block(block),
            Keys::Portable(keys) => portable::encrypt_blocks(keys, std::slice::from_mut(block)),
        }
    }

    /// Decrypts one block where it lies.
    pub fn decrypt_block(&self, block: &mut Block) {
        self.reversed().encrypt_block(block);
    }

    /// Encrypts blocks where they lie, each for itself (ECB).
    pub fn encrypt_blocks(&self, blocks: &mut [Block]) {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(keys) => keys.encrypt_blocks(blocks),
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(keys) => keys.encrypt_blocks(blocks),
            Keys::Portable(keys) => portable::encrypt_blocks(keys, blocks),
        }
    }

    /// Decrypts blocks where they lie, each for itself (ECB).
    pub fn decrypt_blocks(&self, blocks: &mut [Block]) {
        self.reversed().encrypt_blocks(blocks);
    }

    /// Decryption is encryption with the round keys in reverse. No mode of this project decrypts blocks, so the reverse
    /// is made when it is asked for.
    fn reversed(&self) -> Self {
        Self(match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(keys) => Keys::GfniAvx512(keys.reversed()),
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(keys) => Keys::GfniAvx2(keys.reversed()),
            Keys::Portable(keys) => Keys::Portable(schedule::reversed(keys)),
        })
    }

    /// XORs the encrypted counter blocks from `counter` on into `data`.
    pub(super) fn ctr(&self, counter: Counter, data: &mut [u8]) {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(keys) => keys.ctr(counter, data),
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(keys) => keys.ctr(counter, data),
            Keys::Portable(keys) => portable::ctr(keys, counter.prefix(), counter.value(), data),
        }
    }
}
