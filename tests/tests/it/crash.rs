//! A node that dies at any step of a job: after the restart there is one outcome, one charge, and a trail that
//! verifies.

use qianmo_proto::{
    ContractId, ErrorCode, JobId, JobOrder, Signed, WireError, ask,
    views::{JobState, JobView},
};
use qianmo_tests::{Clinic, block_on, now_ms, of_job};

/// A clinic whose node dies at `point` of its first job, after it has.
struct Wreck {
    clinic: Clinic,
    contract: ContractId,
    order: Signed<JobOrder>,
}

impl Wreck {
    fn at(point: &str) -> Self {
        let clinic = Clinic::with(|_| (), &["--crash-at", point]);
        let contract = clinic.contract(&clinic.terms(clinic.counter()));
        let order = clinic.consumer().person.sign(&clinic.count(&contract));
        let wreck = Self { clinic, contract, order };
        let client = wreck.clinic.consumer().connect();
        let request = wreck.request();
        // The node dies while this thread waits for an answer, which never comes: it is left behind.
        std::thread::spawn(move || block_on(client.call(request)));
        let ended = wreck.clinic.node.wait_for_end();
        assert_eq!(ended.exit, None, "it was to die by a signal: {ended}");
        wreck
    }

    fn request(&self) -> ask::JobRun {
        ask::JobRun { order: self.order.clone(), wait_ms: 60_000 }
    }

    fn id(&self) -> JobId {
        qianmo_proto::Id::of(&self.order.digest())
    }

    /// The job at its end, as far as the restarted node knows it.
    fn job(&self) -> Result<JobView, WireError> {
        self.clinic.consumer().call(ask::JobShow { id: self.id(), wait_ms: 60_000 })
    }

    /// One outcome, one charge, a result to fetch, a trail that verifies, on line and off.
    fn is_mended(&self, stages: &[&str]) {
        let again: JobView = self.clinic.consumer().call(self.request()).unwrap();
        assert_eq!((&again.id, again.state), (&self.id(), JobState::Released), "{:?}", again.error);
        assert_eq!(self.clinic.see(&self.contract).runs_used, 1);
        let trail = self.clinic.auditor().trail();
        assert_eq!(of_job(&trail, again.id.as_str()), stages);
        let got = self.clinic.consumer().ok(&["result", "get", again.id.as_str()]);
        assert_eq!(got["result"]["samples"], qianmo_tests::SCREENING_ROWS);
        self.verifies();
    }

    fn verifies(&self) {
        let verified = self.clinic.auditor().ok(&["audit", "verify"]);
        assert_eq!(
            (&verified["verdict"], &verified["findings"]),
            (&"VERIFIED".into(), &serde_json::json!([]))
        );
        self.clinic.node.stop();
        let (dir, root) = (self.clinic.node.dir(), self.clinic.federation.root());
        let offline = ["audit", "verify", "--dir", dir.to_str().unwrap(), "--root", root.to_str().unwrap()];
        assert_eq!(self.clinic.federation.terminal().ok(&offline)["verdict"], "VERIFIED");
    }
}

