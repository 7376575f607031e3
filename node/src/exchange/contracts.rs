//! Contracts in force, used up, or ended.

use qianmo_policies::{Governance, Target};
use qianmo_proto::{
    ContractId, DatasetMeta, ErrorCode, Terms, WireError, limits,
    views::{ContractState, ContractView},
};

use crate::{
    auth::Peer,
    authorize,
    node::Shared,
    store::{
        facts::Fact,
        state::{Contract, Standing},
    },
};

/// `contract.ls`
pub(crate) fn list(node: &Shared, peer: &Peer) -> Result<Vec<ContractView>, WireError> {
    let all: Vec<_> = node.state().contracts.iter().map(|(id, c)| (id.clone(), c.clone())).collect();
    let seen = all
        .into_iter()
        .filter(|(id, contract)| may(node, peer, Governance::ReadContract, id, contract).is_ok());
    Ok(seen.map(|(id, contract)| view_of(node, id, contract)).collect())
}

/// `contract.show`
pub(crate) fn show(node: &Shared, peer: &Peer, id: &ContractId) -> Result<ContractView, WireError> {
    let contract = find(node, id)?;
    may(node, peer, Governance::ReadContract, id, &contract).map_err(|_| unknown(id))?;
    Ok(view_of(node, id.clone(), contract))
}

/// `contract.revoke`: on the trail first, then its running jobs are stopped.
pub(crate) async fn revoke(
    node: &Shared,
    peer: &Peer,
    id: ContractId,
    reason: String,
) -> Result<ContractView, WireError> {
    check_reason(&reason)?;
    let contract = find(node, &id)?;
    may(node, peer, Governance::RevokeContract, &id, &contract)?;
    if contract.revoked.is_some() {
        return Err(WireError::new(ErrorCode::Conflict, format!("{id} is already revoked")));
    }
    node.trail.record(peer, Fact::ContractRevoked { id: id.clone(), reason }).await?;
    node.jobs.stop_contract(&id);
    view(node, &id)
}

/// The listed dataset that terms speak of; must be this department's.
pub(crate) fn dataset_of(node: &Shared, terms: &Terms) -> Result<DatasetMeta, WireError> {
    let own = terms.dataset.department == *node.config.identity.department();
    let state = node.state();
    let found = own.then(|| state.datasets.get(&terms.dataset.dataset)).flatten();
    found.map(|dataset| dataset.meta.clone()).ok_or_else(|| {
        let text = format!("{} is not listed on this node; see `qianmo catalog search`", terms.dataset);
        WireError::new(ErrorCode::NotFound, text)
    })
}

/// A reason is kept for good, so there must be one, of bounded length.
pub(crate) fn check_reason(reason: &str) -> Result<(), WireError> {
    if reason.trim().is_empty() || reason.chars().count() > limits::TEXT_CHARS {
        let text = "say why, in 1 to 1,000 characters (--reason); it goes on the trail";
        return Err(WireError::new(ErrorCode::BadRequest, text));
    }
    Ok(())
}

pub(crate) fn view(node: &Shared, id: &ContractId) -> Result<ContractView, WireError> {
    find(node, id).map(|contract| view_of(node, id.clone(), contract))
}

fn find(node: &Shared, id: &ContractId) -> Result<Contract, WireError> {
    node.state().contracts.get(id).cloned().ok_or_else(|| unknown(id))
}

fn may(
    node: &Shared,
    peer: &Peer,
    action: Governance,
    id: &ContractId,
    contract: &Contract,
) -> Result<(), WireError> {
    let department = &contract.terms.dataset.department;
    authorize::may(node, peer, action, Target::Contract { id, department, consumer: &contract.consumer })
}

fn view_of(node: &Shared, id: ContractId, contract: Contract) -> ContractView {
    let runs_used = contract.runs_used();
    let reason = match contract.state(node.now_ms()) {
        Standing::InForce => None,
        Standing::Revoked => contract.revoked.clone(),
        Standing::Expired => Some("expired".to_owned()),
        Standing::Spent => Some("all runs are spent".to_owned()),
    };
    ContractView {
        id,
        consumer: contract.consumer,
        steward: contract.steward,
        state: if reason.is_some() { ContractState::Terminated } else { ContractState::Finalized },
        terms: contract.terms,
        runs_used,
        reason,
        at_ms: contract.at_ms,
    }
}

fn unknown(id: &ContractId) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("no contract {id} that you may see; try `qianmo contract ls`"),
    )
}
