//! Which implementation runs.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::aarch64::{self, Rounds as _};
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Forces a kernel by its name, for tests and diagnosis.
const VARIABLE: &str = "QIANMO_SM4_KERNEL";

/// An implementation of SM4 and GHASH. All give the same results, and none looks anything up by secret data.
///
/// [`selected`](Self::selected) takes the first of [`available`](Self::available), unless the environment variable
/// `QIANMO_SM4_KERNEL` names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// x86-64 with GFNI and AVX-512 (F, BW, VL); GHASH with VPCLMULQDQ.
    GfniAvx512,
    /// x86-64 with GFNI and AVX2; GHASH with VPCLMULQDQ.
    GfniAvx2,
    /// x86-64 with AES-NI and AVX2; GHASH with PCLMULQDQ where there is one.
    AesNiAvx2,
    /// 64-bit Arm with the SM4 instructions; GHASH with PMULL where there is one. Tested under QEMU, not on hardware.
    Aarch64Sm4,
    /// 64-bit Arm with the AES instructions; GHASH with PMULL. Tested under QEMU, not on hardware.
    Aarch64Aes,
    /// Any processor: bitsliced, GHASH without carry-less multiplication.
    Portable,
}

impl Kernel {
    /// Best first.
    const ALL: [Self; 6] = [
        Self::GfniAvx512,
        Self::GfniAvx2,
        Self::AesNiAvx2,
        Self::Aarch64Sm4,
        Self::Aarch64Aes,
        Self::Portable,
    ];

    /// The kernel that [`Cipher::new`](super::Cipher::new) and the modes use; asked for once per process.
    ///
    /// The best one if the environment asks for none, or for one that does not exist or cannot run here: a program
    /// should ask [`from_env`](Self::from_env) at its start and refuse to go on then.
    pub fn selected() -> Self {
        static SELECTED: OnceLock<Kernel> = OnceLock::new();
        *SELECTED.get_or_init(|| {
            let best = || Self::available().next().unwrap_or(Self::Portable);
            Self::from_env().ok().flatten().unwrap_or_else(best)
        })
    }

    /// The kernel that `QIANMO_SM4_KERNEL` asks for; none if the variable is not set or empty.
    ///
    /// # Errors
    /// [`KernelError`] if it names no kernel, or one that cannot run here.
    pub fn from_env() -> Result<Option<Self>, KernelError> {
        match std::env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()).map(Some),
            _ => Ok(None),
        }
    }

    fn named(name: &str) -> Result<Self, KernelError> {
        let kernel: Self = name.parse()?;
        if kernel.is_available() { Ok(kernel) } else { Err(KernelError::Unavailable(kernel)) }
    }

    /// The kernels that run on this processor, best first; [`Portable`](Self::Portable) is always the last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Whether this processor has the kernel's instructions.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::GfniAvx512 => x86::avx512::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::GfniAvx2 => x86::avx2::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::AesNiAvx2 => x86::AesNi::is_available(),
            #[cfg(target_arch = "aarch64")]
            Self::Aarch64Sm4 => aarch64::Sm4::is_available(),
            #[cfg(target_arch = "aarch64")]
            Self::Aarch64Aes => aarch64::Aes::is_available(),
            Self::Portable => true,
            #[cfg(not(target_arch = "x86_64"))]
            Self::GfniAvx512 | Self::GfniAvx2 | Self::AesNiAvx2 => false,
            #[cfg(not(target_arch = "aarch64"))]
            Self::Aarch64Sm4 | Self::Aarch64Aes => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::GfniAvx512 => "gfni-avx512",
            Self::GfniAvx2 => "gfni-avx2",
            Self::AesNiAvx2 => "aesni-avx2",
            Self::Aarch64Sm4 => "aarch64-sm4",
            Self::Aarch64Aes => "aarch64-aes",
            Self::Portable => "portable",
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kernel {
    type Err = KernelError;

    fn from_str(name: &str) -> Result<Self, KernelError> {
        let known = Self::ALL.into_iter().find(|kernel| kernel.name() == name);
        known.ok_or_else(|| KernelError::Unknown(name.to_owned()))
    }
}

/// Why a kernel that was asked for cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// No kernel has this name.
    #[error("there is no SM4 kernel `{0}`; unset {VARIABLE} or name one of {names}", names = names())]
    Unknown(String),
    /// The processor lacks the instructions.
    #[error("the SM4 kernel {0} does not run on this processor; unset {VARIABLE} or name another")]
    Unavailable(Kernel),
}

fn names() -> String {
    Kernel::ALL.map(Kernel::name).join(", ")
}
