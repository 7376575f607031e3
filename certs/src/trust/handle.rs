//! `Trust`: the store in use, replaceable while connections run.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::{TrustStore, Verified};
use crate::CertError;

/// A shared handle on the [`TrustStore`] in use. TLS verifiers read it at each handshake, so a reload counts
/// from the next one on; running connections are asked again with [`Trust::still_valid`].
#[derive(Debug)]
pub struct Trust {
    store: ArcSwap<TrustStore>,
    /// One replacement at a time, each judged by the one before.
    turn: Mutex<()>,
}

impl Trust {
    /// A handle that starts with `store`.
    pub fn new(store: TrustStore) -> Self {
        Self { store: ArcSwap::from_pointee(store), turn: Mutex::new(()) }
    }

    /// The store in use.
    pub fn current(&self) -> Arc<TrustStore> {
        self.store.load_full()
    }

    /// Puts `store` in use, unless it holds an older CRL than the one in use: an old list would bring revoked
    /// certificates back. On an error the old store stays.
    ///
    /// # Errors
    /// [`CertError::OlderCrl`].
    pub fn replace(&self, store: TrustStore) -> Result<(), CertError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.current().check_successor(&store)?;
        self.store.store(Arc::new(store));
        Ok(())
    }

    /// Takes lists that somebody handed on, `offered_pem`, beside those in use: each counts only if a CA of
    /// `roots_pem` signed it, it is newer than the one in use, and it is in force now. Returns whether one did.
    ///
    /// # Errors
    /// As [`TrustStore::load`] and [`TrustStore::improves`]; nothing is taken then.
    pub fn adopt(
        &self,
        roots_pem: &str,
        offered_pem: &str,
        crl_grace_s: u64,
        now_ms: i64,
    ) -> Result<bool, CertError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.current();
        let both = held.lists_pem() + offered_pem;
        let store = TrustStore::load(roots_pem, Some(&both), crl_grace_s)?;
        let newer = store.improves(&held, now_ms)?;
        if newer {
            self.store.store(Arc::new(store));
        }
        Ok(newer)
    }

    /// Whether a peer accepted earlier is still acceptable. Cheap enough for every request.
    ///
    /// # Errors
    /// As [`TrustStore::still_valid`].
    pub fn still_valid(&self, verified: &Verified, now_ms: i64) -> Result<(), CertError> {
        self.store.load().still_valid(verified, now_ms)
    }
}
