//! Requests for contracts: asked by a consumer's signature, answered by a steward's.

use qianmo_policies::{Governance, Target};
use qianmo_proto::{
    Approval, ContractId, ErrorCode, Id as _, RequestId, Signed, Terms, WireError, limits,
    views::{ContractState, ContractView, RequestView},
};

use super::{contracts, models::encode};
use crate::{
    auth::{self, Opened, Peer},
    authorize,
    node::Shared,
    store::{facts::Fact, state::ContractRequest},
};

/// `request.new`
pub(crate) async fn new(
    node: &Shared,
    peer: &Peer,
    document: Signed<Terms>,
) -> Result<RequestView, WireError> {
    let opened = auth::open(&document, peer, &node.trust, node.now_ms())?;
    check_terms(node, &opened.value)?;
    let meta = contracts::dataset_of(node, &opened.value)?;
    let target = Target::Terms { dataset: &meta, consumer: &opened.signer.identity, terms: &opened.value };
    authorize::may(node, peer, Governance::RequestContract, target)?;
    let id = RequestId::of(&opened.digest);
    if node.state().requests.contains_key(&id) {
        return view(node, &id); // the same terms again: one request
    }
    let document = node
        .blobs
        .put(&encode(&document)?)
        .map_err(|e| WireError::new(ErrorCode::TrailUnavailable, e.to_string()))?;
    let Opened { value: terms, digest: terms_digest, .. } = opened;
    let fact = Fact::ContractRequested { id: id.clone(), terms, terms_digest, document };
    node.trail.record(peer, fact).await?;
    view(node, &id)
}

/// What no policy should have to say: the terms hold together.
fn check_terms(node: &Shared, terms: &Terms) -> Result<(), WireError> {
    let mut mistakes = Vec::new();
    let mut check = |broken: bool, text: &str| {
        if broken {
            mistakes.push(text.to_owned());
        }
    };
    check(terms.v != 1, "this node reads terms of version 1");
    check(terms.fields.is_empty(), "name at least one field");
    check(terms.fields.len() > limits::FIELDS, "too many fields");
    check(terms.models.is_empty(), "name at least one model");
    check(terms.models.len() > 16, "name at most 16 models");
    check(!(1..=limits::RUNS).contains(&terms.runs), "ask for 1 to 10,000 runs");
    check(terms.rounds > limits::ROUNDS, "a run may take 10,000 rounds at most");
    check(terms.output.min_cell > limits::MIN_CELL, "a least cell of more than 1,000,000 lets nothing out");
    check(terms.output.kinds.is_empty(), "name at least one kind of output");
    check(terms.until_ms <= node.now_ms(), "the end of use is in the past");
    let latest_ms = node.now_ms().saturating_add(limits::UNTIL_DAYS * 86_400_000);
    check(terms.until_ms > latest_ms, "the end of use is more than five years away");
    check(terms.purpose.trim().is_empty(), "say the purpose");
    check(terms.basis.trim().is_empty(), "say the legal basis");
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(WireError::new(ErrorCode::BadRequest, format!("the terms cannot be taken: {}", mistakes.join("; "))))
}

/// `request.ls`
pub(crate) fn list(node: &Shared, peer: &Peer) -> Result<Vec<RequestView>, WireError> {
    let all: Vec<_> = node.state().requests.iter().map(|(id, r)| (id.clone(), r.clone())).collect();
    let seen = all.into_iter().filter(|(id, request)| may_see(node, peer, id, request).is_ok());
    Ok(seen.map(|(id, request)| view_of(id, request)).collect())
}

/// `request.show`
pub(crate) fn show(node: &Shared, peer: &Peer, id: &RequestId) -> Result<RequestView, WireError> {
    let request = find(node, id)?;
    // Whose request it is stays unsaid to those who may not see it.
    may_see(node, peer, id, &request).map_err(|_| unknown(id))?;
    Ok(view_of(id.clone(), request))
}

/// `request.approve`: the steward signs the digest of the consumer's signed terms; the terms are decided on
/// once more, and the contract is in force.
pub(crate) async fn approve(
    node: &Shared,
    peer: &Peer,
    document: Signed<Approval>,
) -> Result<ContractView, WireError> {
    let opened = auth::open(&document, peer, &node.trust, node.now_ms())?;
    let Approval { v, request: id, terms, .. } = opened.value;
    if v != 1 {
        let text = format!("approval version {v} is not known here; this node reads version 1");
        return Err(WireError::new(ErrorCode::UnknownVersion, text));
    }
    let request = find(node, &id)?;
    let meta = contracts::dataset_of(node, &request.terms)?;
    let target = Target::Terms { dataset: &meta, consumer: &request.consumer, terms: &request.terms };
    authorize::may(node, peer, Governance::ApproveContract, target)?;
    if terms != request.terms_digest {
        let text = "the approval names other terms than this request's; read it again and sign anew";
        return Err(WireError::new(ErrorCode::Signature, text));
    }
    let document = node
        .blobs
        .put(&encode(&document)?)
        .map_err(|e| WireError::new(ErrorCode::TrailUnavailable, e.to_string()))?;
    let contract = ContractId::from_request(&id);
    let _turn = node.answers.lock().await; // two stewards at once: one answer
    waiting(&find(node, &id)?, &id)?;
    let steward = peer.identity().clone();
    let fact = Fact::ContractFinalized { request: id, contract: contract.clone(), steward, document };
    node.trail.record(peer, fact).await?;
    contracts::view(node, &contract)
}

/// `request.deny`
pub(crate) async fn deny(
    node: &Shared,
    peer: &Peer,
    id: RequestId,
    reason: String,
) -> Result<RequestView, WireError> {
    contracts::check_reason(&reason)?;
    let request = find(node, &id)?;
    let contract = ContractId::from_request(&id);
    let target = Target::Contract {
        id: &contract,
        department: &request.terms.dataset.department,
        consumer: &request.consumer,
    };
    authorize::may(node, peer, Governance::DenyContract, target)?;
    let _turn = node.answers.lock().await;
    waiting(&find(node, &id)?, &id)?;
    node.trail.record(peer, Fact::RequestDenied { id: id.clone(), reason }).await?;
    view(node, &id)
}

fn waiting(request: &ContractRequest, id: &RequestId) -> Result<(), WireError> {
    if request.state == ContractState::Requested {
        return Ok(());
    }
    let text = format!("{id} is already {}; nothing was changed", request.state.as_str());
    Err(WireError::new(ErrorCode::Conflict, text))
}

fn may_see(node: &Shared, peer: &Peer, id: &RequestId, request: &ContractRequest) -> Result<(), WireError> {
    let contract = ContractId::from_request(id);
    let target = Target::Contract {
        id: &contract,
        department: &request.terms.dataset.department,
        consumer: &request.consumer,
    };
    authorize::may(node, peer, Governance::ReadContract, target)
}

fn find(node: &Shared, id: &RequestId) -> Result<ContractRequest, WireError> {
    node.state().requests.get(id).cloned().ok_or_else(|| unknown(id))
}

fn view(node: &Shared, id: &RequestId) -> Result<RequestView, WireError> {
    find(node, id).map(|request| view_of(id.clone(), request))
}

fn view_of(id: RequestId, request: ContractRequest) -> RequestView {
    let ContractRequest { consumer, terms, terms_digest, state, reason, at_ms } = request;
    RequestView { id, consumer, terms, terms_digest, state, reason, at_ms }
}

fn unknown(id: &RequestId) -> WireError {
    WireError::new(ErrorCode::NotFound, format!("no request {id} that you may see; try `qianmo request ls`"))
}
