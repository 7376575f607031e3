//! SM4 and GHASH on 64-bit Arm processors.
//!
//! Tested under QEMU, **not on hardware**. With the target's standard library (or `-Zbuild-std`) and Debian's
//! `gcc-aarch64-linux-gnu` and `qemu-user`, the tests run on any machine by
//!
//! ```text
//! CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
//! CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu" \
//! cargo test -p qianmo-crypto --lib --test it --target aarch64-unknown-linux-gnu sm4
//! ```
//!
//! There `the_environment_forces_a_kernel` fails unless the system runs Arm programs by itself (binfmt_misc): it starts
//! itself again.

mod aes;
mod block;
mod keys;
pub(super) mod pmull;
mod sm4;

pub(super) use aes::Aes;
pub(super) use keys::{Keys, Rounds};
pub(super) use sm4::Sm4;
