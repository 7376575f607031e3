//! Tests through the public API.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;
mod fuzz;
mod gcm;
mod gmssl;
mod handshake;
mod key_files;
mod kx;
mod oracles;
mod quic_handshake;
mod quic_keys;
mod setup;
mod sm2_encrypt;
mod sm2_exchange;
mod sm4_kernels;
mod sm4_vectors;
mod sm_crypto;
mod vectors;
