//! A member of the federation: a folder with key, certificate, root and list of revoked certificates.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use qianmo_certs::{Trust, TrustStore, chain_from_pem};
use qianmo_crypto::tls::Group;
use qianmo_net::{client::Client, clock::SystemClock, credentials::Credentials, keys::load_soft};
use qianmo_proto::{Document, Identity, Signed, WireError};

use crate::terminal::Terminal;

/// A person who can type commands, connect and sign.
#[derive(Debug, Clone)]
pub struct Person {
    terminal: Terminal,
    dir: PathBuf,
    identity: Identity,
}

impl Person {
    /// The person whose files are in `dir`.
    pub const fn new(terminal: Terminal, dir: PathBuf, identity: Identity) -> Self {
        Self { terminal, dir, identity }
    }

    /// The person's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Who it is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The person's terminal: its own Qianmo home.
    pub const fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// What the client library dials with. Unlike the commands it does not judge the person's own certificate:
    /// that is left to the node.
    ///
    /// # Panics
    /// If a file is missing.
    pub fn credentials(&self) -> Credentials {
        let read = |name: &str| fs::read_to_string(self.dir.join(name)).unwrap();
        let trust = TrustStore::load(&read("root.crt"), Some(&read("crl.pem")), 0).unwrap();
        Credentials {
            keys: load_soft(&self.dir.join("id.key"), None, None).unwrap(),
            certificate_pem: read("id.crt"),
            trust: Arc::new(Trust::new(trust)),
            clock: Arc::new(SystemClock),
        }
    }

    /// Connects to `node` at `address`.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect(&self, node: &Identity, address: SocketAddr) -> Result<Client, WireError> {
        let groups = [Group::CurveSm2MlKem768, Group::CurveSm2];
        Client::connect(&self.credentials(), node, address, &groups).await
    }

    /// Signs a document.
    ///
    /// # Panics
    /// If key or certificate cannot be read.
    pub fn sign<T: Document>(&self, document: &T) -> Signed<T> {
        let Credentials { keys, certificate_pem, .. } = self.credentials();
        let chain = chain_from_pem(&certificate_pem).unwrap();
        Signed::sign(document, &chain[0], keys.as_ref()).unwrap()
    }
}
