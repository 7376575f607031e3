//! GHASH, the universal hash of GCM (SP 800-38D, section 6.4), by whichever kernel.

pub(super) mod portable;

#[cfg(target_arch = "aarch64")]
use super::aarch64::pmull;
#[cfg(target_arch = "x86_64")]
use super::x86::{avx2, avx512, pclmul};
use super::{Block, Kernel};

/// A hash key as a kernel wants it. A variant exists only where its instructions do.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a key, and a packet should not follow a pointer to it"
)]
pub(super) enum Key {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Powers),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Powers),
    #[cfg(target_arch = "x86_64")]
    Pclmul(pclmul::Powers),
    #[cfg(target_arch = "aarch64")]
    Pmull(pmull::Powers),
    Portable(portable::Key),
}

impl Key {
    /// The key `h`, for the hash that goes with `kernel`, or the best that this processor can do.
    pub(super) fn new(h: &Block, kernel: Kernel) -> Self {
        let fast = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::GfniAvx512 => avx512::Powers::new(h).map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            Kernel::GfniAvx2 => avx2::Powers::new(h).map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Kernel::AesNiAvx2 => pclmul::Powers::new(h).map(Self::Pclmul),
            #[cfg(target_arch = "aarch64")]
            Kernel::Aarch64Sm4 | Kernel::Aarch64Aes => pmull::Powers::new(h).map(Self::Pmull),
            _ => None,
        };
        fast.unwrap_or_else(|| Self::Portable(portable::Key::new(h)))
    }

    /// Takes `data`, padded with zeros to whole blocks, into the hash `y`.
    pub(super) fn update(&self, y: &mut Block, data: &[u8]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(powers) => powers.update(y, data),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(powers) => powers.update(y, data),
            #[cfg(target_arch = "x86_64")]
            Self::Pclmul(powers) => powers.update(y, data),
            #[cfg(target_arch = "aarch64")]
            Self::Pmull(powers) => powers.update(y, data),
            Self::Portable(key) => key.update(y, data),
        }
    }

    /// Takes the block of lengths (in bytes here) into `y`.
    pub(super) fn update_lengths(&self, y: &mut Block, first: usize, second: usize) {
        let bits = |len: usize| u128::from((len as u64).wrapping_mul(8));
        self.update(y, &(bits(first) << 64 | bits(second)).to_be_bytes());
    }
}

/// H·x as POLYVAL numbers it (RFC 8452, appendix A): what the carry-less kernels multiply by.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn polyval_key(h: &Block) -> u128 {
    /// x^128 modulo x^128 + x^127 + x^126 + x^121 + 1.
    const OVERFLOW: u128 = 0xc2 << 120 | 1;
    let h = u128::from_be_bytes(*h);
    h << 1 ^ (h >> 127).wrapping_neg() & OVERFLOW
}
