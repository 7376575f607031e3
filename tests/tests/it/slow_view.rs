//! Jobs that wait for a view which yields no row for long: they end when they are told to, and when their time is up.

use std::fs;

use qianmo_proto::{
    ContractId, ErrorCode, JobId, JobOrder, ask,
    views::{JobState, JobView},
};
use qianmo_tests::{Ask, Clinic, Node, descriptor, of_job};

/// A count of all pairs of rows: nothing is yielded until the join, which lets go of its thread, is through.
const COUNT: &str = "SELECT count(*) AS n FROM source a JOIN source b \
                     ON CAST(a.mean_radius AS DOUBLE) + CAST(b.mean_radius AS DOUBLE) > 20";

/// Pairs of rows that were there once: the join looks for one for long, and lets go of nothing meanwhile.
const SEARCH: &str = "SELECT CAST(a.benign AS BIGINT) AS n FROM source a JOIN source b \
                      ON CAST(a.mean_radius AS DOUBLE) + CAST(b.mean_radius AS DOUBLE) < 30";

/// So many rows that to look at each pair of them takes a minute or more.
const GROWN: usize = 60_000;

/// A clinic with a dataset `pairs` that was small when it was listed.
struct Slow {
    clinic: Clinic,
    contract: ContractId,
}

impl Slow {
    fn new(select: &str, configure: impl FnOnce(&Node)) -> Self {
        let clinic = Clinic::with(configure, &[]);
        let rows = |row: &str, count| format!("mean_radius,benign\n{}", row.repeat(count));
        clinic.node.put_data("pairs.csv", rows("12.5,1\n", 12));
        let view = format!("\n[view]\nsql = \"{select}\"\n\n[[field]]");
        let listed = descriptor("pairs", "pairs.csv", &[("n", "int64")]).replacen("\n[[field]]", &view, 1);
        let file = clinic.federation.dir().join("pairs.toml");
        fs::write(&file, listed).unwrap();
        clinic.steward().ok(&["data", "add", file.to_str().unwrap()]);
        clinic.node.put_data("pairs.csv", rows("50.5,1\n", GROWN));
        let ask =
            Ask { runs: 2, fields: vec!["n".to_owned()], ..Ask::new("hospital-a/pairs", clinic.counter()) };
        let contract = clinic.contract(&ask);
        Self { clinic, contract }
    }

    /// Orders a job that waits for rows, or for its place.
    fn job(&self) -> JobId {
        let dataset = "hospital-a/pairs".parse().unwrap();
        let order = JobOrder { dataset, ..self.clinic.count(&self.contract) };
        let order = self.clinic.consumer().person.sign(&order);
        let job: JobView = self.clinic.consumer().call(ask::JobRun { order, wait_ms: 300 }).unwrap();
        assert!(!job.state.is_over(), "{:?}", job.error);
        job.id
    }

    /// The job fails long before its view would yield a row, for the consumer to pay.
    #[track_caller]
    fn ended(&self, id: &JobId) -> (ErrorCode, String) {
        let show = ask::JobShow { id: id.clone(), wait_ms: 30_000 };
        let job: JobView = self.clinic.consumer().call(show).unwrap();
        assert_eq!(job.state, JobState::Failed);
        assert_eq!(of_job(&self.clinic.auditor().trail(), id.as_str()), ["intent", "outcome"]);
        let error = job.error.unwrap();
        (error.code, error.message)
    }

    fn revoke(&self) {
        let request = ask::ContractRevoke { id: self.contract.clone(), reason: "no longer".to_owned() };
        let _ = self.clinic.steward().call(request).unwrap();
    }

    fn stop(&self, id: &JobId) {
        let _: JobView = self.clinic.consumer().call(ask::JobStop { id: id.clone() }).unwrap();
    }

    #[track_caller]
    fn charged(&self, runs: u32) {
        assert_eq!(self.clinic.see(&self.contract).runs_used, runs);
        assert_eq!(self.clinic.auditor().ok(&["audit", "verify"])["verdict"], "VERIFIED");
    }
}

#[test]
fn a_revoked_contract_stops_a_job_that_waits_for_rows() {
    for select in [COUNT, SEARCH] {
        let slow = Slow::new(select, |_| ());
        let job = slow.job();
        slow.revoke();
        assert_eq!(slow.ended(&job).0, ErrorCode::Stopped, "{select}");
        slow.charged(1);
    }
}

#[test]
fn a_job_that_waits_for_rows_and_one_that_waits_for_its_place_can_be_stopped() {
    let slow = Slow::new(SEARCH, |node| node.configure("limits", "jobs = 1"));
    let (reads, waits) = (slow.job(), slow.job());
    for id in [waits, reads] {
        slow.stop(&id);
        assert_eq!(slow.ended(&id).0, ErrorCode::Stopped);
    }
    slow.charged(1); // who waited for a place has had nothing
    slow.clinic.still_serves();
    slow.clinic.node.stop();
}

#[test]
fn a_job_that_waits_for_rows_ends_with_its_time() {
    for select in [COUNT, SEARCH] {
        let slow = Slow::new(select, |node| node.configure("sandbox", "wall_s = 1"));
        let job = slow.job();
        let (code, message) = slow.ended(&job);
        assert_eq!(code, ErrorCode::Limit, "{select}");
        assert!(message.contains("time limit of 1000 ms"), "{message}");
        slow.charged(1);
    }
}
