//! Connections to other nodes: made when needed, kept, and made anew when the peer went down since.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use qianmo_crypto::tls::Group;
use qianmo_proto::{ErrorCode, Identity, Request, WireError};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::client::{Allowance, Client, Credentials};

/// Connections of one node to its peers.
pub(crate) struct Links {
    credentials: ArcSwap<Credentials>,
    groups: Vec<Group>,
    open: Mutex<HashMap<Identity, Client>>,
}

impl Links {
    /// None yet; each will be made with these.
    pub(crate) fn new(credentials: Credentials, groups: Vec<Group>) -> Self {
        Self { credentials: ArcSwap::from_pointee(credentials), groups, open: Mutex::default() }
    }

    /// Dials with `credentials` from now on. Open connections stay as they are.
    pub(crate) fn renew(&self, credentials: Credentials) {
        self.credentials.store(Arc::new(credentials));
    }

    /// Asks a peer, over the connection there is or a new one.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        peer: &Identity,
        address: &str,
        request: Request,
        allowed: Allowance,
    ) -> Result<T, WireError> {
        self.exchange(peer, address, request, allowed).await.map(|(answer, _)| answer)
    }

    /// [`Self::call`] whose answer has a body.
    pub(crate) async fn exchange<T: DeserializeOwned>(
        &self,
        peer: &Identity,
        address: &str,
        request: Request,
        allowed: Allowance,
    ) -> Result<(T, Vec<u8>), WireError> {
        if let Some(link) = self.kept(peer).await {
            let answer = link.exchange_within(request.clone(), &[], allowed).await;
            if answer.is_ok() || !link.is_closed() {
                return answer;
            }
            // It went down since it was last asked, and may be up again.
        }
        self.dial(peer, address).await?.exchange_within(request, &[], allowed).await
    }

    /// Connects anew, and keeps the connection.
    pub(crate) async fn dial(&self, peer: &Identity, address: &str) -> Result<Client, WireError> {
        let address = resolve(address).await?;
        let credentials = self.credentials.load_full();
        let link = Client::connect(&credentials, peer, address, &self.groups).await?;
        self.open.lock().await.insert(peer.clone(), link.clone());
        Ok(link)
    }

    /// Lets go of a connection that gives no sign of life.
    pub(crate) async fn forget(&self, peer: &Identity) {
        if let Some(link) = self.open.lock().await.remove(peer) {
            link.hang_up();
        }
    }

    async fn kept(&self, peer: &Identity) -> Option<Client> {
        self.open.lock().await.get(peer).filter(|link| !link.is_closed()).cloned()
    }
}

/// The first address that `host:port` stands for.
pub(crate) async fn resolve(address: &str) -> Result<SocketAddr, WireError> {
    let wrong = |text: String| WireError::new(ErrorCode::BadRequest, text);
    let mut found = tokio::net::lookup_host(address)
        .await
        .map_err(|e| wrong(format!("{address:?} is not an address: {e}; write host:port")))?;
    found.next().ok_or_else(|| wrong(format!("{address:?} has no address")))
}
