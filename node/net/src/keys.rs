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
    /// Encrypted, and no passphrase was named.
    #[error(
        "the key in {path} is encrypted; name the file that holds its passphrase: --passphrase-file for a person, \
         `passphrase` under [node] in qianmo.toml for a node"
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Not 32 hexadecimal digits.
    #[error("the key-encryption key in {path} is not 32 hexadecimal digits; restore it from the backup")]
    Kek {
        /// The file.
        path: PathBuf,
    },
}

/// First line of an encrypted key (RFC 7468, section 11).
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// Loads a private key, plain or under the passphrase in the file `passphrase`, and, for a node, its key-encryption
/// key. A person has none: a random one stands in, so what a person's client seals lives no longer than the process.
pub fn load_soft(
    key: &Path,
    passphrase: Option<&Path>,
    kek: Option<&Path>,
) -> Result<Arc<SoftKeys>, KeyFileError> {
    let pem = read_private(key)?;
    let wrong = |source| KeyFileError::Key { path: key.to_owned(), source };
    let passphrase = match passphrase {
        None if pem.contains(ENCRYPTED) => return Err(KeyFileError::Locked { path: key.to_owned() }),
        None => None,
        Some(path) => Some(read_passphrase(path)?),
    };
    let secret = SecretKey::from_pem(&pem, passphrase.as_ref().map(|text| text.as_bytes())).map_err(wrong)?;
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

/// The passphrase in `path`, a file that only its owner may read: one line, whose end is not part of it.
pub fn read_passphrase(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let text = read_private(path)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
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
    use qianmo_crypto::keys::KeyProvider;

    use super::*;

    #[test]
    fn files_that_others_can_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        std::fs::write(&path, SecretKey::generate().unwrap().to_pkcs8_pem().as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_soft(&path, None, None), Err(KeyFileError::Mode { mode: 0o644, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(load_soft(&path, None, None).is_ok());
        assert!(matches!(load_soft(&path, None, Some(&path)), Err(KeyFileError::Kek { .. })));
        assert!(matches!(load_soft(&dir.path().join("none"), None, None), Err(KeyFileError::Read { .. })));
    }

    #[test]
    fn an_encrypted_key_opens_under_its_passphrase_alone() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        let secret = SecretKey::generate().unwrap();
        let key = write("key", &secret.to_encrypted_pkcs8_pem(b"correct horse").unwrap());
        let right = write("right", "correct horse\n");
        let wrong = write("wrong", "correct house\n");
        let loaded = load_soft(&key, Some(&right), None).unwrap();
        assert_eq!(KeyProvider::public_key(loaded.as_ref()), secret.public_key());
        assert!(matches!(load_soft(&key, None, None), Err(KeyFileError::Locked { .. })));
        let refused = load_soft(&key, Some(&wrong), None);
        assert!(matches!(refused, Err(KeyFileError::Key { source: CryptoError::Passphrase, .. })));
        std::fs::set_permissions(&right, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load_soft(&key, Some(&right), None), Err(KeyFileError::Mode { mode: 0o640, .. })));
    }
}
