//! A job as the policies see it: everything the node will enforce, handed in.

use std::str::FromStr;

use cedar_policy::{Entities, RestrictedExpression};
use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    ContractId, DatasetMeta, Identity, Name, Terms, contract::OutputKind, views::ContractState,
};

use crate::{
    decision::Obligations,
    facts::{Question, Record, Unusable, Words},
};

/// A key exchange that policies know, of the connection an order came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyExchange {
    /// SM2 alone (RFC 8998).
    CurveSm2,
    /// SM2 and ML-KEM-768 together.
    CurveSm2MlKem768,
}

impl KeyExchange {
    /// The word used in policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CurveSm2 => "curveSM2",
            Self::CurveSm2MlKem768 => "curveSM2MLKEM768",
        }
    }
}

/// A word that is no key exchange known to the policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a key exchange known to the policies: curveSM2 or curveSM2MLKEM768")]
pub struct UnknownKeyExchange(String);

impl FromStr for KeyExchange {
    type Err = UnknownKeyExchange;

    fn from_str(text: &str) -> Result<Self, UnknownKeyExchange> {
        let found = [Self::CurveSm2, Self::CurveSm2MlKem768].into_iter().find(|kx| kx.as_str() == text);
        found.ok_or_else(|| UnknownKeyExchange(text.to_owned()))
    }
}

/// The contract that an order names, as the node knows it.
#[derive(Debug, Clone, Copy)]
pub struct ContractFacts<'a> {
    /// Its id.
    pub id: &'a ContractId,
    /// Who signed its terms.
    pub consumer: &'a Identity,
    /// What both sides signed.
    pub terms: &'a Terms,
    /// Where it stands.
    pub state: ContractState,
    /// Runs charged to it so far, reserved ones included.
    pub runs_used: u32,
}

/// Place of a job in a federated run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundFacts {
    /// The round the order names, from 0.
    pub round: u32,
    /// Jobs of the same run that this node has already let run. What truly bounds a run: a consumer
    /// could order the same round again and again.
    pub taken: u32,
}

/// What the node is about to do if the job is allowed.
#[derive(Debug, Clone, Copy)]
pub struct JobInput<'a> {
    /// Who signed the order.
    pub principal: &'a Identity,
    /// The dataset to be read.
    pub dataset: &'a DatasetMeta,
    /// The contract named by the order; none if the node does not know it.
    pub contract: Option<ContractFacts<'a>>,
    /// The fields the model will be able to read.
    pub fields: &'a [Name],
    /// SM3 of the model.
    pub model: Digest,
    /// SM3 of the parameters' exact bytes.
    pub params: Digest,
    /// The kind of result the model gives.
    pub output: OutputKind,
    /// Fewest contributors to a released cell that egress will enforce: the greater of what the node is
    /// configured for and what the contract says.
    pub min_cell: u32,
    /// Whether the job starts a run, for which the contract will be charged.
    pub new_run: bool,
    /// Place in a federated run; none for a single job.
    pub round: Option<RoundFacts>,
    /// Key exchange of the connection.
    pub key_exchange: KeyExchange,
    /// UNIX milliseconds.
    pub now_ms: i64,
}

impl JobInput<'_> {
    pub(crate) fn question(&self, words: &Words) -> Result<Question, Unusable> {
        let mut holders = vec![self.principal];
        holders.extend(self.contract.iter().map(|contract| contract.consumer));
        let mut entities = words.identities(&holders)?;
        entities.push(words.dataset(self.dataset)?);
        Ok(Question {
            principal: words.identity_uid(self.principal),
            resource: words.dataset_uid(&self.dataset.id),
            context: self.context(words)?.into_context()?,
            entities: Entities::from_entities(entities, None)?,
        })
    }

    /// What the node is bound by once the job is allowed under `contract`.
    pub(crate) fn obligations(&self, contract: &ContractFacts<'_>, review: bool) -> Obligations {
        Obligations {
            fields: self.fields.to_vec(),
            model: self.model,
            params: self.params,
            output: self.output,
            min_cell: self.min_cell,
            strings: contract.terms.output.strings,
            max_rounds: contract.terms.rounds,
            until_ms: contract.terms.until_ms,
            review,
        }
    }

    fn context(&self, words: &Words) -> Result<Record, Unusable> {
        let mut record = Record::new()
            .long("now", self.now_ms)
            .with("data", words.data(self.dataset, self.fields)?)
            .text("model", self.model.to_string())
            .text("params", self.params.to_string())
            .with("output", words.output_kind(self.output))
            .long("minCell", self.min_cell)
            .flag("newRun", self.new_run)
            .long("roundsTaken", self.round.map_or(0, |round| round.taken))
            .with("keyExchange", words.key_exchange(self.key_exchange));
        if let Some(round) = self.round {
            record = record.long("round", round.round);
        }
        if let Some(contract) = self.contract {
            record = record.with("contract", contract.to_expression(words)?);
        }
        Ok(record)
    }
}

impl ContractFacts<'_> {
    fn to_expression(self, words: &Words) -> Result<RestrictedExpression, Unusable> {
        Record::new()
            .text("id", self.id.to_string())
            .with("consumer", words.identity(self.consumer))
            .with("dataset", RestrictedExpression::new_entity_uid(words.dataset_uid(&self.terms.dataset)))
            .flag("inForce", self.state == ContractState::Finalized)
            .long("runsUsed", self.runs_used)
            .with("terms", words.terms(self.terms)?)
            .into_expression()
    }
}
