//! The request of a case: its keys, and how it is put to the policies.

use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    ContractId, DatasetMeta, DatasetRef, FieldMeta, Grade, Id, Identity, JobId, Name, Sensitivity, Sharing,
    Terms,
    contract::{OutputKind, OutputTerms},
    views::ContractState,
};
use serde::Deserialize;

use crate::{
    ContractFacts, Decision, Governance, GovernanceInput, JobInput, KeyExchange, MIN_CELL_DEFAULT, PolicySet,
    RoundFacts, Target,
};

/// Last moment of a contract that names none: long after any `now_ms`.
const FAR_FUTURE_MS: i64 = i64::MAX;

/// The keys of a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// Of a governance action, what it is done to follows from the rest: `dataset`, its department's
    /// node, or a contract or job of `contract.consumer` on it.
    #[serde(default)]
    action: Action,
    principal: Identity,
    dataset: DatasetRef,
    /// Absent: the highest grade of the columns.
    grade: Option<Grade>,
    #[serde(default = "conditional")]
    sharing: Sharing,
    #[serde(default)]
    columns: Vec<Column>,
    /// What the model will read. Absent: all columns.
    fields: Option<Vec<Name>>,
    #[serde(default)]
    model: Word,
    #[serde(default)]
    params: Word,
    #[serde(default = "aggregate")]
    output: OutputKind,
    #[serde(default = "min_cell_default")]
    min_cell: u32,
    /// Absent: a single job and the first round of a run.
    new_run: Option<bool>,
    round: Option<u32>,
    #[serde(default)]
    rounds_taken: u32,
    #[serde(default)]
    key_exchange: Exchange,
    #[serde(default)]
    now_ms: i64,
    #[serde(default)]
    without_contract: bool,
    #[serde(default)]
    contract: Contract,
}

/// The keys of `contract`. What is absent is as the request needs it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Contract {
    consumer: Option<Identity>,
    dataset: Option<DatasetRef>,
    fields: Option<Vec<Name>>,
    models: Option<Vec<Word>>,
    /// Absent: any parameters.
    params: Option<Word>,
    purpose: String,
    basis: String,
    case_number: String,
    until_ms: Option<i64>,
    runs: Option<u32>,
    runs_used: u32,
    rounds: Option<u32>,
    kinds: Option<Vec<OutputKind>>,
    min_cell: Option<u32>,
    strings: bool,
    state: Option<ContractState>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: Name,
    grade: Grade,
    #[serde(default)]
    sensitivity: Sensitivity,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "String")]
enum Action {
    #[default]
    RunJob,
    Governance(Governance),
}

impl TryFrom<String> for Action {
    type Error = crate::UnknownAction;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "runJob" { Ok(Self::RunJob) } else { text.parse().map(Self::Governance) }
    }
}

/// A digest, or any other word, which stands for its digest: cases read better with `glm`.
#[derive(Debug, Clone, Default, Deserialize)]
struct Word(String);

