//! Where a node's keys live.
//!
//! Everything that signs, decrypts or wraps goes through [`KeyProvider`]:
//!
//! - [`SoftKeys`] holds its keys in this process's memory; they come from key files, under a passphrase or not
//!   ([`SecretKey::from_pem`]).
//! - `pkcs11`, with the feature of that name, leaves them in a hardware module.
//! - [`sdf`] is the layout of what devices of GM/T 0018 take and give, for who writes a provider over one.

mod file;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
pub mod sdf;
mod self_test;

use zeroize::Zeroizing;

use crate::sm2::{Ciphertext, PublicKey, SecretKey, Signature};
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

    /// Decrypts what was encrypted to [`public_key`](Self::public_key) (GB/T 32918.4).
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if the ciphertext was altered or is for another key; [`CryptoError::Provider`], which
    /// is also the answer of a provider that cannot do it.
    fn sm2_decrypt(&self, _ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        Err(CryptoError::Provider("it does not decrypt with SM2"))
    }

    /// Plain ECDH: the x-coordinate of the private key times `peer` (RFC 8998, section 3.4). Hash it before use.
    ///
    /// TLS here agrees on ephemeral keys and does not need this.
    ///
    /// # Errors
    /// [`CryptoError::Provider`], which is also the answer of a provider that cannot do it.
    fn ecdh(&self, _peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        Err(CryptoError::Provider("it does no ECDH"))
    }

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
    fn self_test(&self) -> Result<(), CryptoError> {
        self_test::algorithms()?;
        self_test::pairwise(self)
    }
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

    fn sm2_decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.secret.decrypt(ciphertext)
    }

    fn ecdh(&self, peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        Ok(self.secret.ecdh(peer))
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
}

#[cfg(test)]
mod tests;
