//! What holds for any input, against an oracle written without Cedar.

use proptest::{prelude::*, sample::select};
use qianmo_crypto::sm3;
use qianmo_proto::{Grade, Role, Sensitivity, Sharing, contract::OutputKind, views::ContractState};

use super::{
    fixture::{Job, name},
    *,
};
use crate::{Effect, KeyExchange, MIN_CELL_FLOOR, RoundFacts};

/// One thing to change in an allowed job, often but not always for the worse.
#[derive(Debug, Clone)]
enum Change {
    Principal(&'static str, Role),
    NoContract,
    ContractOf(&'static str),
    ContractOn(&'static str),
    State(ContractState),
    Until(i64),
    Runs(u32, u32, bool),
    Round(Option<(u32, u32)>, u32),
    Fields(Vec<&'static str>),
    Granted(Vec<&'static str>),
    Model(u8),
    Params(u8, bool),
    Output(OutputKind),
    MinCell(u32, u32),
    DatasetGrade(Grade),
    FieldGrade(Grade),
    Sensitivity(Sensitivity),
    Sharing(Sharing),
    KeyExchange(KeyExchange),
}

fn change() -> impl Strategy<Value = Change> {
    let names = || proptest::collection::vec(select(vec!["radius", "area", "ghost"]), 0..4);
    let states = vec![ContractState::Requested, ContractState::Finalized, ContractState::Terminated];
    let sensitivities = vec![Sensitivity::None, Sensitivity::Sensitive, Sensitivity::Identifier];
    let sharings = vec![Sharing::Unconditional, Sharing::Conditional, Sharing::Withheld];
    prop_oneof![
        (select(vec!["university", "hospital-a"]), select(Role::ALL.to_vec()))
            .prop_map(|(department, role)| Change::Principal(department, role)),
        Just(Change::NoContract),
        select(vec!["wang", "zhou"]).prop_map(Change::ContractOf),
        select(vec!["hospital-a/screening", "hospital-b/screening"]).prop_map(Change::ContractOn),
        select(states).prop_map(Change::State),
        prop_oneof![Just(499), Just(500), any::<i64>()].prop_map(Change::Until),
        (0..3_u32, 0..3_u32, any::<bool>()).prop_map(|(used, runs, new)| Change::Runs(used, runs, new)),
        (proptest::option::of((0..4_u32, 0..4_u32)), 0..4_u32).prop_map(|(at, of)| Change::Round(at, of)),
        names().prop_map(Change::Fields),
        names().prop_map(Change::Granted),
        (0..2_u8).prop_map(Change::Model),
        (0..2_u8, any::<bool>()).prop_map(|(other, fixed)| Change::Params(other, fixed)),
        select(vec![OutputKind::Aggregate, OutputKind::Update]).prop_map(Change::Output),
        (0..12_u32, 0..12_u32).prop_map(|(min, agreed)| Change::MinCell(min, agreed)),
        select(Grade::ALL.to_vec()).prop_map(Change::DatasetGrade),
        select(Grade::ALL.to_vec()).prop_map(Change::FieldGrade),
        select(sensitivities).prop_map(Change::Sensitivity),
        select(sharings).prop_map(Change::Sharing),
        select(vec![KeyExchange::CurveSm2, KeyExchange::CurveSm2MlKem768]).prop_map(Change::KeyExchange),
    ]
}

fn apply(job: &mut Job, change: &Change) {
    match change {
        Change::Principal(department, role) => {
            job.principal = format!("qianmo://{department}/{role}/wang").parse().unwrap();
        }
        Change::NoContract => job.contract = None,
        Change::Fields(fields) => job.fields = fields.iter().map(|field| name(field)).collect(),
        Change::Output(output) => job.output = *output,
        Change::DatasetGrade(grade) => job.dataset.grade = *grade,
        Change::FieldGrade(grade) => job.dataset.fields[0].grade = *grade,
        Change::Sensitivity(sensitivity) => job.dataset.fields[0].sensitivity = *sensitivity,
        Change::Sharing(sharing) => job.dataset.sharing = *sharing,
        Change::KeyExchange(key_exchange) => job.key_exchange = *key_exchange,
        Change::Model(other) => job.model = sm3::digest(if *other == 0 { b"glm" } else { b"bad" }),
        _ => apply_to_contract(job, change),
    }
}

fn apply_to_contract(job: &mut Job, change: &Change) {
    let Some(contract) = &mut job.contract else { return };
    match change {
        Change::ContractOf(who) => {
            contract.consumer = format!("qianmo://university/consumer/{who}").parse().unwrap()
        }
        Change::ContractOn(dataset) => contract.terms.dataset = dataset.parse().unwrap(),
        Change::State(state) => contract.state = *state,
        Change::Until(until) => contract.terms.until_ms = *until,
        Change::Granted(fields) => contract.terms.fields = fields.iter().map(|field| name(field)).collect(),
        Change::Runs(used, runs, new_run) => {
            (contract.runs_used, contract.terms.runs, job.new_run) = (*used, *runs, *new_run);
        }
        Change::Round(at, rounds) => {
            contract.terms.rounds = *rounds;
            job.round = at.map(|(round, taken)| RoundFacts { round, taken });
        }
        Change::Params(other, fixed) => {
            job.params = sm3::digest(&[*other]);
            contract.terms.params = fixed.then(|| sm3::digest(&[0]));
        }
        Change::MinCell(min, agreed) => (job.min_cell, contract.terms.output.min_cell) = (*min, *agreed),
        _ => {}
    }
}

/// The rules once more, in plain Rust.
fn within(job: &Job) -> bool {
    let Some(contract) = &job.contract else { return false };
    let (terms, data) = (&contract.terms, &job.dataset);
    let read: Vec<_> = data.fields.iter().filter(|field| job.fields.contains(&field.name)).collect();
    let highest = read.iter().map(|field| field.grade).max().max(Some(data.grade)).unwrap();
    let parties = job.principal.role() == Role::Consumer && contract.consumer == job.principal;
    let in_force = contract.state == ContractState::Finalized && job.now_ms <= terms.until_ms;
    let charged = job.new_run || job.round.is_none();
    let budget = (!charged || contract.runs_used < terms.runs)
        && job.round.is_none_or(|at| at.round < terms.rounds && at.taken < terms.rounds);
    let granted = terms.dataset == data.id
        && job.fields.iter().all(|field| terms.fields.contains(field))
        && terms.models.contains(&job.model)
        && terms.params.is_none_or(|params| params == job.params)
        && terms.output.kinds.contains(&job.output);
    let cells = job.min_cell >= MIN_CELL_FLOOR && job.min_cell >= terms.output.min_cell;
    let shareable = data.sharing != Sharing::Withheld
        && highest < Grade::Core
        && (highest < Grade::Important || job.key_exchange == KeyExchange::CurveSm2MlKem768)
        && job.fields.iter().all(|wanted| data.fields.iter().any(|field| &field.name == wanted))
        && read.iter().all(|field| field.sensitivity != Sensitivity::Identifier);
    parties && in_force && budget && granted && cells && shareable
}

fn job() -> impl Strategy<Value = Job> {
    proptest::collection::vec(change(), 0..5).prop_map(|changes| {
        let mut job = Job::allowed();
        changes.iter().for_each(|change| apply(&mut job, change));
        job
    })
}

thread_local! {
    static SHIPPED: PolicySet = PolicySet::shipped().unwrap();
    /// Fails on every job.
    static BROKEN: PolicySet = PolicySet::load(
        "@id(\"broken\") @en(\"e\") @zh(\"z\") forbid (principal, action, resource) \
         when { 9223372036854775807 + context.now == 0 };",
    ).unwrap();
    static NARROWER: PolicySet = PolicySet::load(
        "@id(\"own\") @en(\"e\") @zh(\"z\") forbid (principal, action, resource) when { context.now < 250 };",
    ).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_job_is_allowed_exactly_within_its_contract(job in job()) {
        let decision = SHIPPED.with(|policies| job.decide(policies));
        prop_assert_eq!(decision.is_allow(), within(&job), "{:?}", decision);
        prop_assert!(decision.errors.is_empty());
        prop_assert!(decision.policy_ids().all(|id| !id.starts_with("deny:")), "{:?}", decision);
        prop_assert!(!decision.reasons.is_empty());
        prop_assert_eq!(decision.obligations.is_some(), decision.is_allow());
        if let Some(bound) = decision.obligations {
            prop_assert_eq!((bound.fields, bound.model, bound.params), (job.fields, job.model, job.params));
            prop_assert_eq!((bound.output, bound.min_cell, bound.review), (job.output, job.min_cell, false));
            let terms = job.contract.unwrap().terms;
            prop_assert_eq!((bound.max_rounds, bound.until_ms), (terms.rounds, terms.until_ms));
        }
    }

    #[test]
    fn an_error_never_allows(mut job in job()) {
        job.now_ms = job.now_ms.max(1);
        let decision = BROKEN.with(|policies| job.decide(policies));
        prop_assert_eq!(decision.effect, Effect::Deny);
        prop_assert!(!decision.errors.is_empty());
        prop_assert!(decision.policy_ids().any(|id| id == "deny:error"));
    }

    #[test]
    fn without_its_contract_no_job_is_allowed(mut job in job()) {
        job.contract = None;
        let decision = SHIPPED.with(|policies| job.decide(policies));
        prop_assert_eq!(decision.effect, Effect::Deny);
        prop_assert!(decision.policy_ids().any(|id| id == "no-contract"));
    }

    #[test]
    fn an_own_forbid_only_narrows(mut job in job(), now_ms in 0..500_i64) {
        job.now_ms = now_ms;
        let allowed = SHIPPED.with(|policies| job.decide(policies)).is_allow();
        let narrowed = NARROWER.with(|policies| job.decide(policies)).is_allow();
        prop_assert_eq!(narrowed, allowed && now_ms >= 250);
    }
}
