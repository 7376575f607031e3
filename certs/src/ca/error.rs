//! Why the CA did not do what was asked.

use std::{io, path::PathBuf};

use qianmo_crypto::CryptoError;
use qianmo_proto::Identity;

use crate::{CertError, build::key_failure, moment::text};

/// What can go wrong when running a CA. Nothing is issued, revoked or written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaError {
    /// The request was refused.
    #[error(transparent)]
    Cert(#[from] CertError),
    /// A key or signature failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The CA's title cannot be a common name.
    #[error("the CA's title must have 1 to 64 characters and no control characters; choose another one")]
    Title,
    /// The CA's life is too short or too long.
    #[error("a CA lives 1 to {max} years; choose a number in that range")]
    Years {
        /// The longest life.
        max: u32,
    },
    /// The certificate would live too long, or not at all.
    #[error(
        "a certificate of {asked} days cannot be issued; ask for 1 to {max} (limits: the profile's, and the CA's own end)"
    )]
    Days {
        /// Days asked for.
        asked: u32,
        /// Most days possible.
        max: i64,
    },
    /// The identity has a certificate in force.
    #[error(
        "{identity} already has certificate {serial_hex} in force; if its holder asked for a new one use --renew, \
         and revoke the old one if its key may be lost"
    )]
    AlreadyIssued {
        /// The identity asked for.
        identity: Identity,
        /// The certificate in force.
        serial_hex: String,
    },
    /// One key for two identities.
    #[error("the key in the request for {identity} belongs to {other}; make a new key for each identity")]
    KeyReused {
        /// The identity asked for.
        identity: Identity,
        /// Who has the key.
        other: Identity,
    },
    /// Host names are for nodes.
    #[error(
        "{identity} asks for the host name {host}, but only nodes have host names; make the request without it"
    )]
    HostNotAllowed {
        /// The identity asked for.
        identity: Identity,
        /// The first host name asked for.
        host: String,
    },
    /// No certificate of that number.
    #[error("this CA issued no certificate with serial number {0}; `qianmo ca ls` lists them")]
    UnknownSerial(String),
    /// Revoked before.
    #[error("certificate {serial_hex} is revoked since {}; nothing to do", text(*.at_ms))]
    AlreadyRevoked {
        /// The certificate.
        serial_hex: String,
        /// When, UNIX milliseconds.
        at_ms: i64,
    },
    /// No CA in that folder.
    #[error("there is no CA in {}; make one with `qianmo ca init` or give its folder", .dir.display())]
    NotFound {
        /// The folder.
        dir: PathBuf,
    },
    /// A CA is there already.
    #[error("there is a CA in {} already; it was left as it is. Choose another folder", .dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process works on it.
    #[error("the CA in {} is in use by another process; try again when that has finished", .dir.display())]
    Busy {
        /// The folder.
        dir: PathBuf,
    },
    /// The root key is open to others.
    #[error("{} may be read by others than its owner; find out who could have copied it, then chmod 600 it", .path.display())]
    KeyReadable {
        /// The key file.
        path: PathBuf,
    },
    /// The root key is encrypted, and no passphrase was given.
    #[error("{} is encrypted; name the file that holds its passphrase: --passphrase-file", .path.display())]
    Locked {
        /// The key file.
        path: PathBuf,
    },
    /// A passphrase was given for a root key that is not encrypted.
    #[error("{} is not encrypted, so no passphrase belongs to it; leave --passphrase-file out, or restore the encrypted key", .path.display())]
    NotLocked {
        /// The key file.
        path: PathBuf,
    },
    /// The passphrase is another.
    #[error("{} does not open: the passphrase is wrong or the file is damaged", .path.display())]
    Passphrase {
        /// The key file.
        path: PathBuf,
    },
    /// Key and certificate do not belong together.
    #[error("root.key in {} is not the key of root.crt; restore both from the same backup", .dir.display())]
    KeyMismatch {
        /// The folder.
        dir: PathBuf,
    },
    /// A file that is not what was written.
    #[error("{} is damaged ({reason}); restore it from a backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The operating system refused.
    #[error("{}: {source}; check the path, its permissions and the free space", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A profile of this build is wrong.
    #[error("the certificate profiles of this build are wrong ({0}); install another version")]
    Profile(String),
    /// Something does not fit X.509.
    #[error("the certificate cannot be written as X.509: {0}; shorten names and check the clock")]
    Encoding(String),
}

impl From<der::Error> for CaError {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error.to_string())
    }
}

impl From<x509_cert::builder::Error> for CaError {
    fn from(error: x509_cert::builder::Error) -> Self {
        key_failure(&error).map_or_else(|| Self::Encoding(error.to_string()), Self::Crypto)
    }
}
