//! What a node answers: views for people and programs, separate from what it stores.
//!
//! Which request is answered by which: [`crate::ask`].

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    catalog::{DatasetMeta, FieldMeta},
    contract::Terms,
    error::WireError,
    identity::Identity,
    ids::{Base64, ContractId, DatasetRef, JobId, Name, RequestId},
    job::RoundRef,
    model::{ModelManifest, World},
    result::Receipt,
    signed::Signed,
};

/// Answer to `node.info`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeView {
    /// The node.
    pub node: Identity,
    /// Version of its software.
    pub version: String,
    /// Entries in its trail.
    pub trail_size: u64,
    /// Key-exchange group of this connection.
    pub group: String,
    /// Cipher suite of this connection.
    pub suite: String,
    /// Digest of the policy set in force.
    pub policies: Digest,
    /// Who the node takes the caller for.
    pub caller: Identity,
    /// End of the node's certificate, UNIX milliseconds; none from a node that does not say.
    #[serde(default)]
    pub certificate_ends_ms: Option<i64>,
    /// The lists of revoked certificates that the node goes by.
    #[serde(default)]
    pub lists: Vec<ListView>,
}

/// A list of revoked certificates, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListView {
    /// The CA's name for people.
    pub issuer: String,
    /// Its number, decimal.
    pub number: String,
    /// When it was made, UNIX milliseconds.
    pub this_update_ms: i64,
    /// When its successor is due, UNIX milliseconds.
    pub next_update_ms: i64,
}

/// A node known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// The peer.
    pub node: Identity,
    /// Where it listens, `host:port`.
    pub address: String,
}

/// Answer to `peer.add`: the peer, which is known from now on, and what came of trying its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerAdded {
    /// The peer.
    #[serde(flatten)]
    pub peer: PeerView,
    /// Why it does not answer; none if it does.
    pub error: Option<WireError>,
}

/// A dataset found by a search, with the node that lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The entry.
    pub dataset: DatasetMeta,
    /// The node that lists it.
    pub node: Identity,
    /// Where that node listens, as far as the answering node knows.
    pub address: String,
}

/// Answer to `catalog.search`: what was found, and where more may be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SearchView {
    /// Matching datasets, ordered by id.
    pub found: Vec<Found>,
    /// Peers that gave no answer, with the reason.
    pub unanswered: Vec<(Identity, WireError)>,
    /// Nodes that had more than an answer holds.
    #[serde(default)]
    pub cut: Vec<Identity>,
}

impl SearchView {
    /// Whether nothing is missing: every node answered in full.
    pub const fn is_complete(&self) -> bool {
        self.unanswered.is_empty() && self.cut.is_empty()
    }
}

/// A model known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelView {
    /// SM3 of the component: the model's name.
    pub digest: Digest,
    /// Author's label.
    pub name: Name,
    /// What it computes, in the author's words.
    pub description: String,
    /// Which interface it exports.
    pub world: World,
    /// Length of the component in bytes.
    pub bytes: u64,
    /// Who brought it.
    pub author: Identity,
}

/// A model with its author's signed word about it: who fetches it checks the signature and the digest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelDocument {
    /// The model.
    pub model: ModelView,
    /// Its manifest as the author signed it.
    pub manifest: Signed<ModelManifest>,
}

/// What a digest stands for. The node's word, until the manifest has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLabel {
    /// SM3 of the component.
    pub digest: Digest,
    /// Author's label.
    pub name: Name,
    /// Who brought it.
    pub author: Identity,
}

/// Where a request stands (names of the Dataspace Protocol).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContractState {
    /// The consumer's signed terms wait for a steward.
    Requested,
    /// Signed by both sides and in force.
    Finalized,
    /// Denied, revoked, expired or spent.
    Terminated,
}

impl ContractState {
    /// The word used in messages and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Finalized => "finalized",
            Self::Terminated => "terminated",
        }
    }
}

/// A request for a contract.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestView {
    /// The request.
    pub id: RequestId,
    /// Who asks.
    pub consumer: Identity,
    /// What is asked.
    pub terms: Terms,
    /// Digest of the signed terms: what an approval must name.
    pub terms_digest: Digest,
    /// The terms as the consumer signed them; in the answer to `request.show` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Signed<Terms>>,
    /// Those of the terms' models that the node knows.
    #[serde(default)]
    pub models: Vec<ModelLabel>,
    /// Where it stands.
    pub state: ContractState,
    /// Why it ended, if it did.
    pub reason: Option<String>,
    /// When it came, UNIX milliseconds.
    pub at_ms: i64,
}

