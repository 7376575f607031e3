//! Other nodes: the list that the admin keeps.

use std::time::Duration;

use qianmo_proto::{
    ErrorCode, Identity, Role, WireError,
    ask::{NodeInfo, PeerAdd, PeerLs, PeerRm},
    limits,
    views::{Done, NodeView, PeerAdded, PeerView},
};

use crate::{
    auth::Peer,
    net::{client::Allowance, links::resolve},
    rooms::{Books, Door, Gate},
    serve::verb::{Here, Leave, Told, Verb},
    store::facts::Fact,
    trust,
};

impl Verb for NodeInfo {
    type Rooms = (Books, Gate, Door);
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, (books, gate, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let peer = leave.peer();
        Ok(NodeView {
            node: gate.config.identity.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            trail_size: books.trail.size(),
            group: peer.group.clone(),
            suite: peer.suite.clone(),
            policies: gate.policies.digest(),
            caller: peer.identity().clone(),
            certificate_ends_ms: Some(door.certificate.load().not_after_ms),
            lists: trust::lists(&door),
        }
        .into())
    }
}

/// The peer is known from now on, whether or not it answers already.
impl Verb for PeerAdd {
    type Rooms = (Books, Door);
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, (books, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Self { node: other, address } = self;
        if other.role() != Role::Node || other == door.config.identity {
            let text = format!("{other} is not another node: write qianmo://<department>/node/<name>");
            return Err(WireError::new(ErrorCode::BadRequest, text));
        }
        resolve(&address).await?;
        let fact = Fact::PeerAdded { node: other.clone(), address: address.clone() };
        books.trail.record(leave.peer(), fact).await?;
        let error = try_out(&books, &door, &other, &address).await;
        Ok(PeerAdded { peer: PeerView { node: other, address }, error }.into())
    }
}

/// What keeps `other` from answering at `address`, if anything does.
async fn try_out(books: &Books, door: &Door, other: &Identity, address: &str) -> Option<WireError> {
    let limit = door.config.limits.search;
    // A connection to where it was before proves nothing.
    door.links.forget(other).await;
    let allowed = Allowance { patience: limit, bytes: limits::HEADER_BYTES, body: 0 };
    let asked = door.links.call(other, address, NodeInfo {}, allowed);
    let answer = match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer.map(drop),
        Err(_) => Err(silent(other, address, limit)),
    };
    door.breakers.note(other, answer.as_ref().err(), books.now_ms());
    answer.err()
}

/// The error of a peer that has said nothing in time.
pub(crate) fn silent(peer: &Identity, address: &str, limit: Duration) -> WireError {
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

impl Verb for PeerLs {
    type Rooms = Books;
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, books: Books, _: Leave<Self>) -> Told<Self> {
        let view =
            |(node, address): (&Identity, &String)| PeerView { node: node.clone(), address: address.clone() };
        let peers: Vec<_> = books.state().peers.iter().map(view).collect();
        Ok(peers.into())
    }
}

impl Verb for PeerRm {
    type Rooms = Books;
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        let Self { node: other } = self;
        if !books.state().peers.contains_key(&other) {
            return Err(WireError::new(ErrorCode::NotFound, format!("{other} is not a peer of this node")));
        }
        books.trail.record(leave.peer(), Fact::PeerRemoved { node: other }).await?;
        Ok(Done {}.into())
    }
}
