//! The order for one job: one model over one dataset under one contract.

use qianmo_crypto::sm3::{self, Digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    contract::OutputKind,
    ids::{ContractId, DatasetRef, RunId},
    limits,
    result::NamedVector,
    signed::Document,
    texts::{self, TextTooLong},
};

/// A consumer's order. Its id is derived from its signed bytes: sending it twice is one job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobOrder {
    /// Version of this format: 1.
    pub v: u32,
    /// The contract it is made under.
    pub contract: ContractId,
    /// The dataset the model shall read.
    pub dataset: DatasetRef,
    /// The model, by SM3 of its component.
    pub model: Digest,
    /// Parameters, kept byte for byte: their digest may be fixed by the contract.
    pub params: Box<RawValue>,
    /// Place in a federated run; none for a single job.
    pub round: Option<RoundRef>,
    /// What the earlier rounds hand on; empty for a single job or the first round.
    #[serde(default)]
    pub state: Vec<NamedVector>,
    /// When, by the consumer's clock, UNIX milliseconds.
    pub at_ms: i64,
    /// Random, so that ordering twice makes two jobs.
    pub nonce: Digest,
}

/// What a consumer would order, unsigned: it can be checked, and nothing can be run on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDraft {
    /// The contract it would be made under.
    pub contract: ContractId,
    /// The dataset.
    pub dataset: DatasetRef,
    /// The model, by SM3 of its component.
    pub model: Digest,
    /// Parameters: the JSON text of the order to come, byte for byte.
    pub params: String,
    /// Whether it would be the first round of a federated run; else a single job.
    pub federated: bool,
}

/// A round of a federated run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundRef {
    /// The run, the same at every site.
    pub run: RunId,
    /// 0 for the first round.
    pub round: u32,
}

impl JobOrder {
    /// SM3 of the exact parameter bytes.
    pub fn params_digest(&self) -> Digest {
        sm3::digest(self.params.get().as_bytes())
    }

    /// The kind of result it leads to: a round gives an update, a single job an aggregate.
    pub const fn output(&self) -> OutputKind {
        if self.round.is_some() { OutputKind::Update } else { OutputKind::Aggregate }
    }
}

impl Document for JobOrder {
    const CONTEXT: &'static str = "qianmo/job-order/v1";

    /// Parameters and state are bounded by their bytes, and go to the model alone; names of vectors come back in errors.
    fn check(&self) -> Result<(), TextTooLong> {
        let mut names = self.state.iter().map(|vector| vector.name.as_str());
        names.try_for_each(|name| texts::check("the name of a vector", name, limits::TITLE_CHARS))
    }
}
