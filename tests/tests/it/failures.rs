//! A job that fails: its consumer learns what does not depend on the rows, its steward the rest, and who is charged.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    ContractId, ErrorCode, JobOrder, World, ask,
    views::{By, JobState, JobView, LogView, WhyView},
};
use qianmo_tests::{Ask, Clinic, attack, descriptor, eventually};

const COLUMNS: [(&str, &str); 2] = [("weight", "float64"), ("ill", "int64")];

/// Lists `name` at the clinic: twenty rows of which the first is `first`.
fn list(clinic: &Clinic, name: &str, first: &str, columns: &[(&str, &str)]) {
    let header: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
    let rows = format!("{}\n{first}\n{}", header.join(","), "60,0\n".repeat(19));
    clinic.node.put_data(&format!("{name}.csv"), &rows);
    let descriptor = descriptor(name, &format!("{name}.csv"), columns);
    clinic.steward().call(ask::DataAdd { descriptor }).unwrap();
}

/// Runs of `model` over the columns of `dataset`.
fn contract(clinic: &Clinic, dataset: &str, model: Digest) -> ContractId {
    let fields = COLUMNS.iter().map(|(column, _)| (*column).to_owned()).collect();
    let dataset = format!("hospital-a/{dataset}");
    clinic.contract(&Ask { dataset, fields, runs: 5, ..clinic.terms(model) })
}

fn run(clinic: &Clinic, dataset: &str, contract: &ContractId, model: Digest, params: &str) -> JobView {
    let dataset = format!("hospital-a/{dataset}").parse().unwrap();
    clinic.consumer().order(&JobOrder { dataset, ..clinic.run(contract, model, params) }).unwrap()
}

/// Everything the consumer can see of the job, without what differs between two runs of an honest model, too.
fn seen(clinic: &Clinic, job: &JobView) -> String {
    let why: WhyView = clinic.consumer().call(ask::JobWhy { id: job.id.clone() }).unwrap();
    let reasons: Vec<_> = why.reasons.iter().filter(|reason| reason.by != By::Policy).collect();
    format!("{:?} {:?} {:?} {reasons:?}", why.job.state, why.job.error, why.job.charged)
}

fn log(clinic: &Clinic, job: &JobView) -> String {
    let log: LogView = clinic.steward().call(ask::JobLogs { id: job.id.clone() }).unwrap();
    log.lines.into_iter().map(|line| line.message).collect()
}

#[test]
fn a_failed_model_tells_its_consumer_nothing_of_a_cell() {
    let clinic = Clinic::shared();
    list(&clinic, "leak-one", "81.5,0", &COLUMNS);
    list(&clinic, "leak-two", "99.25,1", &COLUMNS);
    for (name, one, two) in [("rowserr", "1000008150", "1000009925"), ("errcode", "no-data", "numeric")] {
        let model = clinic.consumer().push(name, World::Analysis, &attack(name)).unwrap().digest;
        let fail = |dataset| {
            let contract = contract(&clinic, dataset, model);
            let job = run(&clinic, dataset, &contract, model, "{}");
            assert_eq!((job.state, job.charged), (JobState::Failed, true), "{job:?}");
            job
        };
        let (first, second) = (fail("leak-one"), fail("leak-two"));
        assert_eq!(seen(&clinic, &first), seen(&clinic, &second), "{name} tells two tables apart");
        assert_eq!(first.error.as_ref().unwrap().code, ErrorCode::ModelFailed);
        // Both are there for the steward, in the log and among the reasons.
        assert!(log(&clinic, &first).contains(one) && log(&clinic, &second).contains(two), "{name}");
        let why: WhyView = clinic.steward().call(ask::JobWhy { id: first.id }).unwrap();
        let said = why.reasons.iter().find(|reason| reason.by == By::Sandbox).unwrap();
        assert!(said.text.contains(one), "{said:?}");
    }
}

