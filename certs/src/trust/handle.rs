//! `Trust`: the store in use, replaceable while connections run.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{TrustStore, Verified};
use crate::CertError;

/// A shared handle on the [`TrustStore`] in use. TLS verifiers read it at each handshake, so a reload counts
/// from the next one on; running connections are asked again with [`Trust::still_valid`].
#[derive(Debug)]
pub struct Trust(ArcSwap<TrustStore>);

impl Trust {
    /// A handle that starts with `store`.
    pub fn new(store: TrustStore) -> Self {
        Self(ArcSwap::from_pointee(store))
    }

    /// The store in use.
    pub fn current(&self) -> Arc<TrustStore> {
        self.0.load_full()
    }

    /// Puts `store` in use, unless it holds an older CRL than the one in use: an old list would bring revoked
    /// certificates back. On an error the old store stays.
    ///
    /// # Errors
    /// [`CertError::OlderCrl`].
    pub fn replace(&self, store: TrustStore) -> Result<(), CertError> {
        self.current().check_successor(&store)?;
        self.0.store(Arc::new(store));
        Ok(())
    }

    /// Whether a peer accepted earlier is still acceptable. Cheap enough for every request.
    ///
    /// # Errors
    /// As [`TrustStore::still_valid`].
    pub fn still_valid(&self, verified: &Verified, now_ms: i64) -> Result<(), CertError> {
        self.0.load().still_valid(verified, now_ms)
    }
}
