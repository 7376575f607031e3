//! Reading key files: the node's or a person's SM2 key, and the key-encryption key of data at rest.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use qianmo_crypto::{CryptoError, keys::SoftKeys, random, sm2::SecretKey};
use zeroize::Zeroizing;

/// Why a key file was refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Missing or unreadable.
    #[error("the key file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// Others on this machine could read it.
    #[error("the key file {path} can be read by others (mode {mode:o}); run: chmod 600 {path}")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CryptoError,
    },
    /// Not 32 hexadecimal digits.
    #[error("the key-encryption key in {path} is not 32 hexadecimal digits; restore it from the backup")]
    Kek {
        /// The file.
        path: PathBuf,
    },
}

/// Loads a PKCS#8 key and, for a node, its key-encryption key. A person has none: a random one stands in,
/// so what a person's client seals lives no longer than the process.
pub fn load_soft(key: &Path, kek: Option<&Path>) -> Result<Arc<SoftKeys>, KeyFileError> {
    let pem = read_private(key)?;
    let wrong = |source| KeyFileError::Key { path: key.to_owned(), source };
    let secret = SecretKey::from_pkcs8_pem(&pem).map_err(wrong)?;
    let mut bytes = Zeroizing::new([0; 16]);
    match kek {
        None => random::fill(bytes.as_mut()).map_err(wrong)?,
        Some(path) => {
            let text = read_private(path)?;
            hex::decode_to_slice(text.trim(), bytes.as_mut())
                .map_err(|_| KeyFileError::Kek { path: path.to_owned() })?;
        }
    }
    Ok(Arc::new(SoftKeys::new(secret, bytes)))
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let fail = |source| KeyFileError::Read { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(fail)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Mode { path: path.to_owned(), mode });
    }
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_others_can_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        std::fs::write(&path, SecretKey::generate().unwrap().to_pkcs8_pem().as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_soft(&path, None), Err(KeyFileError::Mode { mode: 0o644, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(load_soft(&path, None).is_ok());
        assert!(matches!(load_soft(&path, Some(&path)), Err(KeyFileError::Kek { .. })));
        assert!(matches!(load_soft(&dir.path().join("none"), None), Err(KeyFileError::Read { .. })));
    }
}
