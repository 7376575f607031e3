//! Other nodes: the list that the admin keeps, and the connections to them, made when needed and kept.

use std::{
    collections::HashMap,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
};

use qianmo_policies::Governance;
use qianmo_proto::{
    ErrorCode, Identity, Request, Role, WireError,
    views::{Done, NodeView, PeerView},
};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::{auth::Peer, authorize, net::client::Client, node::Shared, store::facts::Fact};

/// Connections to peers.
#[derive(Clone, Default)]
pub(crate) struct Links(Arc<Mutex<HashMap<Identity, Client>>>);

impl Links {
    /// Asks a peer, over the connection there is or a new one.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        node: &Shared,
        peer: &Identity,
        address: &str,
        request: Request,
    ) -> Result<T, WireError> {
        let known = self.0.lock().await.get(peer).filter(|link| !link.is_closed()).cloned();
        let link = match known {
            Some(link) => link,
            None => {
                let address = resolve(address)?;
                let link = Client::connect(&node.credentials, peer, address, &node.config.groups).await?;
                self.0.lock().await.insert(peer.clone(), link.clone());
                link
            }
        };
        link.call(request).await
    }
}

/// The first address that `host:port` stands for.
pub(crate) fn resolve(address: &str) -> Result<SocketAddr, WireError> {
    let wrong = |text: String| WireError::new(ErrorCode::BadRequest, text);
    let mut found = address
        .to_socket_addrs()
        .map_err(|e| wrong(format!("{address:?} is not an address: {e}; write host:port")))?;
    found.next().ok_or_else(|| wrong(format!("{address:?} has no address")))
}

/// `node.info`
pub(crate) fn info(node: &Shared, peer: &Peer) -> Result<NodeView, WireError> {
    authorize::may_here(node, peer, Governance::ReadNode)?;
    Ok(NodeView {
        node: node.config.identity.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        trail_size: node.trail.size(),
        group: peer.group.clone(),
        suite: peer.suite.clone(),
        policies: node.policies.digest(),
        caller: peer.identity().clone(),
    })
}

/// `peer.add`
pub(crate) async fn add(
    node: &Shared,
    peer: &Peer,
    other: Identity,
    address: String,
) -> Result<PeerView, WireError> {
    authorize::may_here(node, peer, Governance::AddPeer)?;
    if other.role() != Role::Node || other == node.config.identity {
        let text = format!("{other} is not another node: write qianmo://<department>/node/<name>");
        return Err(WireError::new(ErrorCode::BadRequest, text));
    }
    resolve(&address)?;
    node.trail.record(peer, Fact::PeerAdded { node: other.clone(), address: address.clone() }).await?;
    Ok(PeerView { node: other, address })
}

/// `peer.ls`
pub(crate) fn list(node: &Shared, peer: &Peer) -> Result<Vec<PeerView>, WireError> {
    authorize::may_here(node, peer, Governance::ListPeers)?;
    let view =
        |(node, address): (&Identity, &String)| PeerView { node: node.clone(), address: address.clone() };
    Ok(node.state().peers.iter().map(view).collect())
}

/// `peer.rm`
pub(crate) async fn remove(node: &Shared, peer: &Peer, other: Identity) -> Result<Done, WireError> {
    authorize::may_here(node, peer, Governance::RemovePeer)?;
    if !node.state().peers.contains_key(&other) {
        return Err(WireError::new(ErrorCode::NotFound, format!("{other} is not a peer of this node")));
    }
    node.trail.record(peer, Fact::PeerRemoved { node: other }).await?;
    Ok(Done {})
}
