//! A job that is allowed, owned, to be changed by tests.

use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    ContractId, DatasetMeta, FieldMeta, Grade, Id, Identity, JobId, Name, Sensitivity, Sharing, Terms,
    contract::{OutputKind, OutputTerms},
    views::ContractState,
};

use crate::{ContractFacts, Decision, JobInput, KeyExchange, PolicySet, RoundFacts, Target};

/// Everything a [`JobInput`] borrows.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) principal: Identity,
    pub(super) dataset: DatasetMeta,
    pub(super) contract: Option<Contract>,
    pub(super) fields: Vec<Name>,
    pub(super) model: Digest,
    pub(super) params: Digest,
    pub(super) output: OutputKind,
    pub(super) min_cell: u32,
    pub(super) new_run: bool,
    pub(super) round: Option<RoundFacts>,
    pub(super) key_exchange: KeyExchange,
    pub(super) now_ms: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Contract {
    pub(super) id: ContractId,
    pub(super) consumer: Identity,
    pub(super) terms: Terms,
    pub(super) state: ContractState,
    pub(super) runs_used: u32,
}

impl Job {
    /// A job on general data within its contract.
    pub(super) fn allowed() -> Self {
        let fields = vec![name("radius"), name("area")];
        let (model, params) = (sm3::digest(b"glm"), sm3::digest(b"{}"));
        let consumer: Identity = "qianmo://university/consumer/wang".parse().unwrap();
        let terms = Terms {
            v: 1,
            dataset: "hospital-a/screening".parse().unwrap(),
            fields: fields.clone(),
            models: vec![model],
            params: Some(params),
            purpose: "study".into(),
            basis: "Decree 809".into(),
            case_number: "2026-1".into(),
            until_ms: 1_000,
            runs: 1,
            rounds: 5,
            output: OutputTerms { kinds: vec![OutputKind::Update], min_cell: 10, strings: false },
            nonce: sm3::digest(b"nonce"),
        };
        let id = ContractId::of(&sm3::digest(b"terms"));
        Self {
            id: JobId::of(&sm3::digest(b"order")),
            principal: consumer.clone(),
            dataset: dataset(&fields),
            contract: Some(Contract { id, consumer, terms, state: ContractState::Finalized, runs_used: 0 }),
            fields,
            model,
            params,
            output: OutputKind::Update,
            min_cell: 10,
            new_run: true,
            round: Some(RoundFacts { round: 0, taken: 0 }),
            key_exchange: KeyExchange::CurveSm2MlKem768,
            now_ms: 500,
        }
    }

    pub(super) fn input(&self) -> JobInput<'_> {
        JobInput {
            principal: &self.principal,
            dataset: &self.dataset,
            contract: self.contract.as_ref().map(|contract| ContractFacts {
                id: &contract.id,
                consumer: &contract.consumer,
                terms: &contract.terms,
                state: contract.state,
                runs_used: contract.runs_used,
            }),
            fields: &self.fields,
            model: self.model,
            params: self.params,
            output: self.output,
            min_cell: self.min_cell,
            new_run: self.new_run,
            round: self.round,
            key_exchange: self.key_exchange,
            now_ms: self.now_ms,
        }
    }

    pub(super) fn decide(&self, policies: &PolicySet) -> Decision {
        policies.decide_job(&self.input())
    }

    /// One target of each kind, all of this job's department and consumer.
    pub(super) fn targets(&self) -> [Target<'_>; 6] {
        let Contract { id, consumer, terms, .. } = self.contract.as_ref().unwrap();
        let (dataset, department) = (&self.dataset, &self.dataset.id.department);
        [
            Target::Node { department },
            Target::Dataset(dataset),
            Target::Terms { dataset, consumer, terms },
            Target::Contract { id, department, consumer },
            Target::Model { digest: &self.model, department, author: consumer },
            Target::Job { id: &self.id, department, consumer },
        ]
    }
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn dataset(fields: &[Name]) -> DatasetMeta {
    let field = |name: &Name| FieldMeta {
        name: name.clone(),
        ty: "float64".into(),
        grade: Grade::ALL[1],
        sensitivity: Sensitivity::None,
        nullable: false,
        description: String::new(),
    };
    DatasetMeta {
        id: "hospital-a/screening".parse().unwrap(),
        title: "筛查".into(),
        provider: "第一医院".into(),
        path: vec![],
        description: String::new(),
        grade: Grade::ALL[2],
        sharing: Sharing::Conditional,
        update_cycle: "daily".into(),
        fields: fields.iter().map(field).collect(),
        rows_about: 100,
    }
}
