//! Many messages at a time: one in each 32-bit lane of a vector register.
//!
//! One SM3 computation is a chain of dependent additions and rotations, so a single message cannot use a CPU's
//! vector units. Independent messages can: a kernel compresses one block of each of 16 or 8 of them in about the time
//! of two alone. Nothing is wiped here: it is for public content such as entries, chunks and tree nodes.

#[cfg(target_arch = "x86_64")]
mod job;
#[cfg(target_arch = "x86_64")]
mod lane;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;

#[cfg(target_arch = "x86_64")]
use self::job::Job;
use super::{Digest, Hasher};

/// Which implementation [`digest_many`] runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// Sixteen messages at a time: x86-64 with AVX-512 F and BW.
    Avx512,
    /// Eight messages at a time: x86-64 with AVX2.
    Avx2,
    /// One after another, on any CPU.
    Portable,
}

impl Kernel {
    const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The fastest one that this CPU runs.
    pub fn selected() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Those that this CPU runs, the fastest first and [`Portable`](Self::Portable) last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.runs_here())
    }

    #[cfg(target_arch = "x86_64")]
    fn runs_here(self) -> bool {
        match self {
            Self::Avx512 => x86::avx512::compress().is_some(),
            Self::Avx2 => x86::avx2::compress().is_some(),
            Self::Portable => true,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn runs_here(self) -> bool {
        self == Self::Portable
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        })
    }
}

/// The digests of many messages, in their order. A message is its parts, one after another.
///
/// Any mix of lengths works; it is fastest where many are about equally long.
///
/// ```
/// use qianmo_crypto::sm3;
///
/// let digests = sm3::digest_many(&[[b"leaf ".as_slice(), b"one"], [b"leaf ", b"two"]]);
/// assert_eq!(digests, [sm3::digest(b"leaf one"), sm3::digest(b"leaf two")]);
/// ```
pub fn digest_many<const PARTS: usize>(messages: &[[&[u8]; PARTS]]) -> Vec<Digest> {
    run(Kernel::selected(), messages)
}

/// [`digest_many`] on one kernel, to test or to measure it; `None` if this CPU does not run it.
pub fn digest_many_with<const PARTS: usize>(
    kernel: Kernel,
    messages: &[[&[u8]; PARTS]],
) -> Option<Vec<Digest>> {
    kernel.runs_here().then(|| run(kernel, messages))
}

#[cfg(target_arch = "x86_64")]
fn run<const PARTS: usize>(kernel: Kernel, messages: &[[&[u8]; PARTS]]) -> Vec<Digest> {
    match kernel {
        Kernel::Avx512 => {
            if let Some(compress) = x86::avx512::compress() {
                return Job::new(messages).run(compress);
            }
        }
        Kernel::Avx2 => {
            if let Some(compress) = x86::avx2::compress() {
                return Job::new(messages).run(compress);
            }
        }
        Kernel::Portable => {}
    }
    messages.iter().map(alone).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn run<const PARTS: usize>(_: Kernel, messages: &[[&[u8]; PARTS]]) -> Vec<Digest> {
    messages.iter().map(alone).collect()
}

fn alone<const PARTS: usize>(parts: &[&[u8]; PARTS]) -> Digest {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}
