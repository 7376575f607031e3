//! Public keys prepared for many verifications.

use std::fmt;

use super::curve::Prepared;
use super::public::verify_with;
use super::user::UserHashes;
use super::{PublicKey, Signature};
use crate::CryptoError;

/// A public key with 8 KiB of its multiples. Preparing it costs about one verification and a half, and each one after
/// that takes about 40 % of the time.
pub struct PreparedPublicKey {
    key: PublicKey,
    multiples: Box<Prepared>,
    user_hashes: UserHashes,
}

impl PreparedPublicKey {
    /// Prepares `key`.
    pub fn new(key: PublicKey) -> Self {
        let (multiples, user_hashes) = (Prepared::new(key.point()), UserHashes::new(&key));
        Self { key, multiples, user_hashes }
    }

    /// The key itself.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Checks a signature, as [`PublicKey::verify`] does.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify(&self, user_id: &[u8], msg: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        let user_hash = self.user_hashes.find(&self.key, user_id)?;
        verify_with(&*self.multiples, &PublicKey::message_hash_after(&user_hash, msg), signature)
    }
}

impl fmt::Debug for PreparedPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared{:?}", self.key)
    }
}
