//! Why a node does not start.

use std::path::PathBuf;

use qianmo_certs::CertError;
use qianmo_crypto::{CryptoError, sm4::KernelError};
use qianmo_policies::PolicyError;
use qianmo_sandbox::EngineError;
use qianmo_trail::TrailError;

use crate::{keys::KeyFileError, net::endpoint::EndpointError, trail::OpenError};

/// Why a node did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StartError {
    #[error("the folder {dir} is not usable: {source}; is it yours, and is there room on the disk?")]
    Folder { dir: PathBuf, source: std::io::Error },
    #[error("another node is running on the folder {0}; stop it first, or use a folder of its own")]
    Locked(PathBuf),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("{path} cannot be read: {source}; {hint}")]
    File { path: PathBuf, source: std::io::Error, hint: &'static str },
    #[error("the self-test of the cryptography failed: {0}")]
    SelfTest(CryptoError),
    #[error(transparent)]
    Kernel(#[from] KernelError),
    #[error("{0}")]
    Certificate(CertError),
    #[error(
        "{path} is the newest revocation list that this node has used, and cannot be read: {source}; remove it only if \
         the federation has a new root, or if you are sure that the list beside the certificate is the newest"
    )]
    NewestList { path: PathBuf, source: Box<CertError> },
    #[error("the certificate is {found}'s, but qianmo.toml says {expected}; issue one for this node")]
    Identity { found: String, expected: String },
    #[error("the policies do not load: {0}")]
    Policies(Box<PolicyError>),
    #[error(transparent)]
    Trail(#[from] TrailError),
    #[error(
        "the trail in {0} is gone, but the node has worked before: restore the folder from a backup. \
         To begin anew, and lose all contracts, move the whole node folder away and run `qianmo init`"
    )]
    TrailGone(PathBuf),
    #[error("{0}")]
    Recorded(String),
    #[error(
        "entry {seq} of the trail ({action}) is not understood by this version: {why}. Passed over, it could leave in \
         force what it ends, so the node does not start; run the version that wrote it, or a newer one"
    )]
    Entry { seq: u64, action: String, why: String },
    #[error("the sandbox does not start: {0}")]
    Sandbox(#[from] EngineError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Trail(error) => Self::Trail(error),
            OpenError::Index(error) => Self::Recorded(error.to_string()),
            OpenError::Entry { seq, action, why } => Self::Entry { seq, action, why },
        }
    }
}
