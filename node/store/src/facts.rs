//! Facts: what each kind of trail entry says to the state. A fact is the `body` of an event; together
//! with the event's own fields it is all the state is ever folded from.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    ContractId, DatasetMeta, DatasetRef, ErrorCode, Identity, JobId, ModelManifest, Name, RequestId,
    RoundRef, Terms, WireError, contract::OutputKind, views::Reason,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change of governance state.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "fields are named as in the documents they come from")]
pub enum Fact {
    /// The node went up.
    NodeStarted { version: String },
    /// The node went down in good order.
    NodeStopped,
    /// A peer became known.
    PeerAdded { node: Identity, address: String },
    /// A peer was forgotten.
    PeerRemoved { node: Identity },
    /// A dataset was listed; `descriptor` is the blob of its text.
    DataAdded { meta: DatasetMeta, descriptor: Digest },
    /// A dataset could not be listed: the SM3 of the descriptor's text, its name if it has one, and why not.
    DataRefused { name: Option<Name>, descriptor: Digest, reason: String },
    /// A dataset was taken off the list.
    DataRemoved { name: Name },
    /// A model came in; `manifest_doc` is the blob of the signed manifest.
    ModelPushed { manifest: ModelManifest, manifest_doc: Digest },
    /// A consumer asked; `document` is the blob of the signed terms.
    ContractRequested { id: RequestId, terms: Terms, terms_digest: Digest, document: Digest },
    /// A steward said no.
    RequestDenied { id: RequestId, reason: String },
    /// A steward signed; the contract is in force. `document` is the blob of the signed approval.
    ContractFinalized { request: RequestId, contract: ContractId, steward: Identity, document: Digest },
    /// The contract ended before its time.
    ContractRevoked { id: ContractId, reason: String },
    /// A job may run and will: its charge is made here.
    JobIntended(Box<Intent>),
    /// The node came back and takes up a job that was running when it went down.
    JobResumed { job: JobId },
    /// An order was refused; nothing ran.
    JobRefused { job: JobId, contract: ContractId, error: WireError, reasons: Vec<Reason> },
    /// Somebody had an order checked: what it would have met, by code. Nothing ran and nothing is charged.
    JobChecked { contract: ContractId, dataset: DatasetRef, model: Digest, problems: Vec<ErrorCode> },
    /// A job ended.
    JobEnded(Box<Ending>),
    /// A steward looked at a held result: its document, by digest, left the node for them.
    ResultPreviewed { job: JobId, result: Digest },
    /// A steward let a held result go.
    ResultReleased { job: JobId, reason: String },
    /// A steward keeps a held result for good.
    ResultWithheld { job: JobId, reason: String },
    /// Somebody read the trail.
    TrailRead { from: u64, count: u64 },
}

/// What a job was allowed to do, recorded before it does it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Intent {
    /// The job.
    pub job: JobId,
    /// Blob of the signed order.
    pub order: Digest,
    /// Full digest of the signed order: what the receipt names.
    pub signed: Digest,
    /// The contract it falls under.
    pub contract: ContractId,
    /// The dataset it reads.
    pub dataset: DatasetRef,
    /// The model that runs.
    pub model: Digest,
    /// Its place in a federated run.
    pub round: Option<RoundRef>,
    /// The only kind of result that may leave.
    pub output: OutputKind,
    /// Key exchange of the connection the order came by.
    pub key_exchange: String,
    /// Whether this job is charged to the contract: later rounds of a run are not.
    pub charged: bool,
    /// The policies that gave leave.
    pub reasons: Vec<Reason>,
    /// What the permit binds the node to, as name and value.
    pub obligations: Vec<(String, String)>,
}

/// How a job ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ending {
    /// The job.
    pub job: JobId,
    /// What becomes of the result.
    pub end: End,
    /// Rules that spoke at the egress gate, or the error's reason.
    pub reasons: Vec<Reason>,
    /// Rows handed to the model, for the auditor; never told to the consumer.
    pub rows_read: u64,
    /// Fuel used, for the auditor.
    pub fuel: u64,
    /// Blob of the model's log lines, if there are any; stays with the data owner.
    pub log: Option<Digest>,
}

/// The ways to end, by what becomes of the result. `rows` are the rows of its tables; version 0.1 did not count them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the variants say it")]
pub enum End {
    /// The result may go: SM3 and length of its document.
    Released {
        result: Digest,
        bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
    },
    /// The result waits for a steward.
    Held {
        result: Digest,
        bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
        error: WireError,
    },
    /// There is no result. `refunded`: the fault was the node's, the run is given back.
    Failed { error: WireError, refunded: bool },
}

/// Why the body of an entry is no fact of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFact {
    /// There is none.
    #[error("it has no body")]
    Empty,
    /// An unknown fact, or one of another shape.
    #[error("{0}")]
    Shape(String),
    /// It says more than this version reads.
    #[error("this version does not know the field {0}")]
    Unread(String),
}

impl Fact {
    /// Reads an entry's body. What this version would pass over is refused: it could be the word that ends a contract.
    pub fn read(body: Option<&Value>) -> Result<Self, NoFact> {
        let body = body.ok_or(NoFact::Empty)?;
        let fact = Self::deserialize(body).map_err(|e| NoFact::Shape(e.to_string()))?;
        let again = serde_json::to_value(&fact).map_err(|e| NoFact::Shape(e.to_string()))?;
        match unread(body, &again) {
            None => Ok(fact),
            Some(field) => Err(NoFact::Unread(field.trim_start_matches('.').to_owned())),
        }
    }

    /// The event's action: `noun.verb`.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::NodeStarted { .. } => "node.start",
            Self::NodeStopped => "node.stop",
            Self::PeerAdded { .. } => "peer.add",
            Self::PeerRemoved { .. } => "peer.rm",
            Self::DataAdded { .. } | Self::DataRefused { .. } => "data.add",
            Self::DataRemoved { .. } => "data.rm",
            Self::ModelPushed { .. } => "model.push",
            Self::ContractRequested { .. } => "request.new",
            Self::RequestDenied { .. } => "request.deny",
            Self::ContractFinalized { .. } => "request.approve",
            Self::ContractRevoked { .. } => "contract.revoke",
            Self::JobIntended(_) | Self::JobResumed { .. } | Self::JobRefused { .. } | Self::JobEnded(_) => {
                "job.run"
            }
            Self::JobChecked { .. } => "job.check",
            Self::ResultPreviewed { .. } => "result.preview",
            Self::ResultReleased { .. } => "result.release",
            Self::ResultWithheld { .. } => "result.withhold",
            Self::TrailRead { .. } => "audit.read",
        }
    }
}

/// The first field of `body` that is not in `again`, what was read of it.
fn unread(body: &Value, again: &Value) -> Option<String> {
    match (body, again) {
        (Value::Object(body), Value::Object(again)) => body.iter().find_map(|(name, value)| {
            let rest = match again.get(name) {
                Some(again) => unread(value, again),
                None => (!value.is_null()).then(String::new),
            };
            rest.map(|rest| format!(".{name}{rest}"))
        }),
        (Value::Array(body), Value::Array(again)) if body.len() == again.len() => {
            body.iter().zip(again).find_map(|(body, again)| unread(body, again))
        }
        _ => (body != again).then(String::new),
    }
}

#[cfg(test)]
mod tests;