impl Word {
    fn digest(&self) -> Digest {
        self.0.parse().unwrap_or_else(|_| sm3::digest(self.0.as_bytes()))
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Exchange(KeyExchange);

impl Default for Exchange {
    fn default() -> Self {
        Self(KeyExchange::CurveSm2MlKem768)
    }
}

impl TryFrom<String> for Exchange {
    type Error = crate::UnknownKeyExchange;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Ask {
    pub(super) fn put_to(&self, policies: &PolicySet) -> Decision {
        match self.action {
            Action::RunJob => self.run_job(policies),
            Action::Governance(action) => self.govern(policies, action),
        }
    }

    fn run_job(&self, policies: &PolicySet) -> Decision {
        let (dataset, terms, fields) = (self.dataset(), self.terms(), self.fields());
        let id = ContractId::of(&sm3::digest(b"contract"));
        let contract = ContractFacts {
            id: &id,
            consumer: self.consumer(),
            terms: &terms,
            state: self.contract.state.unwrap_or(ContractState::Finalized),
            runs_used: self.contract.runs_used,
        };
        policies.decide_job(&JobInput {
            principal: &self.principal,
            dataset: &dataset,
            contract: (!self.without_contract).then_some(contract),
            fields: &fields,
            model: self.model.digest(),
            params: self.params.digest(),
            output: self.output,
            min_cell: self.min_cell,
            new_run: self.new_run.unwrap_or_else(|| self.round.is_none_or(|round| round == 0)),
            round: self.round.map(|round| RoundFacts { round, taken: self.rounds_taken }),
            key_exchange: self.key_exchange.0,
            now_ms: self.now_ms,
        })
    }

    fn govern(&self, policies: &PolicySet, action: Governance) -> Decision {
        use Governance as G;
        let (dataset, terms, consumer) = (self.dataset(), self.terms(), self.consumer());
        let department = &self.dataset.department;
        let contract_id = ContractId::of(&sm3::digest(b"contract"));
        let job_id = JobId::of(&sm3::digest(b"job"));
        let model = self.model.digest();
        let target = match action {
            G::ReadNode
            | G::ListPeers
            | G::AddPeer
            | G::RemovePeer
            | G::SearchCatalog
            | G::PushModel
            | G::ListModels
            | G::ReadTrail
            | G::ReadCheckpoint => Target::Node { department },
            G::ReadDataset | G::ListDataset | G::UnlistDataset => Target::Dataset(&dataset),
            G::RequestContract | G::ApproveContract => {
                Target::Terms { dataset: &dataset, consumer, terms: &terms }
            }
            G::ReadContract | G::DenyContract | G::RevokeContract => {
                Target::Contract { id: &contract_id, department, consumer }
            }
            G::ReadModel => Target::Model { digest: &model, department, author: consumer },
            G::ReadJob
            | G::ReadLogs
            | G::StopJob
            | G::FetchResult
            | G::PreviewResult
            | G::ReleaseResult
            | G::WithholdResult => Target::Job { id: &job_id, department, consumer },
        };
        let input = GovernanceInput { principal: &self.principal, action, target, now_ms: self.now_ms };
        policies.decide_governance(&input)
    }

    fn consumer(&self) -> &Identity {
        self.contract.consumer.as_ref().unwrap_or(&self.principal)
    }

    fn fields(&self) -> Vec<Name> {
        self.fields.clone().unwrap_or_else(|| self.columns.iter().map(|c| c.name.clone()).collect())
    }

    fn dataset(&self) -> DatasetMeta {
        let highest = self.columns.iter().map(|column| column.grade).max();
        let [lowest, ..] = Grade::ALL;
        DatasetMeta {
            id: self.dataset.clone(),
            title: String::new(),
            provider: String::new(),
            path: Vec::new(),
            description: String::new(),
            grade: self.grade.or(highest).unwrap_or(lowest),
            sharing: self.sharing,
            update_cycle: String::new(),
            fields: self.columns.iter().map(Column::field).collect(),
            rows_about: 0,
        }
    }

    fn terms(&self) -> Terms {
        let contract = &self.contract;
        let models = contract.models.as_ref();
        Terms {
            v: 1,
            dataset: contract.dataset.clone().unwrap_or_else(|| self.dataset.clone()),
            fields: contract.fields.clone().unwrap_or_else(|| self.fields()),
            models: models.map_or(vec![self.model.digest()], |all| all.iter().map(Word::digest).collect()),
            params: contract.params.as_ref().map(Word::digest),
            purpose: contract.purpose.clone(),
            basis: contract.basis.clone(),
            case_number: contract.case_number.clone(),
            until_ms: contract.until_ms.unwrap_or(FAR_FUTURE_MS),
            runs: contract.runs.unwrap_or(contract.runs_used + 1),
            rounds: contract.rounds.unwrap_or(u32::MAX),
            output: OutputTerms {
                kinds: contract.kinds.clone().unwrap_or_else(|| vec![self.output]),
                min_cell: contract.min_cell.unwrap_or(self.min_cell),
                strings: contract.strings,
            },
            nonce: sm3::digest(b"nonce"),
        }
    }
}

impl Column {
    fn field(&self) -> FieldMeta {
        FieldMeta {
            name: self.name.clone(),
            ty: String::new(),
            grade: self.grade,
            sensitivity: self.sensitivity,
            nullable: false,
            description: String::new(),
        }
    }
}

const fn conditional() -> Sharing {
    Sharing::Conditional
}

const fn aggregate() -> OutputKind {
    OutputKind::Aggregate
}

const fn min_cell_default() -> u32 {
    MIN_CELL_DEFAULT
}
