//! From a request to its answer: one arm a kind. What each arm calls asks for leave first.

use qianmo_proto::{Reply, Request, WireError, limits};
use quinn::RecvStream;
use serde::Serialize;

use crate::{
    auth::Peer,
    catalog::{listing, search},
    exchange::{contracts, models, requests},
    job::serve as jobs,
    net::{frame, peers},
    node::Shared,
    trail::read,
    trust,
};

/// A reply header and its body.
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn with_body<T: Serialize>(value: &T, body: Vec<u8>) -> Self {
        Self { reply: Reply::ok(value, body.len() as u64), body }
    }
}

fn ok<T: Serialize>(value: T) -> Answer {
    Answer::with_body(&value, vec![])
}

/// Answers one request of `peer`.
pub(crate) async fn answer(
    node: &Shared,
    peer: &Peer,
    request: Request,
    body_length: u64,
    recv: &mut RecvStream,
) -> Result<Answer, WireError> {
    let body = match &request {
        Request::ModelPush { .. } => body(node, body_length, recv).await?,
        _ => frame::read_body(recv, body_length, 0, node.config.limits.stall).await?,
    };
    Ok(match request {
        Request::NodeInfo {} => ok(peers::info(node, peer)?),
        Request::CrlGet { have } => {
            let (lists, pem) = trust::newer(node, peer, &have)?;
            Answer::with_body(&lists, pem.into_bytes())
        }
        Request::PeerAdd { node: other, address } => ok(peers::add(node, peer, other, address).await?),
        Request::PeerLs {} => ok(peers::list(node, peer)?),
        Request::PeerRm { node: other } => ok(peers::remove(node, peer, other).await?),
        Request::DataAdd { descriptor } => ok(listing::add(node, peer, descriptor).await?),
        Request::DataLs {} => ok(listing::list(node, peer)?),
        Request::DataShow { name } => ok(listing::show(node, peer, &name)?),
        Request::DataRm { name } => ok(listing::remove(node, peer, name).await?),
        Request::CatalogSearch { query, federated, question } => {
            ok(search::search(node, peer, &query, federated, question).await?)
        }
        Request::ModelPush { manifest } => ok(models::push(node, peer, manifest, body).await?),
        Request::ModelLs {} => ok(models::list(node, peer)?),
        Request::RequestNew { terms } => ok(requests::new(node, peer, terms).await?),
        Request::RequestLs {} => ok(requests::list(node, peer)?),
        Request::RequestShow { id } => ok(requests::show(node, peer, &id)?),
        Request::RequestApprove { approval } => ok(requests::approve(node, peer, approval).await?),
        Request::RequestDeny { id, reason } => ok(requests::deny(node, peer, id, reason).await?),
        Request::ContractLs {} => ok(contracts::list(node, peer)?),
        Request::ContractShow { id } => ok(contracts::show(node, peer, &id)?),
        Request::ContractRevoke { id, reason } => ok(contracts::revoke(node, peer, id, reason).await?),
        Request::JobRun { order, wait_ms } => ok(jobs::run(node, peer, order, wait_ms).await?),
        Request::JobLs {} => ok(jobs::list(node, peer)?),
        Request::JobShow { id, wait_ms } => ok(jobs::show(node, peer, &id, wait_ms).await?),
        Request::JobWhy { id } => ok(jobs::why(node, peer, &id)?),
        Request::JobLogs { id } => ok(jobs::logs(node, peer, &id)?),
        Request::JobStop { id } => ok(jobs::stop(node, peer, &id).await?),
        Request::ResultLs { held } => ok(jobs::results(node, peer, held)?),
        Request::ResultGet { id } => {
            let (receipt, bytes) = jobs::get(node, peer, &id)?;
            Answer::with_body(&receipt, bytes)
        }
        Request::ResultRelease { id, reason } => ok(jobs::release(node, peer, id, reason).await?),
        Request::ResultWithhold { id, reason } => ok(jobs::withhold(node, peer, id, reason).await?),
        Request::AuditLs { from, limit } => ok(read::page(node, peer, from, limit).await?),
        Request::AuditExport { from, limit } => {
            let (view, bytes) = read::export(node, peer, from, limit).await?;
            Answer::with_body(&view, bytes)
        }
        Request::AuditCheckpoint {} => ok(read::checkpoint(node, peer).await?),
    })
}

/// A model's bytes. Few at once: each may be 32 MiB.
async fn body(node: &Shared, length: u64, recv: &mut RecvStream) -> Result<Vec<u8>, WireError> {
    let _place =
        node.uploads.acquire().await.map_err(|_| {
            WireError::new(qianmo_proto::ErrorCode::ShuttingDown, "the node is shutting down")
        })?;
    frame::read_body(recv, length, limits::BODY_BYTES, node.config.limits.stall).await
}
