//! Everything but running a job: who may do what to a node, its datasets, contracts, jobs and trail.

use cedar_policy::{Entities, Entity, EntityUid};
use qianmo_crypto::sm3::Digest;
pub use qianmo_proto::action::{Action as Governance, UnknownAction};
use qianmo_proto::{ContractId, DatasetMeta, Identity, JobId, Name, Terms};

use crate::facts::{Question, Record, Unusable, Words};

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
    /// A model known to a node.
    Model {
        /// SM3 of its component.
        digest: &'a Digest,
        /// The department whose node it is on.
        department: &'a Name,
        /// Who signed its manifest.
        author: &'a Identity,
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
        holders.extend(self.target.whose().map(|(_, identity)| identity));
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
    /// Whose it is, and as what.
    const fn whose(&self) -> Option<(&'static str, &'a Identity)> {
        match self {
            Self::Node { .. } | Self::Dataset(_) => None,
            Self::Model { author, .. } => Some(("author", author)),
            Self::Terms { consumer, .. } | Self::Contract { consumer, .. } | Self::Job { consumer, .. } => {
                Some(("consumer", consumer))
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
            Self::Model { digest, .. } => words.model_uid(digest),
            Self::Job { id, .. } => words.job_uid(id.as_str()),
        };
        let department = self.department();
        Ok((uid.clone(), words.owned(uid, department, self.whose())?))
    }

    const fn department(&self) -> &'a Name {
        match self {
            Self::Node { department }
            | Self::Model { department, .. }
            | Self::Contract { department, .. }
            | Self::Job { department, .. } => department,
            Self::Dataset(dataset) | Self::Terms { dataset, .. } => &dataset.id.department,
        }
    }
}
