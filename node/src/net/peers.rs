//! Other nodes: the list that the admin keeps.

use qianmo_policies::Governance;
use qianmo_proto::{
    ErrorCode, Identity, Request, Role, WireError, limits,
    views::{Done, NodeView, PeerAdded, PeerView},
};

use super::{client::Allowance, links::resolve};
use crate::{auth::Peer, authorize, node::Shared, store::facts::Fact, trust};

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
        certificate_ends_ms: Some(node.certificate.load().not_after_ms),
        lists: trust::lists(node),
    })
}

/// `peer.add`: the peer is known from now on, whether or not it answers already.
pub(crate) async fn add(
    node: &Shared,
    peer: &Peer,
    other: Identity,
    address: String,
) -> Result<PeerAdded, WireError> {
    authorize::may_here(node, peer, Governance::AddPeer)?;
    if other.role() != Role::Node || other == node.config.identity {
        let text = format!("{other} is not another node: write qianmo://<department>/node/<name>");
        return Err(WireError::new(ErrorCode::BadRequest, text));
    }
    resolve(&address).await?;
    node.trail.record(peer, Fact::PeerAdded { node: other.clone(), address: address.clone() }).await?;
    let error = try_out(node, &other, &address).await;
    Ok(PeerAdded { peer: PeerView { node: other, address }, error })
}

/// What keeps `other` from answering at `address`, if anything does.
async fn try_out(node: &Shared, other: &Identity, address: &str) -> Option<WireError> {
    let limit = node.config.limits.search;
    // A connection to where it was before proves nothing.
    node.links.forget(other).await;
    let allowed = Allowance { patience: limit, bytes: limits::HEADER_BYTES };
    let asked = node.links.call::<NodeView>(other, address, Request::NodeInfo {}, allowed);
    let answer = match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer.map(drop),
        Err(_) => Err(silent(other, address, limit)),
    };
    node.breakers.note(other, answer.as_ref().err(), node.now_ms());
    answer.err()
}

/// The error of a peer that has said nothing in time.
pub(crate) fn silent(peer: &Identity, address: &str, limit: std::time::Duration) -> WireError {
    let en = format!(
        "{peer} at {address} gave no answer within {limit:?}; is it running (qianmo serve), is the address right, and \
         do the firewalls on the way let its UDP port through?"
    );
    let zh = format!(
        "{address} 上的 {peer} 在 {limit:?} 内未应答；请确认该节点正在运行（qianmo serve）、地址无误，\
         且途经的防火墙放行其 UDP 端口"
    );
    WireError::new(ErrorCode::PeerUnreachable, en).with_zh(zh)
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