#[test]
fn a_model_tells_no_bit_by_a_source_that_breaks_after_the_first_row() {
    let clinic = Clinic::shared();
    let model = clinic.consumer().push("freebit", World::Analysis, &attack("freebit")).unwrap().digest;
    let fail = |dataset: &str, first: &str| {
        list(&clinic, dataset, first, &COLUMNS);
        let contract = contract(&clinic, dataset, model);
        // The steward's file changes under the contract: far behind the first batch a cell breaks.
        let rows = "60,0\n".repeat(300_000);
        clinic.node.put_data(&format!("{dataset}.csv"), format!("weight,ill\n{first}\n{rows}heavy,0\n"));
        let job = run(&clinic, dataset, &contract, model, "{}");
        assert_eq!(clinic.see(&contract).runs_used, 1, "{job:?}");
        job
    };
    let (small, large) = (fail("bit-small", "81.5,0"), fail("bit-large", "99.25,1"));
    assert_eq!(seen(&clinic, &small), seen(&clinic, &large));
    assert_eq!(small.error.as_ref().unwrap().code, ErrorCode::ModelFailed);
    assert!(log(&clinic, &small).contains("weight"), "the steward is told what broke");
}

#[test]
fn what_fails_before_the_first_row_costs_nothing_and_is_told_with_its_column() {
    let clinic = Clinic::shared();
    list(&clinic, "free", "81.5,0", &COLUMNS);
    let stats = clinic.stats();
    let contract = contract(&clinic, "free", stats);
    let fail = |params, word: &str| {
        let job = run(&clinic, "free", &contract, stats, params);
        let error = job.error.unwrap();
        assert!(error.message.contains(word), "{word:?} is missing in {error}");
        assert_eq!((job.state, job.charged), (JobState::Failed, false));
        assert_eq!(clinic.see(&contract).runs_used, 0, "{params}");
    };
    fail(r#"{"colums":["ill"]}"#, "bad-params");
    fail(r#"{"columns":["height"]}"#, "bad-schema");
    // The steward's file changes under the contract: a column goes, a cell breaks.
    clinic.node.put_data("free.csv", "ill\n1\n");
    fail("{}", "column weight is missing");
    clinic.node.put_data("free.csv", "weight,ill\n60,1\nheavy,0\n");
    fail("{}", "column weight holds a value that is not of its type");
    clinic.node.put_data("free.csv", format!("weight,ill\n{}", "60,0\n".repeat(20)));
    assert_eq!(run(&clinic, "free", &contract, stats, "{}").state, JobState::Released);
    assert_eq!(clinic.see(&contract).runs_used, 1);
}

#[test]
fn a_column_that_the_contract_leaves_out_is_named_to_who_asks_for_it() {
    let clinic = Clinic::shared();
    let stats = clinic.stats();
    let contract = clinic.contract(&Ask { fields: vec!["benign".to_owned()], ..clinic.terms(stats) });
    let order = clinic.run(&contract, stats, r#"{"columns":["mean_radius"]}"#);
    let error = clinic.consumer().order(&order).unwrap().error.unwrap();
    assert!(error.message.ends_with("the contract does not grant mean_radius"), "{error}");
    assert!(error.message_zh.as_ref().unwrap().ends_with("合约未授权参数所提的字段 mean_radius"));
}

#[test]
fn a_model_that_works_for_long_before_it_asks_for_rows_is_charged() {
    let clinic = Clinic::with(|node| node.configure("sandbox", "fuel = 2000000000"), &[]);
    let model = clinic.bring("loop_forever");
    let contract = clinic.contract(&clinic.terms(model));
    let job = clinic.consumer().order(&clinic.run(&contract, model, "{}")).unwrap();
    assert_eq!((job.error.unwrap().code, job.charged), (ErrorCode::Limit, true));
    assert_eq!(clinic.see(&contract).runs_used, 1);
}

#[test]
fn a_job_stopped_while_it_waits_costs_nothing() {
    let clinic = Clinic::with(|node| node.configure("limits", "jobs = 1"), &[]);
    let (first, _) = clinic.endless_job();
    let waits = clinic.contract(&clinic.terms(clinic.counter()));
    let order = clinic.consumer().person.sign(&clinic.count(&waits));
    let job: JobView = clinic.consumer().call(ask::JobRun { order, wait_ms: 0 }).unwrap();
    let stop = |id| clinic.consumer().call(ask::JobStop { id }).unwrap();
    let stopped = stop(job.id);
    assert_eq!((stopped.error.unwrap().code, stopped.charged), (ErrorCode::Stopped, false));
    assert_eq!(clinic.see(&waits).runs_used, 0);
    stop(first.id);
    eventually("a place", || {
        let job = clinic.consumer().order(&clinic.count(&waits)).ok()?;
        (job.state == JobState::Released).then_some(())
    });
    assert_eq!(clinic.see(&waits).runs_used, 1);
}
