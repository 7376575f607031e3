//! Models, contracts and orders by the client library: quicker than the commands, and free to be wrong.

use qianmo_crypto::{
    random,
    sm3::{self, Digest},
};
use qianmo_proto::{
    Approval, ContractId, DatasetRef, JobOrder, ModelManifest, RoundRef, RunId, Terms, WireError, World, ask,
    contract::{OutputKind, OutputTerms},
    views::{ContractView, JobView, ModelView, RequestView},
};
use serde_json::value::RawValue;

use crate::{session::Session, wait::now_ms};

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What to ask a provider for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The dataset, `department/name`.
    pub dataset: String,
    /// Fields a model may read.
    pub fields: Vec<String>,
    /// Models that may run.
    pub models: Vec<Digest>,
    /// The only parameters allowed, if any.
    pub params: Option<String>,
    /// The consumer's file reference.
    pub case: String,
    /// Last moment of use, UNIX milliseconds.
    pub until_ms: i64,
    /// Runs.
    pub runs: u32,
    /// Rounds of a run.
    pub rounds: u32,
    /// Kinds of result.
    pub kinds: Vec<OutputKind>,
    /// Whether tables may have text.
    pub strings: bool,
}

impl Ask {
    /// One run of `model` over two fields of `dataset`, its tables free to have text.
    pub fn new(dataset: &str, model: Digest) -> Self {
        Self {
            dataset: dataset.to_owned(),
            fields: vec!["mean_radius".to_owned(), "benign".to_owned()],
            models: vec![model],
            params: None,
            case: "1".to_owned(),
            until_ms: now_ms() + DAY_MS,
            runs: 1,
            rounds: 40,
            kinds: vec![OutputKind::Aggregate],
            strings: true,
        }
    }

    /// The terms, with a nonce of their own.
    ///
    /// # Panics
    /// If a name is none.
    pub fn terms(&self) -> Terms {
        Terms {
            v: 1,
            dataset: self.dataset.parse().unwrap(),
            fields: self.fields.iter().map(|field| field.parse().unwrap()).collect(),
            models: self.models.clone(),
            params: self.params.as_ref().map(|params| sm3::digest(params.as_bytes())),
            purpose: "a test".to_owned(),
            basis: "none".to_owned(),
            case_number: self.case.clone(),
            until_ms: self.until_ms,
            runs: self.runs,
            rounds: self.rounds,
            output: OutputTerms { kinds: self.kinds.clone(), min_cell: 10, strings: self.strings },
            nonce: nonce(),
        }
    }
}

impl Session<'_> {
    /// Brings a component to the node.
    ///
    /// # Errors
    /// What the node answers.
    ///
    /// # Panics
    /// If `name` is none.
    pub fn push(&self, name: &str, world: World, bytes: &[u8]) -> Result<ModelView, WireError> {
        let manifest = ModelManifest {
            v: 1,
            name: name.parse().unwrap(),
            description: String::new(),
            world,
            digest: sm3::digest(bytes),
            bytes: bytes.len() as u64,
        };
        let manifest = self.person.sign(&manifest);
        self.exchange(ask::ModelPush { manifest }, bytes).map(|(view, _)| view)
    }

    /// Asks for a contract.
    ///
    /// # Errors
    /// What the node answers.
    pub fn ask(&self, ask: &Ask) -> Result<RequestView, WireError> {
        self.call(ask::RequestNew { terms: self.person.sign(&ask.terms()) })
    }

    /// Signs a request's terms for the provider.
    ///
    /// # Errors
    /// What the node answers.
    pub fn approve(&self, request: &RequestView) -> Result<ContractView, WireError> {
        let approval = Approval {
            v: 1,
            request: request.id.clone(),
            terms: request.terms_digest,
            note: String::new(),
            at_ms: now_ms(),
        };
        self.call(ask::RequestApprove { approval: self.person.sign(&approval) })
    }

    /// Has an order carried out; the job at its end, or after a minute.
    ///
    /// # Errors
    /// What the node answers.
    pub fn order(&self, order: &JobOrder) -> Result<JobView, WireError> {
        self.call(ask::JobRun { order: self.person.sign(order), wait_ms: 60_000 })
    }
}

/// An order for a single job: the contract's first model, parameters as given.
///
/// # Panics
/// If `params` is no JSON.
pub(crate) fn order(contract: &ContractId, dataset: &DatasetRef, model: Digest, params: &str) -> JobOrder {
    JobOrder {
        v: 1,
        contract: contract.clone(),
        dataset: dataset.clone(),
        model,
        params: RawValue::from_string(params.to_owned()).unwrap(),
        round: None,
        state: vec![],
        at_ms: now_ms(),
        nonce: nonce(),
    }
}

/// A round of a federated run.
pub(crate) fn round(order: JobOrder, run: u8, round: u32) -> JobOrder {
    let run = RunId::from_random([run; 16]);
    JobOrder { round: Some(RoundRef { run, round }), ..order }
}

fn nonce() -> Digest {
    let mut bytes = [0; 32];
    random::fill(&mut bytes).unwrap();
    Digest(bytes)
}
