//! What a node can be asked, one file a noun: each request with its kind, the leave it needs and its answer.
//!
//! | noun | file |
//! |---|---|
//! | the node and its peers | [`node`] |
//! | datasets and the catalogue | [`data`] |
//! | models | [`model`] |
//! | requests and contracts | [`contract`] |
//! | jobs | [`job`] |
//! | results | [`result`] |
//! | the trail | [`audit`] |
//!
//! A new verb is a new line in its noun's file, a handler in the node's folder of that noun, and a command.

use std::{fmt::Debug, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::action::Action;

/// What a request may take beside what it asks to wait for: a busy disk, a policy set, a long list.
const ANSWER: Duration = Duration::from_secs(60);

/// One kind of request. Unknown fields are ignored, unknown kinds refused.
pub trait Ask: Debug + Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What stands on the wire: `noun.verb`.
    const KIND: &'static str;

    /// The leave it needs; for a listing, the one asked about each entry. None for `job.run` and `job.check`, which
    /// are decided on by what the order says.
    const ACTION: Option<Action>;

    /// How long the answer may be in coming, once the request is sent. A lost connection shows sooner.
    fn patience(&self) -> Duration {
        ANSWER
    }

    /// What is answered.
    type Answer: Serialize + DeserializeOwned + Send;
}

/// A kind of request, for tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What stands on the wire.
    pub kind: &'static str,
    /// The leave it needs.
    pub action: Option<Action>,
}

/// Every kind that is known, by noun.
pub const KINDS: [&[Kind]; 7] =
    [node::KINDS, data::KINDS, model::KINDS, contract::KINDS, job::KINDS, result::KINDS, audit::KINDS];

/// The kind that stands on the wire as `kind`.
pub fn kind(kind: &str) -> Option<Kind> {
    KINDS.iter().copied().flatten().find(|known| known.kind == kind).copied()
}

/// `Name { fields } = "noun.verb", leave => Answer, within patience;`
macro_rules! asks {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $ty:ty),* $(,)? } = $kind:literal, $action:expr => $answer:ty $(, within $within:expr)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
            #[allow(missing_docs, reason = "fields are named as in the documents they carry")]
            pub struct $name { $($(#[$attr])* pub $field: $ty,)* }

            impl $crate::ask::Ask for $name {
                const KIND: &'static str = $kind;
                const ACTION: Option<$crate::action::Action> = $action;
                type Answer = $answer;
                $(fn patience(&self) -> std::time::Duration { ($within)(self) })?
            }
        )*

        /// The kinds of this noun.
        pub(super) const KINDS: &[$crate::ask::Kind] = &[
            $($crate::ask::Kind { kind: $kind, action: $action },)*
        ];
    };
}

pub mod audit;
pub mod contract;
pub mod data;
pub mod job;
pub mod model;
pub mod node;
pub mod result;

pub use audit::{AuditCheckpoint, AuditExport, AuditLs};
pub use contract::{
    ContractLs, ContractRevoke, ContractShow, RequestApprove, RequestDeny, RequestLs, RequestNew, RequestShow,
};
pub use data::{CatalogSearch, DataAdd, DataLs, DataRm, DataShow};
pub use job::{JobCheck, JobLogs, JobLs, JobRun, JobShow, JobStop, JobWhy};
pub use model::{ModelGet, ModelLs, ModelPush, ModelShow};
pub use node::{CrlGet, NodeInfo, PeerAdd, PeerLs, PeerRm};
pub use result::{ResultGet, ResultLs, ResultPreview, ResultRelease, ResultWithhold};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_there_once_as_noun_and_verb() {
        let all: Vec<&str> = KINDS.iter().copied().flatten().map(|known| known.kind).collect();
        for (i, kind) in all.iter().enumerate() {
            assert!(!all[..i].contains(kind), "{kind} is there twice");
            assert_eq!(kind.matches('.').count(), 1, "{kind}");
        }
        assert_eq!(kind("data.show").map(|known| known.action), Some(Some(Action::ReadDataset)));
        assert_eq!(kind("data.steal"), None);
    }

    #[test]
    fn every_kind_but_a_job_needs_a_leave_of_its_own_name() {
        for known in KINDS.iter().copied().flatten() {
            assert_eq!(
                known.action.is_none(),
                ["job.run", "job.check"].contains(&known.kind),
                "{}",
                known.kind
            );
        }
    }
}
