//! The hash Z of a user id and a public key, with which every signature begins (GB/T 32918.2, 5.5).

use super::{CERT_USER_ID, PublicKey, TLS_USER_ID};
use crate::CryptoError;

type UserHash = Result<[u8; 32], CryptoError>;

/// A key's Z under the two user ids in common use, which saves four fifths of hashing a short message.
pub(super) struct UserHashes {
    cert: UserHash,
    tls: UserHash,
}

impl UserHashes {
    pub(super) fn new(key: &PublicKey) -> Self {
        Self { cert: key.user_hash(CERT_USER_ID), tls: key.user_hash(TLS_USER_ID) }
    }

    /// Z under `user_id`; `key` must be the one this was made for.
    pub(super) fn find(&self, key: &PublicKey, user_id: &[u8]) -> UserHash {
        match user_id {
            CERT_USER_ID => self.cert,
            TLS_USER_ID => self.tls,
            other => key.user_hash(other),
        }
    }
}
