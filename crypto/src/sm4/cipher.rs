//! The block function under one key, by whichever kernel.

#[cfg(target_arch = "aarch64")]
use super::aarch64::{self, Aes, Sm4};
use super::counter::Counter;
use super::schedule::{self, RoundKeys};
#[cfg(target_arch = "x86_64")]
use super::x86::{AesNi, avx2, avx512};
use super::{Block, KEY_LEN, Kernel, portable};

/// The block cipher under one key. Wiped from memory when dropped.
pub struct Cipher(pub(super) Keys);

/// The round keys as a kernel wants them. A variant exists only where its kernel runs.
pub(super) enum Keys {
    #[cfg(target_arch = "x86_64")]
    GfniAvx512(avx512::Keys),
    #[cfg(target_arch = "x86_64")]
    GfniAvx2(avx2::Keys),
    #[cfg(target_arch = "x86_64")]
    AesNiAvx2(AesNi),
    #[cfg(target_arch = "aarch64")]
    Aarch64Sm4(aarch64::Keys<Sm4>),
    #[cfg(target_arch = "aarch64")]
    Aarch64Aes(aarch64::Keys<Aes>),
    Portable(Portable),
}

/// Does the same with the keys of any kernel.
macro_rules! with_keys {
    ($cipher:expr, $keys:ident => $work:expr) => {
        match &$cipher.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512($keys) => $work,
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2($keys) => $work,
            #[cfg(target_arch = "x86_64")]
            Keys::AesNiAvx2($keys) => $work,
            #[cfg(target_arch = "aarch64")]
            Keys::Aarch64Sm4($keys) => $work,
            #[cfg(target_arch = "aarch64")]
            Keys::Aarch64Aes($keys) => $work,
            Keys::Portable($keys) => $work,
        }
    };
}

impl Cipher {
    /// Expands `key` for the [selected](Kernel::selected) kernel.
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        let selected = Self::with_kernel(key, Kernel::selected());
        selected.unwrap_or_else(|| Self(Keys::Portable(Portable::new(key))))
    }

    /// Expands `key` for `kernel`; none if that does not run on this processor.
    pub fn with_kernel(key: &[u8; KEY_LEN], kernel: Kernel) -> Option<Self> {
        Some(Self(match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::GfniAvx512 => Keys::GfniAvx512(avx512::Keys::new(key)?),
            #[cfg(target_arch = "x86_64")]
            Kernel::GfniAvx2 => Keys::GfniAvx2(avx2::Keys::new(key)?),
            #[cfg(target_arch = "x86_64")]
            Kernel::AesNiAvx2 => Keys::AesNiAvx2(AesNi::new(key)?),
            #[cfg(target_arch = "aarch64")]
            Kernel::Aarch64Sm4 => Keys::Aarch64Sm4(aarch64::Keys::new(key)?),
            #[cfg(target_arch = "aarch64")]
            Kernel::Aarch64Aes => Keys::Aarch64Aes(aarch64::Keys::new(key)?),
            Kernel::Portable => Keys::Portable(Portable::new(key)),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::GfniAvx512 | Kernel::GfniAvx2 | Kernel::AesNiAvx2 => return None,
            #[cfg(not(target_arch = "aarch64"))]
            Kernel::Aarch64Sm4 | Kernel::Aarch64Aes => return None,
        }))
    }

    /// The kernel that this key is expanded for.
    pub fn kernel(&self) -> Kernel {
        match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(_) => Kernel::GfniAvx512,
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(_) => Kernel::GfniAvx2,
            #[cfg(target_arch = "x86_64")]
            Keys::AesNiAvx2(_) => Kernel::AesNiAvx2,
            #[cfg(target_arch = "aarch64")]
            Keys::Aarch64Sm4(_) => Kernel::Aarch64Sm4,
            #[cfg(target_arch = "aarch64")]
            Keys::Aarch64Aes(_) => Kernel::Aarch64Aes,
            Keys::Portable(_) => Kernel::Portable,
        }
    }

    /// Encrypts one block where it lies. Made for latency; many blocks are faster together.
    pub fn encrypt_block(&self, block: &mut Block) {
        with_keys!(self, keys => keys.encrypt_block(block));
    }

    /// Decrypts one block where it lies.
    pub fn decrypt_block(&self, block: &mut Block) {
        self.reversed().encrypt_block(block);
    }

    /// Encrypts blocks where they lie, each for itself (ECB).
    pub fn encrypt_blocks(&self, blocks: &mut [Block]) {
        with_keys!(self, keys => keys.encrypt_blocks(blocks));
    }

    /// Decrypts blocks where they lie, each for itself (ECB).
    pub fn decrypt_blocks(&self, blocks: &mut [Block]) {
        self.reversed().encrypt_blocks(blocks);
    }

    /// XORs the encrypted counter blocks from `counter` on into `data`.
    pub(super) fn ctr(&self, counter: Counter, data: &mut [u8]) {
        with_keys!(self, keys => keys.ctr(counter, data));
    }

    /// Decryption is encryption with the round keys in reverse. No mode of this project decrypts blocks, so the reverse
    /// is made when it is asked for.
    fn reversed(&self) -> Self {
        Self(match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx512(keys) => Keys::GfniAvx512(keys.reversed()),
            #[cfg(target_arch = "x86_64")]
            Keys::GfniAvx2(keys) => Keys::GfniAvx2(keys.reversed()),
            #[cfg(target_arch = "x86_64")]
            Keys::AesNiAvx2(keys) => Keys::AesNiAvx2(keys.reversed()),
            #[cfg(target_arch = "aarch64")]
            Keys::Aarch64Sm4(keys) => Keys::Aarch64Sm4(keys.reversed()),
            #[cfg(target_arch = "aarch64")]
            Keys::Aarch64Aes(keys) => Keys::Aarch64Aes(keys.reversed()),
            Keys::Portable(keys) => Keys::Portable(keys.reversed()),
        })
    }
}

/// A key for [`portable`].
pub(super) struct Portable(RoundKeys);

impl Portable {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(schedule::expand(key))
    }

    fn encrypt_block(&self, block: &mut Block) {
        self.encrypt_blocks(std::slice::from_mut(block));
    }

    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        portable::encrypt_blocks(&self.0, blocks);
    }

    fn reversed(&self) -> Self {
        Self(schedule::reversed(&self.0))
    }

    fn ctr(&self, counter: Counter, data: &mut [u8]) {
        portable::ctr(&self.0, counter.prefix(), counter.value(), data);
    }
}
