//! Everything but running a job: who may do what to a node, its datasets, contracts, jobs and trail.

use std::{fmt, str::FromStr};

use cedar_policy::{Entities, Entity, EntityUid};
use qianmo_proto::{ContractId, DatasetMeta, Identity, JobId, Name, Request, Terms};

use crate::facts::{Question, Record, Unusable, Words};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)*) => {
        /// What somebody wants to do. The doc of each says on what kind of [`Target`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Governance { $($(#[$doc])* $variant,)* }

        impl Governance {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word used in policies and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

actions! {
    /// See who a node is and how it does (node).
    ReadNode = "readNode";
    /// See a node's peers (node).
    ListPeers = "listPeers";
    /// Make a peer known (node).
    AddPeer = "addPeer";
    /// Forget a peer (node).
    RemovePeer = "removePeer";
    /// Search the catalogue (node); each entry found also needs [`Governance::ReadDataset`].
    SearchCatalog = "searchCatalog";
    /// See a catalogue entry (dataset).
    ReadDataset = "readDataset";
    /// List a dataset (dataset).
    ListDataset = "listDataset";
    /// Take a dataset off the list (dataset).
    UnlistDataset = "unlistDataset";
    /// Bring a model (node).
    PushModel = "pushModel";
    /// See the models known (node).
    ListModels = "listModels";
    /// Ask for a contract (terms).
    RequestContract = "requestContract";
    /// Sign a request's terms for the provider (terms).
    ApproveContract = "approveContract";
    /// Refuse a request (contract).
    DenyContract = "denyContract";
    /// See a request or contract (contract).
    ReadContract = "readContract";
    /// End a contract (contract).
    RevokeContract = "revokeContract";
    /// See a job and why it was decided so (job).
    ReadJob = "readJob";
    /// See what the model logged (job).
    ReadLogs = "readLogs";
    /// Stop a job (job).
    StopJob = "stopJob";
    /// See a job's result (job).
    FetchResult = "fetchResult";
    /// Let a held result go (job).
    ReleaseResult = "releaseResult";
    /// Keep a held result back for good (job).
    WithholdResult = "withholdResult";
    /// Read trail entries (node).
    ReadTrail = "readTrail";
    /// See the trail's signed head (node).
    ReadCheckpoint = "readCheckpoint";
}

impl Governance {
    /// The action that `request` needs; for a listing, the one asked about each entry. None for
    /// `job.run`, which [`crate::PolicySet::decide_job`] decides.
    pub const fn of(request: &Request) -> Option<Self> {
        Some(match request {
            Request::NodeInfo {} | Request::CrlGet { .. } => Self::ReadNode,
            Request::PeerAdd { .. } => Self::AddPeer,
            Request::PeerLs {} => Self::ListPeers,
            Request::PeerRm { .. } => Self::RemovePeer,
            Request::DataAdd { .. } => Self::ListDataset,
            Request::DataLs {} | Request::CatalogSearch { .. } => Self::SearchCatalog,
            Request::DataShow { .. } => Self::ReadDataset,
            Request::DataRm { .. } => Self::UnlistDataset,
            Request::ModelPush { .. } => Self::PushModel,
            Request::ModelLs {} => Self::ListModels,
            Request::RequestNew { .. } => Self::RequestContract,
            Request::RequestApprove { .. } => Self::ApproveContract,
            Request::RequestDeny { .. } => Self::DenyContract,
            Request::RequestLs {}
            | Request::RequestShow { .. }
            | Request::ContractLs {}
            | Request::ContractShow { .. } => Self::ReadContract,
            Request::ContractRevoke { .. } => Self::RevokeContract,
            Request::JobRun { .. } => return None,
            Request::JobLs {} | Request::JobShow { .. } | Request::JobWhy { .. } => Self::ReadJob,
            Request::JobLogs { .. } => Self::ReadLogs,
            Request::JobStop { .. } => Self::StopJob,
            Request::ResultLs { .. } | Request::ResultGet { .. } => Self::FetchResult,
            Request::ResultRelease { .. } => Self::ReleaseResult,
            Request::ResultWithhold { .. } => Self::WithholdResult,
            Request::AuditLs { .. } | Request::AuditExport { .. } => Self::ReadTrail,
            Request::AuditCheckpoint {} => Self::ReadCheckpoint,
        })
    }
}

impl fmt::Display for Governance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no action of governance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an action of the policy schema")]
pub struct UnknownAction(String);

impl FromStr for Governance {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let found = Self::ALL.iter().copied().find(|action| action.as_str() == text);
        found.ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// What something is to be done to. An action on the wrong kind of target is a deny.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// The node of a department.
    Node {
        /// The department whose node is asked.
        department: &'a Name,
    },
    /// A dataset, listed or about to be.
    Dataset(&'a DatasetMeta),
    /// The terms of a contract asked for.
    Terms {
        /// The dataset asked for.
        dataset: &'a DatasetMeta,
        /// Who signed the terms.
        consumer: &'a Identity,
        /// The terms.
        terms: &'a Terms,
    },
    /// A request or contract.
    Contract {
        /// Its id; for a request that of the contract it may become.
        id: &'a ContractId,
        /// The department that provides the data.
        department: &'a Name,
        /// Who asked for it.
        consumer: &'a Identity,
    },
    /// A job or its result.
    Job {
        /// Its id.
        id: &'a JobId,
        /// The department that provides the data.
        department: &'a Name,
        /// Who ordered it.
        consumer: &'a Identity,
    },
}

/// One question of governance.
#[derive(Debug, Clone, Copy)]
pub struct GovernanceInput<'a> {
    /// Who asks, from the verified certificate.
    pub principal: &'a Identity,
    /// What for.
    pub action: Governance,
    /// On what.
    pub target: Target<'a>,
    /// UNIX milliseconds.
    pub now_ms: i64,
}

impl GovernanceInput<'_> {
    pub(crate) fn question(&self, words: &Words) -> Result<Question, Unusable> {
        let mut holders = vec![self.principal];
        holders.extend(self.target.consumer());
        let mut entities = words.identities(&holders)?;
        let (resource, entity) = self.target.resource(words)?;
        entities.push(entity);
        Ok(Question {
            principal: words.identity_uid(self.principal),
            resource,
            context: self.context(words)?.into_context()?,
            entities: Entities::from_entities(entities, None)?,
        })
    }

    fn context(&self, words: &Words) -> Result<Record, Unusable> {
        let record = Record::new().long("now", self.now_ms);
        let Target::Terms { dataset, consumer, terms } = self.target else {
            return Ok(record);
        };
        Ok(record
            .with("consumer", words.identity(consumer))
            .with("data", words.data(dataset, &terms.fields)?)
            .long("minCell", terms.output.min_cell)
            .with("terms", words.terms(terms)?))
    }
}

impl<'a> Target<'a> {
    const fn consumer(&self) -> Option<&'a Identity> {
        match self {
            Self::Node { .. } | Self::Dataset(_) => None,
            Self::Terms { consumer, .. } | Self::Contract { consumer, .. } | Self::Job { consumer, .. } => {
                Some(consumer)
            }
        }
    }

    fn resource(&self, words: &Words) -> Result<(EntityUid, Entity), Unusable> {
        let uid = match self {
            Self::Dataset(dataset) | Self::Terms { dataset, .. } => {
                return Ok((words.dataset_uid(&dataset.id), words.dataset(dataset)?));
            }
            Self::Node { department } => words.node_uid(department),
            Self::Contract { id, .. } => words.contract_uid(id.as_str()),
            Self::Job { id, .. } => words.job_uid(id.as_str()),
        };
        let department = self.department();
        Ok((uid.clone(), words.owned(uid, department, self.consumer())?))
    }

    const fn department(&self) -> &'a Name {
        match self {
            Self::Node { department } | Self::Contract { department, .. } | Self::Job { department, .. } => {
                department
            }
            Self::Dataset(dataset) | Self::Terms { dataset, .. } => &dataset.id.department,
        }
    }
}
