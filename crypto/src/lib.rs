#![deny(unsafe_code)]
//! ShangMi cryptography for Qianmo: SM2 signatures and key agreement, SM3, SM4-GCM, and what is built from them.
//!
//! This crate is **not** a general SM library: it has the algorithms, modes and encodings that Qianmo uses and no
//! others. It does no I/O but for the token of `keys::pkcs11`, knows no clock, and is not a certified module
//! (GM/T 0028).
//!
//! - [`sm3`], [`hmac`], [`kdf`]: digests, tags and derived keys
//! - [`sm4::gcm`]: authenticated encryption
//! - [`sm2`]: [`SecretKey`](sm2::SecretKey), [`PublicKey`](sm2::PublicKey), [`Signature`](sm2::Signature)
//! - [`keys`]: [`KeyProvider`](keys::KeyProvider), through which a node signs and wraps
//! - [`envelope`]: objects sealed at rest under a wrapped key of their own
//! - [`tls`]: TLS 1.3 and QUIC per RFC 8998, as a provider for rustls, with curveSM2 and curveSM2MLKEM768
//!
//! ```
//! use qianmo_crypto::keys::{KeyProvider, SoftKeys};
//! use qianmo_crypto::{sm2, sm3};
//!
//! let keys = SoftKeys::new(sm2::SecretKey::generate()?, [7; 16].into());
//! keys.self_test()?;
//! let digest = sm3::digest(b"a model");
//! let signature = keys.sign(sm2::CERT_USER_ID, digest.as_bytes())?;
//! keys.public_key().verify(sm2::CERT_USER_ID, digest.as_bytes(), &signature)?;
//! # Ok::<(), qianmo_crypto::CryptoError>(())
//! ```

mod barrier;
pub mod envelope;
mod error;
pub mod hmac;
pub mod kdf;
pub mod keys;
mod kx;
pub mod random;
pub mod sm2;
pub mod sm3;
pub mod sm4;
pub mod tls;

pub use error::CryptoError;
