//! The node's own certificate: whose it is, with which key, until when. Read again when its file changes.

use std::fs;

use qianmo_certs::{CertError, TrustStore, chain_from_pem};
use qianmo_crypto::keys::KeyProvider;

use crate::{config::Config, start::StartError};

/// A certificate that is this node's.
#[derive(Debug)]
pub(crate) struct OwnCertificate {
    /// With the CAs between it and the root, PEM.
    pub(crate) pem: String,
    /// The certificate alone, DER.
    pub(crate) der: Vec<u8>,
    /// Its end, UNIX milliseconds.
    pub(crate) not_after_ms: i64,
}

impl OwnCertificate {
    /// Reads the file of `config` and checks that `trust` believes it, that it names this node and that it certifies
    /// the key in `keys`: a trail begun with another could never be verified.
    pub(crate) fn load(
        config: &Config,
        trust: &TrustStore,
        keys: &dyn KeyProvider,
        now_ms: i64,
    ) -> Result<Self, StartError> {
        let path = &config.files.certificate;
        let pem = fs::read_to_string(path).map_err(|source| StartError::File {
            path: path.clone(),
            source,
            hint: "have node.csr certified with `qianmo ca issue` and put the certificate there",
        })?;
        let chain = chain_from_pem(&pem).map_err(StartError::Certificate)?;
        let leaf = chain.first().ok_or(StartError::Certificate(CertError::NoCertificate))?;
        let verified = trust.verify(leaf, now_ms).map_err(StartError::Certificate)?;
        if verified.identity != config.identity {
            let (found, expected) = (verified.identity.to_string(), config.identity.to_string());
            return Err(StartError::Identity { found, expected });
        }
        if verified.public_key != keys.public_key() {
            let holder = verified.identity.to_string();
            return Err(StartError::Certificate(CertError::KeyMismatch { holder }));
        }
        Ok(Self { der: leaf.to_vec(), not_after_ms: verified.not_after_ms, pem })
    }
}
