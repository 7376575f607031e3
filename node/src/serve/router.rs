//! From a request's kind to its handler: one line a verb. Leave is asked in `verb.rs`, once for all of them.

use qianmo_net::{
    peer::Peer,
    server::{Answer, Body, Service},
};
use qianmo_proto::{Ask, ErrorCode, RequestHeader, WireError, ask};

use super::verb::{Answering, Verb, answer};
use crate::rooms::House;

impl Service for House {
    async fn answer(&self, peer: &Peer, request: RequestHeader, body: Body<'_>) -> Result<Answer, WireError> {
        let verb = VERBS.iter().find(|(kind, _)| *kind == request.kind).ok_or_else(|| {
            WireError::new(ErrorCode::UnknownKind, format!("this node has no handler for {}", request.kind))
        })?;
        (verb.1)(self, peer, &request, body).await
    }
}

/// Answers the requests of one kind.
type Serve = for<'a> fn(&'a House, &'a Peer, &'a RequestHeader, Body<'a>) -> Answering<'a>;

/// Every verb of the node.
const VERBS: &[(&str, Serve)] = &[
    verb::<ask::NodeInfo>(),
    verb::<ask::CrlGet>(),
    verb::<ask::PeerAdd>(),
    verb::<ask::PeerLs>(),
    verb::<ask::PeerRm>(),
    verb::<ask::DataAdd>(),
    verb::<ask::DataLs>(),
    verb::<ask::DataShow>(),
    verb::<ask::DataRm>(),
    verb::<ask::CatalogSearch>(),
    verb::<ask::ModelPush>(),
    verb::<ask::ModelLs>(),
    verb::<ask::ModelShow>(),
    verb::<ask::ModelGet>(),
    verb::<ask::RequestNew>(),
    verb::<ask::RequestLs>(),
    verb::<ask::RequestShow>(),
    verb::<ask::RequestApprove>(),
    verb::<ask::RequestDeny>(),
    verb::<ask::ContractLs>(),
    verb::<ask::ContractShow>(),
    verb::<ask::ContractRevoke>(),
    verb::<ask::JobRun>(),
    verb::<ask::JobCheck>(),
    verb::<ask::JobLs>(),
    verb::<ask::JobShow>(),
    verb::<ask::JobWhy>(),
    verb::<ask::JobLogs>(),
    verb::<ask::JobStop>(),
    verb::<ask::ResultLs>(),
    verb::<ask::ResultGet>(),
    verb::<ask::ResultPreview>(),
    verb::<ask::ResultRelease>(),
    verb::<ask::ResultWithhold>(),
    verb::<ask::AuditLs>(),
    verb::<ask::AuditExport>(),
    verb::<ask::AuditCheckpoint>(),
];

const fn verb<V: Verb>() -> (&'static str, Serve) {
    (<V as Ask>::KIND, answer::<V>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_handler() {
        let known: Vec<&str> = ask::KINDS.iter().copied().flatten().map(|known| known.kind).collect();
        let served: Vec<&str> = VERBS.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(served, known, "in the order of qianmo_proto::ask");
    }
}
