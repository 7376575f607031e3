//! SM4, the 128-bit block cipher of GB/T 32907-2016: the bare block function and the modes [`ctr`], [`gcm`], [`ccm`].
//!
//! Which code does the work is a [`Kernel`], chosen by what the processor can do. No kernel branches on secret data or
//! looks anything up by it.

pub(crate) mod cbc;
pub mod ccm;
pub mod ctr;
pub mod gcm;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod batch;
mod cipher;
mod constants;
mod counter;
mod field;
mod ghash;
mod kernel;
#[cfg(test)]
mod oracle;
mod portable;
mod schedule;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use cipher::Cipher;
pub use kernel::{Kernel, KernelError};

/// Length of a key in bytes.
pub const KEY_LEN: usize = 16;
/// Length of a block in bytes.
pub const BLOCK_LEN: usize = 16;

/// A block.
pub type Block = [u8; BLOCK_LEN];
