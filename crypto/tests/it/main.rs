//! Tests through the public API.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;
mod gcm;
mod handshake;
mod kx;
mod quic_handshake;
mod quic_keys;
mod setup;
mod sm4_kernels;
mod sm4_vectors;
mod sm_crypto;
mod vectors;
