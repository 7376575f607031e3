//! SM4 and GHASH on x86-64.

mod aesni;
mod aesni_keys;
pub(super) mod avx2;
pub(super) mod avx512;
mod gfni;
pub(super) mod pclmul;

pub(super) use aesni_keys::Keys as AesNi;
