//! The CA's folder: who holds it, and files that are replaced whole or not at all.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use der::DecodePem;
use qianmo_crypto::{CryptoError, sm2::SecretKey};
use x509_cert::certificate::Certificate as X509;
use zeroize::Zeroizing;

use super::{CaError, index::Index};
use crate::files;

const CERTIFICATE: &str = "root.crt";
const KEY: &str = "root.key";
const INDEX: &str = "index.toml";
const LOCK: &str = ".lock";

/// First line of an encrypted key (RFC 7468, section 11).
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// A locked folder.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Locks the folder of an existing CA.
    pub(super) fn open(path: &Path) -> Result<Self, CaError> {
        if !path.join(CERTIFICATE).is_file() {
            return Err(CaError::NotFound { dir: path.to_owned() });
        }
        Self::lock(path)
    }

    /// Makes and locks a folder for a new CA.
    pub(super) fn create(path: &Path) -> Result<Self, CaError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| io_error(path, source))?;
        let folder = Self::lock(path)?;
        let taken = [CERTIFICATE, KEY, INDEX].iter().any(|file| path.join(file).exists());
        if taken { Err(CaError::Exists { dir: path.to_owned() }) } else { Ok(folder) }
    }

    fn lock(path: &Path) -> Result<Self, CaError> {
        let file = path.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&file);
        let lock = lock.map_err(|source| io_error(&file, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CaError::Busy { dir: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io_error(&file, source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `path` leads to this folder.
    pub(super) fn is(&self, path: &Path) -> bool {
        matches!((self.path.canonicalize(), path.canonicalize()), (Ok(mine), Ok(other)) if mine == other)
    }

    /// Reads certificate, key and index.
    pub(super) fn read(&self, passphrase: Option<&[u8]>) -> Result<(X509, SecretKey, Index), CaError> {
        let damaged = |file: &str, reason: String| CaError::Damaged { path: self.path.join(file), reason };
        let certificate = X509::from_pem(self.text(CERTIFICATE)?);
        let certificate = certificate.map_err(|error| damaged(CERTIFICATE, error.to_string()))?;
        self.check_key_mode()?;
        let pem = Zeroizing::new(self.text(KEY)?);
        let path = || self.path.join(KEY);
        match (pem.contains(ENCRYPTED), passphrase) {
            (true, None) => return Err(CaError::Locked { path: path() }),
            (false, Some(_)) => return Err(CaError::NotLocked { path: path() }),
            _ => {}
        }
        let key = SecretKey::from_pem(&pem, passphrase).map_err(|error| match error {
            CryptoError::Passphrase => CaError::Passphrase { path: path() },
            error => damaged(KEY, error.to_string()),
        })?;
        let index = Index::parse(&self.text(INDEX)?).map_err(|reason| damaged(INDEX, reason))?;
        Ok((certificate, key, index))
    }

    /// Writes the three files, the key under the passphrase beside it; the index last, because it alone changes later.
    pub(super) fn write(
        &self,
        certificate: &str,
        (key, passphrase): (&SecretKey, Option<&[u8]>),
        index: &Index,
    ) -> Result<(), CaError> {
        let index = toml::to_string(index).map_err(|error| CaError::Encoding(error.to_string()))?;
        if !self.path.join(KEY).exists() {
            let pem = match passphrase {
                None => key.to_pkcs8_pem(),
                Some(passphrase) => key.to_encrypted_pkcs8_pem(passphrase)?,
            };
            self.replace(KEY, pem.as_bytes(), 0o600)?;
        }
        if !self.path.join(CERTIFICATE).exists() {
            self.replace(CERTIFICATE, certificate.as_bytes(), 0o644)?;
        }
        self.replace(INDEX, index.as_bytes(), 0o600)
    }

    fn text(&self, file: &str) -> Result<String, CaError> {
        let path = self.path.join(file);
        fs::read_to_string(&path).map_err(|source| io_error(&path, source))
    }

    fn check_key_mode(&self) -> Result<(), CaError> {
        let path = self.path.join(KEY);
        let mode = fs::metadata(&path).map_err(|source| io_error(&path, source))?.permissions().mode();
        if mode & 0o077 == 0 { Ok(()) } else { Err(CaError::KeyReadable { path }) }
    }

    fn replace(&self, file: &str, bytes: &[u8], mode: u32) -> Result<(), CaError> {
        let path = self.path.join(file);
        files::replace(&path, bytes, mode).map_err(|source| io_error(&path, source))
    }
}

fn io_error(path: &Path, source: io::Error) -> CaError {
    CaError::Io { path: path.to_owned(), source }
}
