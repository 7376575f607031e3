//! Content-addressed files: models, signed documents, results. Name = SM3 of the plaintext, content
//! sealed with a key of its own. Written to a temporary name, fsynced, renamed, folder fsynced.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use qianmo_crypto::{
    CryptoError, envelope,
    keys::KeyProvider,
    sm3::{self, Digest},
};
use qianmo_proto::{ErrorCode, WireError};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk said no.
    #[error("blob {digest}: {source}; is the disk full or the folder not writable?")]
    Io {
        /// The blob.
        digest: Digest,
        /// The system's word.
        source: io::Error,
    },
    /// Sealed under another key, or altered.
    #[error("blob {digest} does not open: {source}; restore it from a backup")]
    Sealed {
        /// The blob.
        digest: Digest,
        /// What the envelope said.
        source: CryptoError,
    },
    /// The content is not what its name says.
    #[error("blob {0} holds something else; restore it from a backup")]
    Mismatch(Digest),
}

/// The one place that says what a caller learns of it.
impl From<BlobError> for WireError {
    fn from(error: BlobError) -> Self {
        let code = match error {
            BlobError::Io { .. } => ErrorCode::Storage,
            BlobError::Sealed { .. } | BlobError::Mismatch(_) => ErrorCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

/// The blobs of one node.
#[derive(Clone)]
pub struct Blobs {
    dir: PathBuf,
    keys: Arc<dyn KeyProvider>,
}

impl Blobs {
    /// Opens or makes the folder, and removes what a crash left half written.
    pub fn open(dir: &Path, keys: Arc<dyn KeyProvider>) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "tmp") {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { dir: dir.to_owned(), keys })
    }

    /// Stores `bytes` durably and returns their name. Storing twice is one blob. Takes as long as the disk does; other
    /// tasks of the runtime go on meanwhile.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        aside(|| self.seal_and_write(bytes))
    }

    fn seal_and_write(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = sm3::digest(bytes);
        let path = self.path(&digest);
        if path.exists() {
            return Ok(digest);
        }
        let sealed = envelope::seal(self.keys.as_ref(), digest.as_bytes(), bytes)
            .map_err(|source| BlobError::Sealed { digest, source })?;
        self.write(&digest, &path, &sealed).map_err(|source| BlobError::Io { digest, source })?;
        Ok(digest)
    }

    /// Reads the blob named `digest`. Takes as long as the disk does; other tasks of the runtime go on meanwhile.
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        aside(|| self.read_and_open(digest))
    }

    fn read_and_open(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let sealed =
            fs::read(self.path(digest)).map_err(|source| BlobError::Io { digest: *digest, source })?;
        let bytes = envelope::open(self.keys.as_ref(), digest.as_bytes(), &sealed)
            .map_err(|source| BlobError::Sealed { digest: *digest, source })?;
        if sm3::digest(&bytes) != *digest {
            return Err(BlobError::Mismatch(*digest));
        }
        Ok(bytes.to_vec())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.to_string())
    }

    fn write(&self, digest: &Digest, path: &Path, sealed: &[u8]) -> io::Result<()> {
        // A random suffix: two requests may bring the same model at the same time.
        let mut suffix = [0; 8];
        self.keys.random(&mut suffix).map_err(io::Error::other)?;
        let temporary = self.dir.join(format!("{digest}.{}.tmp", hex::encode(suffix)));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let written = file.write_all(sealed).and_then(|()| file.sync_all());
        if let Err(e) = written.and_then(|()| fs::rename(&temporary, path)) {
            let _ = fs::remove_file(&temporary);
            return Err(e);
        }
        File::open(&self.dir)?.sync_all()
    }
}

/// Does work that waits for the disk, or computes for long, without holding up the tasks of an asynchronous caller's
/// thread: they are handed to another one first.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // No runtime, or one of a single thread, which has nobody to hand them to.
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use qianmo_crypto::{keys::SoftKeys, sm2::SecretKey};

    use super::*;

    fn blobs(dir: &Path, kek: u8) -> Blobs {
        let keys = SoftKeys::new(SecretKey::generate().unwrap(), [kek; 16].into());
        Blobs::open(dir, Arc::new(keys)).unwrap()
    }

    #[test]
    fn what_went_in_comes_out_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = blobs(dir.path(), 1);
        let digest = store.put(b"rows stay at home").unwrap();
        assert_eq!(store.put(b"rows stay at home").unwrap(), digest);
        assert_eq!(store.get(&digest).unwrap(), b"rows stay at home");
        let file = dir.path().join(digest.to_string());
        let mut sealed = fs::read(&file).unwrap();
        assert!(!sealed.windows(4).any(|w| w == b"home"), "plaintext on disk");

        let other = blobs(dir.path(), 2);
        assert!(matches!(other.get(&digest), Err(BlobError::Sealed { .. })));
        *sealed.last_mut().unwrap() ^= 1;
        fs::write(&file, sealed).unwrap();
        assert!(matches!(store.get(&digest), Err(BlobError::Sealed { .. })));
        assert!(matches!(store.get(&sm3::digest(b"x")), Err(BlobError::Io { .. })));
    }

    #[test]
    fn half_written_files_are_swept_at_start() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ab.cd.tmp"), b"half").unwrap();
        blobs(dir.path(), 1);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn other_tasks_go_on_while_one_waits_aside() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (done, wait) = std::sync::mpsc::channel();
        runtime.block_on(async move {
            // Both on the one worker: the second ends the first one's wait.
            let first = tokio::spawn(async move { aside(|| wait.recv().unwrap()) });
            let second = tokio::spawn(async move { done.send("gone on").unwrap() });
            second.await.unwrap();
            assert_eq!(first.await.unwrap(), "gone on");
        });
        assert_eq!(aside(|| 1), 1, "without a runtime");
    }
}
