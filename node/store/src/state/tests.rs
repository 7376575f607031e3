use qianmo_crypto::sm3;
use qianmo_proto::{
    DatasetRef, Id as _, RoundRef,
    contract::{OutputKind, OutputTerms},
};

use super::*;

fn who(uri: &str) -> Identity {
    uri.parse().unwrap()
}

fn dataset() -> DatasetRef {
    "hospital-a/screening".parse().unwrap()
}

fn terms() -> Terms {
    Terms {
        v: 1,
        dataset: dataset(),
        fields: vec!["age".parse().unwrap()],
        models: vec![sm3::digest(b"model")],
        params: None,
        purpose: "study".into(),
        basis: "Decree 809".into(),
        case_number: "1".into(),
        until_ms: 2_000,
        runs: 2,
        rounds: 10,
        output: OutputTerms { kinds: vec![OutputKind::Update], min_cell: 10, strings: false },
        nonce: sm3::digest(b"nonce"),
    }
}

fn intent(n: u8, run: Option<u8>) -> Intent {
    Intent {
        job: JobId::of(&sm3::digest(&[n])),
        order: sm3::digest(b"order"),
        signed: sm3::digest(b"signed"),
        contract: contract_id(),
        dataset: dataset(),
        model: sm3::digest(b"model"),
        round: run.map(|run| RoundRef { run: RunId::from_random([run; 16]), round: n.into() }),
        output: OutputKind::Update,
        key_exchange: "curveSM2MLKEM768".into(),
        charged: true,
        reasons: vec![],
        obligations: vec![],
    }
}

fn request_id() -> RequestId {
    RequestId::of(&sm3::digest(b"terms"))
}

fn contract_id() -> ContractId {
    ContractId::from_request(&request_id())
}

struct Story {
    state: State,
    events: Vec<Recorded>,
}

impl Story {
    /// A contract in force.
    fn begin() -> Self {
        let mut story = Self { state: State::default(), events: vec![] };
        story.add(
            "qianmo://uni/consumer/wang",
            Fact::ContractRequested {
                id: request_id(),
                terms: terms(),
                terms_digest: sm3::digest(b"t"),
                document: sm3::digest(b"d"),
            },
        );
        story.add(
            "qianmo://hospital-a/steward/li",
            Fact::ContractFinalized {
                request: request_id(),
                contract: contract_id(),
                steward: who("qianmo://hospital-a/steward/li"),
                document: sm3::digest(b"a"),
            },
        );
        story
    }

    fn add(&mut self, actor: &str, fact: Fact) -> Vec<Changed> {
        let seq = self.events.len() as u64;
        let event = Recorded { seq, time_ms: 1_000, actor: who(actor), fact };
        self.events.push(event.clone());
        self.state.apply(&event)
    }

    fn intend(&mut self, n: u8, run: Option<u8>) {
        self.add("qianmo://uni/consumer/wang", Fact::JobIntended(Box::new(intent(n, run))));
    }

    fn fail(&mut self, n: u8, run: Option<u8>, refunded: bool) {
        let ending = Ending {
            job: intent(n, run).job,
            end: End::Failed { error: WireError::new(ErrorCode::Source, "gone"), refunded },
            reasons: vec![],
            rows_read: 0,
            fuel: 0,
            log: None,
        };
        self.add("qianmo://hospital-a/node/main", Fact::JobEnded(Box::new(ending)));
    }

    fn used(&self) -> u32 {
        self.state.contracts[&contract_id()].runs_used()
    }
}

#[test]
fn a_single_job_is_a_run_and_a_federated_run_counts_once() {
    let mut story = Story::begin();
    story.intend(1, None);
    assert_eq!(story.used(), 1);
    for round in 0..5 {
        story.intend(10 + round, Some(7));
    }
    assert_eq!(story.used(), 2);
    assert_eq!(story.state.contracts[&contract_id()].runs[&RunId::from_random([7; 16])].len(), 5);
}

#[test]
fn only_the_nodes_own_faults_are_refunded() {
    let mut story = Story::begin();
    story.intend(1, None);
    story.fail(1, None, false);
    assert_eq!(story.used(), 1);
    story.intend(2, None);
    story.fail(2, None, true);
    assert_eq!(story.used(), 1);
    story.intend(3, Some(7));
    story.intend(4, Some(7));
    story.fail(4, Some(7), true);
    assert_eq!(story.used(), 2, "the run's first round stands");
    story.fail(3, Some(7), true);
    assert_eq!(story.used(), 1, "a run with no job left was never begun");
}

#[test]
fn a_held_result_is_released_or_withheld() {
    for (fact, state) in [
        (Fact::ResultReleased { job: intent(1, None).job, reason: "fine".into() }, JobState::Released),
        (Fact::ResultWithheld { job: intent(1, None).job, reason: "no".into() }, JobState::Withheld),
    ] {
        let mut story = Story::begin();
        story.intend(1, None);
        let end = End::Held {
            result: sm3::digest(b"r"),
            bytes: 3,
            rows: Some(2),
            error: WireError::new(ErrorCode::Held, "min-cell"),
        };
        let ending =
            Ending { job: intent(1, None).job, end, reasons: vec![], rows_read: 5, fuel: 1, log: None };
        story.add("qianmo://hospital-a/node/main", Fact::JobEnded(Box::new(ending)));
        assert_eq!(story.state.jobs[&intent(1, None).job].state, JobState::Held);
        let changed = story.add("qianmo://hospital-a/steward/li", fact);
        assert_eq!(changed, [Changed::Job(intent(1, None).job)]);
        let job = &story.state.jobs[&intent(1, None).job];
        assert_eq!(job.state, state);
        assert_eq!(job.released.is_some(), state == JobState::Released);
        let code = job.error.as_ref().map(|error| error.code);
        assert_eq!(code, (state == JobState::Withheld).then_some(ErrorCode::Withheld));
    }
}

#[test]
fn facts_about_unknown_things_change_nothing() {
    let mut state = State::default();
    for fact in [
        Fact::RequestDenied { id: request_id(), reason: "x".into() },
        Fact::ContractRevoked { id: contract_id(), reason: "x".into() },
        Fact::ResultReleased { job: intent(1, None).job, reason: "x".into() },
        Fact::JobResumed { job: intent(1, None).job },
    ] {
        let event = Recorded { seq: 0, time_ms: 0, actor: who("qianmo://a/steward/b"), fact };
        assert_eq!(state.apply(&event), []);
    }
}

#[test]
fn replaying_the_same_events_gives_the_same_state() {
    let mut story = Story::begin();
    story.intend(1, None);
    story.intend(2, Some(7));
    story.fail(2, Some(7), true);
    story.add(
        "qianmo://hospital-a/steward/li",
        Fact::ContractRevoked { id: contract_id(), reason: "over".into() },
    );
    let mut again = State::default();
    for event in &story.events {
        // Through JSON, as from the trail.
        let fact = serde_json::from_value(serde_json::to_value(&event.fact).unwrap()).unwrap();
        again.apply(&Recorded { fact, ..event.clone() });
    }
    let json =
        |state: &State| serde_json::to_string(&state.contracts).unwrap() + &format!("{:?}", state.jobs);
    assert_eq!(json(&again), json(&story.state));
}