#[test]
fn a_crash_before_the_intent_leaves_no_job_and_no_charge() {
    let wreck = Wreck::at("decided");
    wreck.clinic.node.start();
    assert_eq!(wreck.job().unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(wreck.clinic.see(&wreck.contract).runs_used, 0);
    wreck.is_mended(&["intent", "outcome"]);
}

#[test]
fn a_crash_after_the_intent_lets_the_job_run_on_its_charge() {
    let wreck = Wreck::at("intended");
    wreck.clinic.node.start();
    assert_eq!(wreck.job().unwrap().state, JobState::Released);
    wreck.is_mended(&["intent", "fact", "outcome"]);
}

#[test]
fn a_crash_after_the_run_lets_it_run_again_for_one_outcome() {
    let wreck = Wreck::at("ran");
    wreck.clinic.node.start();
    assert_eq!(wreck.job().unwrap().state, JobState::Released);
    wreck.is_mended(&["intent", "fact", "outcome"]);
}

#[test]
fn a_crash_after_the_result_is_stored_lets_it_run_again_for_one_outcome() {
    let wreck = Wreck::at("stored");
    wreck.clinic.node.start();
    assert_eq!(wreck.job().unwrap().state, JobState::Released);
    wreck.is_mended(&["intent", "fact", "outcome"]);
}

#[test]
fn a_crash_after_the_outcome_changes_nothing() {
    let wreck = Wreck::at("ended");
    wreck.clinic.node.start();
    assert_eq!(wreck.job().unwrap().state, JobState::Released);
    wreck.is_mended(&["intent", "outcome"]);
}

#[test]
fn a_job_that_takes_the_node_down_twice_is_given_up_and_not_charged() {
    let wreck = Wreck::at("intended");
    wreck.clinic.node.launch(&["--crash-at", "ran"]);
    assert_eq!(wreck.clinic.node.wait_for_end().exit, None);
    wreck.clinic.node.start();
    let job = wreck.job().unwrap();
    assert_eq!((job.state, job.error.unwrap().code), (JobState::Failed, ErrorCode::Interrupted));
    assert_eq!(wreck.clinic.see(&wreck.contract).runs_used, 0);
    let trail = wreck.clinic.auditor().trail();
    assert_eq!(of_job(&trail, wreck.id().as_str()), ["intent", "fact", "outcome"]);
    wreck.verifies();
}

#[test]
fn a_node_killed_while_a_job_runs_takes_it_up_again() {
    let clinic = Clinic::new();
    let (job, contract) = clinic.endless_job();
    clinic.node.kill9();
    clinic.node.start();
    let running: JobView = clinic.consumer().call(ask::JobShow { id: job.id.clone(), wait_ms: 0 }).unwrap();
    assert!(!running.state.is_over(), "{running:?}");
    let stopped: JobView = clinic.consumer().call(ask::JobStop { id: job.id.clone() }).unwrap();
    assert_eq!(stopped.error.unwrap().code, ErrorCode::Stopped);
    assert_eq!(clinic.see(&contract).runs_used, 1);
    assert_eq!(of_job(&clinic.auditor().trail(), job.id.as_str()), ["intent", "fact", "outcome"]);
    assert_eq!(clinic.auditor().ok(&["audit", "verify"])["verdict"], "VERIFIED");
}

#[test]
fn a_node_told_to_stop_does_not_wait_for_an_endless_job() {
    let clinic = Clinic::new();
    let (job, contract) = clinic.endless_job();
    clinic.node.stop();
    clinic.node.start();
    let show = ask::JobShow { id: job.id.clone(), wait_ms: 0 };
    assert!(!clinic.consumer().call(show).unwrap().state.is_over());
    let stopped: JobView = clinic.consumer().call(ask::JobStop { id: job.id.clone() }).unwrap();
    assert_eq!(stopped.error.unwrap().code, ErrorCode::Stopped);
    assert_eq!(clinic.see(&contract).runs_used, 1);
    assert_eq!(of_job(&clinic.auditor().trail(), job.id.as_str()), ["intent", "fact", "outcome"]);
}

#[test]
fn a_job_whose_contract_ended_while_the_node_was_down_is_not_taken_up_again() {
    let clinic = Clinic::with(|node| node.set_time(now_ms()), &[]);
    let model = clinic.bring("loop_forever");
    let until_ms = now_ms() + 600_000;
    let contract = clinic.contract(&qianmo_tests::Ask { until_ms, ..clinic.terms(model) });
    let order = clinic.consumer().person.sign(&clinic.run(&contract, model, "{}"));
    let job: JobView = clinic.consumer().call(ask::JobRun { order, wait_ms: 0 }).unwrap();
    clinic.node.kill9();
    clinic.node.set_time(until_ms + 1);
    clinic.node.start();
    let ended: JobView = clinic.consumer().call(ask::JobShow { id: job.id, wait_ms: 0 }).unwrap();
    assert_eq!((ended.state, ended.error.unwrap().code), (JobState::Failed, ErrorCode::Contract));
}
