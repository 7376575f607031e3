//! Requests for contracts, and the contracts they become.

use crate::{
    action::Action,
    contract::{Approval, Terms},
    ids::{ContractId, RequestId},
    page::{Lookup, Page},
    signed::Signed,
    views::{ContractView, RequestView},
};

asks! {
    /// Asks for a contract (consumer).
    RequestNew { terms: Signed<Terms> } = "request.new", Some(Action::RequestContract) => RequestView;
    /// The requests the caller may see.
    RequestLs { #[serde(default)] lookup: Lookup } = "request.ls", Some(Action::ReadContract) => Page<RequestView>;
    /// One request with its terms.
    RequestShow { id: RequestId } = "request.show", Some(Action::ReadContract) => RequestView;
    /// Signs a request's terms for the provider (steward).
    RequestApprove { approval: Signed<Approval> } = "request.approve", Some(Action::ApproveContract) => ContractView;
    /// Refuses a request (steward).
    RequestDeny { id: RequestId, #[serde(deserialize_with = "crate::texts::reason")] reason: String } = "request.deny", Some(Action::DenyContract) => RequestView;
    /// The contracts the caller may see.
    ContractLs { #[serde(default)] lookup: Lookup } = "contract.ls", Some(Action::ReadContract) => Page<ContractView>;
    /// One contract with what is left of it.
    ContractShow { id: ContractId } = "contract.show", Some(Action::ReadContract) => ContractView;
    /// Ends a contract and stops its jobs (steward, or its consumer).
    ContractRevoke { id: ContractId, #[serde(deserialize_with = "crate::texts::reason")] reason: String } =
        "contract.revoke", Some(Action::RevokeContract) => ContractView;
}
