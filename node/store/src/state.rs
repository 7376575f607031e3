//! Governance state: a pure fold over the trail. Every change is an event first; `apply` never fails and
//! never asks a clock, so replaying the trail gives the same state on any machine.

use std::collections::{BTreeMap, BTreeSet};

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    ContractId, DatasetMeta, ErrorCode, Identity, JobId, Name, RequestId, RunId, Terms, WireError, World,
    views::{By, ContractState, JobState, Reason},
};
use serde::{Deserialize, Serialize};

use super::facts::{End, Ending, Fact, Intent};

/// A listed dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dataset {
    /// What the catalogue tells.
    pub meta: DatasetMeta,
    /// Blob of the descriptor's text, which says where the rows are.
    pub descriptor: Digest,
}

/// A model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
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
    /// Blob of the manifest as the author signed it.
    pub manifest: Digest,
}

/// A request for a contract.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContractRequest {
    /// Who asks.
    pub consumer: Identity,
    /// What is asked.
    pub terms: Terms,
    /// Digest of the signed terms: what an approval must name.
    pub terms_digest: Digest,
    /// Blob of the terms as the consumer signed them.
    pub document: Digest,
    /// Where it stands.
    pub state: ContractState,
    /// Why it was denied.
    pub reason: Option<String>,
    /// When it came, UNIX milliseconds.
    pub at_ms: i64,
}

/// A contract and what was used of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Contract {
    /// Who may use it.
    pub consumer: Identity,
    /// Who approved it.
    pub steward: Identity,
    /// What it grants.
    pub terms: Terms,
    /// Why it was revoked.
    pub revoked: Option<String>,
    /// Runs charged: single jobs by their id.
    pub jobs: BTreeSet<JobId>,
    /// Runs charged: federated ones, with the jobs let run for each. Jobs, not rounds, bound a run: a
    /// consumer could order the same round again and again.
    pub runs: BTreeMap<RunId, BTreeSet<JobId>>,
    /// When it was finalized, UNIX milliseconds.
    pub at_ms: i64,
}

/// Where a contract stands. The one place that says when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Jobs may be ordered.
    InForce,
    /// A steward, or its consumer, has ended it.
    Revoked,
    /// Its last moment of use is past.
    Expired,
    /// Every run is charged, and none of them is federated: one of those may have rounds to come.
    Spent,
}

impl Contract {
    /// Where it stands at `now_ms`, UNIX milliseconds.
    pub fn state(&self, now_ms: i64) -> Standing {
        if self.revoked.is_some() {
            Standing::Revoked
        } else if now_ms > self.terms.until_ms {
            Standing::Expired
        } else if self.runs_used() >= self.terms.runs && self.runs.is_empty() {
            Standing::Spent
        } else {
            Standing::InForce
        }
    }

    /// Runs charged so far.
    pub fn runs_used(&self) -> u32 {
        u32::try_from(self.jobs.len() + self.runs.len()).unwrap_or(u32::MAX)
    }

    /// Whether the job, or the run that it is a round of, is among them.
    pub fn has_charged(&self, job: &JobId) -> bool {
        self.jobs.contains(job) || self.runs.values().any(|jobs| jobs.contains(job))
    }
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Who ordered it.
    pub consumer: Identity,
    /// What it was allowed to do.
    pub intent: Intent,
    /// Where it stands.
    pub state: JobState,
    /// How often the job was taken up again after the node went down.
    pub resumed: u32,
    /// SM3 and length of its result document, held or released.
    pub result: Option<(Digest, u64)>,
    /// Why it failed or is held.
    pub error: Option<WireError>,
    /// What decided, in order.
    pub reasons: Vec<Reason>,
    /// Blob of its log lines.
    pub log: Option<Digest>,
    /// When its intent was recorded, UNIX milliseconds.
    pub at_ms: i64,
    /// Trail entry and time of the release, for the receipt.
    pub released: Option<(u64, i64)>,
}

