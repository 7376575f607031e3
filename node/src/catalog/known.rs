//! Descriptors that were read before: each is a blob, so what its name stands for never changes.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use qianmo_crypto::sm3::Digest;

use super::descriptor::Descriptor;

/// How many are kept: those of the datasets in use.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// The descriptors read last, by the digest of their text.
pub(crate) struct Known(Mutex<LruCache<Digest, Descriptor>>);

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Known {
    /// The descriptor with this digest, as `read` once found it.
    pub(crate) fn get<E>(
        &self,
        digest: &Digest,
        read: impl FnOnce() -> Result<Descriptor, E>,
    ) -> Result<Descriptor, E> {
        if let Some(known) = self.lock().get(digest) {
            return Ok(known.clone());
        }
        // Not under the lock: it waits for the disk.
        let descriptor = read()?;
        self.lock().put(*digest, descriptor.clone());
        Ok(descriptor)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Digest, Descriptor>> {
        // A panic elsewhere leaves the cache whole: every change is one insert.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