/// A contract and what is left of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContractView {
    /// The contract.
    pub id: ContractId,
    /// Who may use it.
    pub consumer: Identity,
    /// Who approved it.
    pub steward: Identity,
    /// What it grants.
    pub terms: Terms,
    /// Those of the terms' models that the node knows.
    #[serde(default)]
    pub models: Vec<ModelLabel>,
    /// Where it stands.
    pub state: ContractState,
    /// Runs spent.
    pub runs_used: u32,
    /// Why it ended, if it did.
    pub reason: Option<String>,
    /// When it was finalized, UNIX milliseconds.
    pub at_ms: i64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Intent recorded; waits for a place.
    Queued,
    /// Runs.
    Running,
    /// Done, held back by a disclosure rule, waiting for a steward.
    Held,
    /// Done and free to fetch.
    Released,
    /// Done, kept back by a steward for good.
    Withheld,
    /// Failed or was stopped; there is no result.
    Failed,
}

impl JobState {
    /// The word used in messages and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Held => "held",
            Self::Released => "released",
            Self::Withheld => "withheld",
            Self::Failed => "failed",
        }
    }

    /// Whether the job has ended, held or not.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// One job as its consumer and the stewards see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobView {
    /// The job.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// Who ordered it.
    pub consumer: Identity,
    /// The contract.
    pub contract: ContractId,
    /// The dataset.
    pub dataset: DatasetRef,
    /// The model.
    pub model: Digest,
    /// Its name and author, if the node still knows it.
    #[serde(default)]
    pub label: Option<ModelLabel>,
    /// Place in a federated run.
    pub round: Option<RoundRef>,
    /// Why it failed or is held.
    pub error: Option<WireError>,
    /// Whether the contract is charged for it, or for the run that it is a round of.
    #[serde(default)]
    pub charged: bool,
    /// When its intent was recorded, UNIX milliseconds.
    pub at_ms: i64,
    /// Where it stands among those that wait, while it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueView>,
    /// Since when it runs, while it does, UNIX milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_since_ms: Option<i64>,
    /// The node's receipt, once released; lists are without it.
    pub receipt: Option<Signed<Receipt>>,
}

/// Who had a say in what became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A policy.
    Policy,
    /// A rule of the egress gate. Its figures are for those who may release the result.
    Egress,
    /// A steward of the data.
    Steward,
    /// The sandbox, or the model in it: for those who may read its log.
    Sandbox,
}

impl By {
    /// The word used in messages and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Egress => "egress",
            Self::Steward => "steward",
            Self::Sandbox => "sandbox",
        }
    }
}

/// What a queued job waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// Its turn; 1 is next. Consumers take turns, so another's job may still come in before it.
    pub place: u32,
    /// Jobs that run: all places are taken.
    pub running: u32,
    /// Those that run or come before it, as far as the caller may see them; not more than twenty.
    pub behind: Vec<JobId>,
    /// Since when it waits, UNIX milliseconds.
    pub since_ms: i64,
}

/// Answer to `job.check`: what is known of an order before any row is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CheckView {
    /// Why the job would be refused or fail. Empty: nothing stands in its way.
    pub problems: Vec<WireError>,
    /// Why its result will be held.
    pub held: Vec<Reason>,
    /// What may go wrong, or was not tried.
    pub notes: Vec<Reason>,
    /// The columns that the model would see.
    pub fields: Vec<FieldMeta>,
    /// Rows of the dataset when it was last checked, rounded down to two digits.
    pub rows_about: u64,
}

/// One step of the answer to `job.why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Who decided.
    pub by: By,
    /// The rule or policy.
    pub rule: String,
    /// What it found, for people.
    pub text: String,
    /// The same in Chinese, where there are words for it: a steward's own reason has one language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_zh: Option<String>,
}

/// Answer to `job.why`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WhyView {
    /// The job.
    pub job: JobView,
    /// What decided, in order.
    pub reasons: Vec<Reason>,
    /// What the permit bound the node to, as `name = value`.
    pub obligations: Vec<(String, String)>,
}

/// Answer to `result.preview`: what a steward decides on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PreviewView {
    /// The job.
    pub job: JobView,
    /// What every rule found, figures included.
    pub reasons: Vec<Reason>,
    /// SM3 of the result document in the body.
    pub result: Digest,
}

/// Answer to a request that leaves nothing to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// One line that a model logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The model's words: escape them before showing them on a terminal.
    pub message: String,
}

/// Answer to `job.logs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogView {
    /// The lines kept, oldest first.
    pub lines: Vec<LogEntry>,
    /// Lines dropped because the log was full.
    pub dropped: u64,
}

/// Answer to `audit.ls`: entries `from..from + entries.len()` of `size`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditPage {
    /// Entries in the trail.
    pub size: u64,
    /// Sequence number of the first entry here.
    pub from: u64,
    /// The events as they stand in the trail.
    pub entries: Vec<Box<RawValue>>,
}

/// Answer to `audit.export`: what the body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportView {
    /// Sequence number of the first entry in the body.
    pub from: u64,
    /// Number of entries in the body; fewer than asked where the body would grow too long.
    pub count: u32,
}

/// Answer to `audit.checkpoint`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckpointView {
    /// C2SP signed note.
    pub note: String,
    /// Certificate of the key that signed it, DER.
    pub certificate: Base64,
}