/// Everything the node knows, folded from its trail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// Other nodes, and where each listens.
    pub peers: BTreeMap<Identity, String>,
    /// The datasets listed here.
    pub datasets: BTreeMap<Name, Dataset>,
    /// The models that came in.
    pub models: BTreeMap<Digest, Model>,
    /// Requests for contracts, answered ones too.
    pub requests: BTreeMap<RequestId, ContractRequest>,
    /// Contracts, ended ones too.
    pub contracts: BTreeMap<ContractId, Contract>,
    /// Jobs, ended ones too.
    pub jobs: BTreeMap<JobId, Job>,
}

/// A piece of state that an event changed: what the index must write again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each names a kind of entry by its key")]
pub enum Changed {
    Peer(Identity),
    Dataset(Name),
    Model(Digest),
    Request(RequestId),
    Contract(ContractId),
    Job(JobId),
}

/// An event as the state sees it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its place in the trail.
    pub seq: u64,
    /// When it was recorded, UNIX milliseconds.
    pub time_ms: i64,
    /// Who did it; the node itself for its own acts.
    pub actor: Identity,
    /// What it says.
    pub fact: Fact,
}

impl State {
    /// Folds one event in and says what it changed.
    pub fn apply(&mut self, event: &Recorded) -> Vec<Changed> {
        let Recorded { time_ms: at_ms, actor, fact, .. } = event;
        match fact {
            Fact::NodeStarted { .. }
            | Fact::NodeStopped
            | Fact::DataRefused { .. }
            | Fact::JobRefused { .. }
            | Fact::JobChecked { .. }
            | Fact::ResultPreviewed { .. }
            | Fact::TrailRead { .. } => vec![],
            Fact::PeerAdded { node, address } => {
                self.peers.insert(node.clone(), address.clone());
                vec![Changed::Peer(node.clone())]
            }
            Fact::PeerRemoved { node } => {
                self.peers.remove(node);
                vec![Changed::Peer(node.clone())]
            }
            Fact::DataAdded { meta, descriptor } => {
                let name = meta.id.dataset.clone();
                self.datasets.insert(name.clone(), Dataset { meta: meta.clone(), descriptor: *descriptor });
                vec![Changed::Dataset(name)]
            }
            Fact::DataRemoved { name } => {
                self.datasets.remove(name);
                vec![Changed::Dataset(name.clone())]
            }
            Fact::ModelPushed { manifest, manifest_doc } => {
                let model = Model {
                    name: manifest.name.clone(),
                    description: manifest.description.clone(),
                    world: manifest.world,
                    bytes: manifest.bytes,
                    author: actor.clone(),
                    manifest: *manifest_doc,
                };
                self.models.insert(manifest.digest, model);
                vec![Changed::Model(manifest.digest)]
            }
            Fact::ContractRequested { id, terms, terms_digest, document } => {
                let request = ContractRequest {
                    consumer: actor.clone(),
                    terms: terms.clone(),
                    terms_digest: *terms_digest,
                    document: *document,
                    state: ContractState::Requested,
                    reason: None,
                    at_ms: *at_ms,
                };
                // The same terms sent twice at once are one request: the second must not undo an answer to the first.
                self.requests.entry(id.clone()).or_insert(request);
                vec![Changed::Request(id.clone())]
            }
            Fact::RequestDenied { id, reason } => {
                self.end_request(id, ContractState::Terminated, Some(reason.clone()))
            }
            Fact::ContractFinalized { request, contract, steward, .. } => {
                self.finalize(request, contract, steward, *at_ms)
            }
            Fact::ContractRevoked { id, reason } => self.revoke(id, reason),
            Fact::JobIntended(intent) => self.intend(intent, actor, *at_ms),
            Fact::JobResumed { job } => self.change_job(job, |job| job.resumed += 1),
            Fact::JobEnded(ending) => self.end_job(ending, event.seq, *at_ms),
            Fact::ResultReleased { job, reason } => self.change_job(job, |job| {
                job.state = JobState::Released;
                job.error = None;
                job.released = Some((event.seq, *at_ms));
                job.reasons.push(by_steward("released", reason));
            }),
            Fact::ResultWithheld { job, reason } => self.change_job(job, |job| {
                job.state = JobState::Withheld;
                let text = "a steward keeps the result back; `qianmo job why` has the reason";
                job.error = Some(WireError::new(ErrorCode::Withheld, text));
                job.reasons.push(by_steward("withheld", reason));
            }),
        }
    }

