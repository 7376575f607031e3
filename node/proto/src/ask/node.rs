//! The node itself and the nodes it knows.

use crate::{
    action::Action,
    identity::Identity,
    views::{Done, ListView, NodeView, PeerAdded, PeerView},
};

asks! {
    /// Who the node is and how it does.
    NodeInfo {} = "node.info", Some(Action::ReadNode) => NodeView;
    /// The lists of revoked certificates that the caller lacks, who has those of the CAs and with the decimal numbers
    /// in `have`; in the body, PEM.
    CrlGet { have: Vec<(String, String)> } = "crl.get", Some(Action::ReadNode) => Vec<ListView>;
    /// Makes another node known (admin).
    PeerAdd { node: Identity, #[serde(deserialize_with = "crate::texts::address")] address: String } = "peer.add", Some(Action::AddPeer) => PeerAdded;
    /// The nodes known here.
    PeerLs {} = "peer.ls", Some(Action::ListPeers) => Vec<PeerView>;
    /// Forgets a node (admin).
    PeerRm { node: Identity } = "peer.rm", Some(Action::RemovePeer) => Done;
}
