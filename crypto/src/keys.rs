//! Where a node's keys live.
//!
//! Everything that signs or wraps goes through [`KeyProvider`]. The one provider so far, [`SoftKeys`], holds its
//! keys in memory; a provider over a hardware module implements the same trait.

mod file;
mod self_test;

use zeroize::Zeroizing;

use crate::sm2::{PublicKey, SecretKey, Signature};
use crate::sm4::gcm;
use crate::{CryptoError, random};

pub use file::Dialect;

/// Length of a data key in bytes.
pub const DEK_LEN: usize = 16;

/// Ties a wrapped data key to its use, so that no other SM4-GCM ciphertext under the same key passes for one.
const WRAP_AAD: &[u8] = b"qianmo wrapped dek v1";

/// A node's signing key and key-encryption key, without the keys.
///
/// Calls are synchronous and may come from a TLS handshake, so they must not wait for anything slow.
pub trait KeyProvider: Send + Sync {
    /// The public half of the signing key.
    fn public_key(&self) -> PublicKey;

    /// Signs `msg` under `user_id`.
    ///
    /// # Errors
    /// As [`SecretKey::sign`], or [`CryptoError::Provider`].
    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError>;

    /// Encrypts a data key under the key-encryption key. The result is at most 65535 bytes and means something to
    /// this provider only.
    ///
    /// # Errors
    /// [`CryptoError::Random`] or [`CryptoError::Provider`].
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError>;

    /// Decrypts what [`wrap`](Self::wrap) made.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if it was altered or wrapped under another key; [`CryptoError::Provider`].
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; DEK_LEN]>, CryptoError>;

    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`CryptoError::Random`] or [`CryptoError::Provider`].
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError>;

    /// Runs the known-answer tests of the algorithms and a pairwise test of the keys. A node does this before it
    /// opens anything, and stops if it fails.
    ///
    /// # Errors
    /// [`CryptoError::SelfTest`] names what failed.
    fn self_test(&self) -> Result<(), CryptoError>;
}

/// Keys held in this process's memory, wiped when dropped.
pub struct SoftKeys {
    secret: SecretKey,
    kek: gcm::Key,
}

impl SoftKeys {
    /// A provider that signs with `secret` and wraps under `kek`.
    ///
    /// Wrapping draws random nonces: use one `kek` for at most 2^32 wraps (NIST SP 800-38D, 8.3).
    #[expect(clippy::needless_pass_by_value, reason = "the caller's copy of the key is wiped here")]
    pub fn new(secret: SecretKey, kek: Zeroizing<[u8; DEK_LEN]>) -> Self {
        Self { secret, kek: gcm::Key::new(&kek) }
    }
}

impl KeyProvider for SoftKeys {
    fn public_key(&self) -> PublicKey {
        self.secret.public_key()
    }

    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        self.secret.sign(user_id, msg)
    }

    /// Nonce (12), encrypted key (16), tag (16).
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; gcm::NONCE_LEN];
        random::fill(&mut nonce)?;
        Ok([nonce.as_slice(), &self.kek.seal(&nonce, WRAP_AAD, dek)].concat())
    }

    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; DEK_LEN]>, CryptoError> {
        let (nonce, sealed) = wrapped.split_first_chunk().ok_or(CryptoError::Decrypt)?;
        let (encrypted, tag) = sealed.split_last_chunk().ok_or(CryptoError::Decrypt)?;
        let mut dek = Zeroizing::new(<[u8; DEK_LEN]>::try_from(encrypted).map_err(|_| CryptoError::Decrypt)?);
        self.kek.open_in_place(nonce, WRAP_AAD, dek.as_mut(), tag)?;
        Ok(dek)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        random::fill(out)
    }

    fn self_test(&self) -> Result<(), CryptoError> {
        self_test::algorithms()?;
        self_test::pairwise(self)
    }
}

#[cfg(test)]
mod tests;