    fn end_request(&mut self, id: &RequestId, state: ContractState, reason: Option<String>) -> Vec<Changed> {
        let Some(request) = self.requests.get_mut(id) else { return vec![] };
        request.state = state;
        request.reason = reason;
        vec![Changed::Request(id.clone())]
    }

    fn finalize(
        &mut self,
        request: &RequestId,
        id: &ContractId,
        steward: &Identity,
        at_ms: i64,
    ) -> Vec<Changed> {
        let mut changed = self.end_request(request, ContractState::Finalized, None);
        let Some(request) = self.requests.get(request) else { return changed };
        let contract = Contract {
            consumer: request.consumer.clone(),
            steward: steward.clone(),
            terms: request.terms.clone(),
            revoked: None,
            jobs: BTreeSet::new(),
            runs: BTreeMap::new(),
            at_ms,
        };
        self.contracts.insert(id.clone(), contract);
        changed.push(Changed::Contract(id.clone()));
        changed
    }

    fn revoke(&mut self, id: &ContractId, reason: &str) -> Vec<Changed> {
        let Some(contract) = self.contracts.get_mut(id) else { return vec![] };
        contract.revoked = Some(reason.to_owned());
        vec![Changed::Contract(id.clone())]
    }

    fn intend(&mut self, intent: &Intent, consumer: &Identity, at_ms: i64) -> Vec<Changed> {
        if let Some(contract) = self.contracts.get_mut(&intent.contract) {
            match &intent.round {
                Some(round) => {
                    contract.runs.entry(round.run.clone()).or_default().insert(intent.job.clone());
                }
                None => {
                    contract.jobs.insert(intent.job.clone());
                }
            }
        }
        let job = Job {
            consumer: consumer.clone(),
            intent: intent.clone(),
            state: JobState::Running,
            resumed: 0,
            result: None,
            error: None,
            reasons: intent.reasons.clone(),
            log: None,
            at_ms,
            released: None,
        };
        self.jobs.insert(intent.job.clone(), job);
        vec![Changed::Job(intent.job.clone()), Changed::Contract(intent.contract.clone())]
    }

    fn end_job(&mut self, ending: &Ending, seq: u64, at_ms: i64) -> Vec<Changed> {
        let mut changed = self.change_job(&ending.job, |job| {
            job.reasons.extend(ending.reasons.iter().cloned());
            job.log = ending.log;
            match &ending.end {
                End::Released { result, bytes, .. } => {
                    job.state = JobState::Released;
                    job.result = Some((*result, *bytes));
                    job.released = Some((seq, at_ms));
                }
                End::Held { result, bytes, error, .. } => {
                    job.state = JobState::Held;
                    job.result = Some((*result, *bytes));
                    job.error = Some(error.clone());
                }
                End::Failed { error, .. } => {
                    job.state = JobState::Failed;
                    job.error = Some(error.clone());
                }
            }
        });
        if matches!(&ending.end, End::Failed { refunded: true, .. }) {
            changed.extend(self.refund(&ending.job));
        }
        changed
    }

    /// Gives back what a job was charged: a single job's run, or its place in a federated run; a run
    /// with no job left was never begun.
    fn refund(&mut self, job: &JobId) -> Vec<Changed> {
        let Some(intent) = self.jobs.get(job).map(|job| &job.intent) else { return vec![] };
        let Some(contract) = self.contracts.get_mut(&intent.contract) else { return vec![] };
        match &intent.round {
            None => {
                contract.jobs.remove(job);
            }
            Some(round) => {
                if let Some(jobs) = contract.runs.get_mut(&round.run) {
                    jobs.remove(job);
                    if jobs.is_empty() {
                        contract.runs.remove(&round.run);
                    }
                }
            }
        }
        vec![Changed::Contract(intent.contract.clone())]
    }

    fn change_job(&mut self, id: &JobId, change: impl FnOnce(&mut Job)) -> Vec<Changed> {
        let Some(job) = self.jobs.get_mut(id) else { return vec![] };
        change(job);
        vec![Changed::Job(id.clone())]
    }
}

fn by_steward(rule: &str, text: &str) -> Reason {
    Reason { by: By::Steward, rule: rule.to_owned(), text: text.to_owned(), text_zh: None }
}

#[cfg(test)]
mod tests;
