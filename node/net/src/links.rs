//! Connections to other nodes: made when needed, kept, and made anew when the peer went down since.

use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use qianmo_crypto::tls::Group;
use qianmo_proto::{Ask, ErrorCode, Identity, WireError, limits};
use tokio::sync::Mutex;

use super::{
    client::{Allowance, Client},
    credentials::Credentials,
};

/// Connections of one node to its peers.
pub struct Links {
    credentials: ArcSwap<Credentials>,
    groups: Vec<Group>,
    open: Mutex<HashMap<Identity, Client>>,
}

impl Links {
    /// None yet; each will be made with these.
    pub fn new(credentials: Credentials, groups: Vec<Group>) -> Self {
        Self { credentials: ArcSwap::from_pointee(credentials), groups, open: Mutex::default() }
    }

    /// Dials with `credentials` from now on. Open connections stay as they are.
    pub fn renew(&self, credentials: Credentials) {
        self.credentials.store(Arc::new(credentials));
    }

    /// Asks a peer, over the connection there is or a new one.
    pub async fn call<A: Ask>(
        &self,
        peer: &Identity,
        address: &str,
        ask: A,
        allowed: Allowance,
    ) -> Result<A::Answer, WireError> {
        self.exchange(peer, address, ask, allowed).await.map(|(answer, _)| answer)
    }

    /// [`Self::call`] whose answer has a body.
    pub async fn exchange<A: Ask>(
        &self,
        peer: &Identity,
        address: &str,
        ask: A,
        allowed: Allowance,
    ) -> Result<(A::Answer, Vec<u8>), WireError> {
        if let Some(link) = self.kept(peer).await {
            let answer = link.exchange_within(ask.clone(), &[], allowed).await;
            if answer.is_ok() || !link.is_closed() {
                return answer.map_err(brief);
            }
            // It went down since it was last asked, and may be up again.
        }
        self.dial(peer, address).await?.exchange_within(ask, &[], allowed).await.map_err(brief)
    }

    /// Connects anew, and keeps the connection.
    pub async fn dial(&self, peer: &Identity, address: &str) -> Result<Client, WireError> {
        let address = resolve(address).await?;
        let credentials = self.credentials.load_full();
        let link = Client::connect(&credentials, peer, address, &self.groups).await?;
        self.open.lock().await.insert(peer.clone(), link.clone());
        Ok(link)
    }

    /// Lets go of a connection that gives no sign of life.
    pub async fn forget(&self, peer: &Identity) {
        if let Some(link) = self.open.lock().await.remove(peer) {
            link.hang_up();
        }
    }

    async fn kept(&self, peer: &Identity) -> Option<Client> {
        self.open.lock().await.get(peer).filter(|link| !link.is_closed()).cloned()
    }
}

/// A peer's error as it may be passed on: its words must not crowd out what other nodes say.
fn brief(mut error: WireError) -> WireError {
    error.message = cut(&error.message);
    error.message_zh = error.message_zh.as_deref().map(cut);
    error
}

fn cut(text: &str) -> String {
    text.chars().take(limits::REASON_CHARS).collect()
}

/// The first address that `host:port` stands for.
///
/// # Errors
/// It is no such text, or nobody knows the name.
pub async fn lookup(address: &str) -> io::Result<SocketAddr> {
    let mut found = tokio::net::lookup_host(address).await?;
    found.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
}

/// [`lookup`] for an address that somebody sent.
///
/// # Errors
/// [`ErrorCode::BadRequest`] with what to write.
pub async fn resolve(address: &str) -> Result<SocketAddr, WireError> {
    lookup(address).await.map_err(|e| {
        let text = format!("{address:?} is not an address: {e}; write host:port");
        WireError::new(ErrorCode::BadRequest, text)
    })
}
