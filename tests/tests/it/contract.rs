//! A contract grants what it says: until then, so often, this data, these models, these parameters.

use std::collections::BTreeSet;

use qianmo_proto::{
    ErrorCode, JobOrder, WireError, ask,
    contract::OutputKind,
    views::{JobState, JobView},
};
use qianmo_tests::{Ask, Clinic, block_on, now_ms, of_job};

#[track_caller]
fn refused(result: Result<JobView, WireError>, code: ErrorCode, policy: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(&format!("[{policy}]")), "{policy} is missing in {error}");
}

#[test]
fn an_expired_contract_grants_nothing() {
    let clinic = Clinic::with(|node| node.set_time(now_ms()), &[]);
    let until_ms = now_ms() + 60_000;
    let contract = clinic.contract(&Ask { until_ms, ..clinic.terms(clinic.counter()) });
    clinic.node.set_time(until_ms + 1);
    refused(clinic.consumer().order(&clinic.count(&contract)), ErrorCode::Contract, "contract-expired");
    let view = clinic.see(&contract);
    assert_eq!((view.runs_used, view.reason.as_deref()), (0, Some("expired")));
}

#[test]
fn a_request_with_an_end_in_the_past_is_refused() {
    let clinic = Clinic::shared();
    let error =
        clinic.consumer().ask(&Ask { until_ms: now_ms() - 1, ..clinic.terms(clinic.counter()) }).unwrap_err();
    assert_eq!(error.code, ErrorCode::BadRequest, "{error}");
}

#[test]
fn a_job_that_runs_when_its_contract_ends_is_stopped() {
    let clinic = Clinic::with(|node| node.set_time(now_ms()), &[]);
    let model = clinic.bring("loop_forever");
    let until_ms = now_ms() + 60_000;
    let contract = clinic.contract(&Ask { until_ms, ..clinic.terms(model) });
    clinic.node.set_time(until_ms - 50);
    let job = clinic.consumer().order(&clinic.run(&contract, model, "{}")).unwrap();
    assert_eq!(job.error.unwrap().code, ErrorCode::Limit);
}

#[test]
fn a_spent_contract_grants_nothing_more() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&Ask { runs: 2, ..clinic.terms(clinic.counter()) });
    for used in 1..=2 {
        let job = clinic.consumer().order(&clinic.count(&contract)).unwrap();
        assert_eq!((job.state, clinic.see(&contract).runs_used), (JobState::Released, used));
    }
    refused(clinic.consumer().order(&clinic.count(&contract)), ErrorCode::Contract, "contract-spent");
    assert_eq!(clinic.see(&contract).reason.as_deref(), Some("all runs are spent"));
}

#[test]
fn an_order_beside_the_contract_is_refused_and_costs_nothing() {
    let clinic = Clinic::shared();
    let consumer = clinic.consumer();
    let fixed = r#"{"of":"rows"}"#;
    let ask = Ask { params: Some(fixed.to_owned()), ..clinic.terms(clinic.counter()) };
    let contract = clinic.contract(&ask);
    let good = clinic.count(&contract);

    let other_params = clinic.run(&contract, clinic.counter(), r#"{"of":"cells"}"#);
    refused(consumer.order(&other_params), ErrorCode::Order, "other-parameters");
    let spaced = clinic.run(&contract, clinic.counter(), r#"{"of": "rows"}"#);
    refused(consumer.order(&spaced), ErrorCode::Order, "other-parameters");
    let other_model = clinic.run(&contract, clinic.bring("honest"), fixed);
    refused(consumer.order(&other_model), ErrorCode::Order, "other-model");
    let federated = JobOrder { params: good.params.clone(), ..clinic.round(&contract, clinic.glm(), 1, 0) };
    refused(consumer.order(&federated), ErrorCode::Order, "other-output");
    let unknown = JobOrder { contract: "ctr-0123456789abcdef0123".parse().unwrap(), ..good.clone() };
    refused(consumer.order(&unknown), ErrorCode::Contract, "no-contract");
    assert_eq!(clinic.see(&contract).runs_used, 0);
    assert_eq!(consumer.order(&good).unwrap().state, JobState::Released);
}

#[test]
fn a_contract_is_for_one_dataset() {
    let clinic = Clinic::shared();
    let listed = qianmo_tests::descriptor("elsewhere", "screening-a.csv", &[("mean_radius", "float64")]);
    let _ = clinic.steward().call(ask::DataAdd { descriptor: listed }).unwrap();
    let contract = clinic.contract(&clinic.terms(clinic.counter()));
    let dataset = "hospital-a/elsewhere".parse().unwrap();
    let order = JobOrder { dataset, ..clinic.count(&contract) };
    refused(clinic.consumer().order(&order), ErrorCode::Order, "contract-other-dataset");
    let dataset = "hospital-b/screening".parse().unwrap();
    let order = JobOrder { dataset, ..clinic.count(&contract) };
    assert_eq!(clinic.consumer().order(&order).unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn a_contract_is_for_one_consumer() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&clinic.terms(clinic.counter()));
    let zhou = clinic.federation.person("university", "consumer", "zhou-2");
    let other = qianmo_tests::Session { person: &zhou, node: &clinic.node };
    refused(other.order(&clinic.count(&contract)), ErrorCode::Contract, "contract-of-another");
    other.fails(&["contract", "show", contract.as_str()]).is(7, "QM-1006", &[]);
}

#[test]
fn a_model_sees_the_fields_of_the_contract_and_no_others() {
    let clinic = Clinic::shared();
    let (stats, fields) = (clinic.stats(), vec!["benign".to_owned()]);
    let contract = clinic.contract(&Ask { fields, runs: 2, ..clinic.terms(stats) });
    // mean_radius is a field of the dataset, not of the contract: for the model it is not there.
    let other = clinic.run(&contract, stats, r#"{"columns":["mean_radius"]}"#);
    let job = clinic.consumer().order(&other).unwrap();
    assert_eq!(job.error.unwrap().code, ErrorCode::ModelFailed);
    let everything = clinic.run(&contract, stats, "{}");
    let job = clinic.consumer().order(&everything).unwrap();
    let got = clinic.consumer().ok(&["result", "get", job.id.as_str()]);
    assert_eq!(got["result"]["tables"][0]["columns"][0]["cells"]["text"], serde_json::json!(["benign"]));
    let trail = clinic.auditor().trail();
    let outcome = trail.iter().rfind(|entry| entry.0["id"] == job.id.as_str()).unwrap();
    let rows: usize = got["result"]["tables"].as_array().unwrap().iter().map(rows_of).sum();
    assert!(rows > 0 && outcome.0["data"]["rows"] == rows, "{rows} rows have left: {outcome:?}");

    let fields = vec!["salary".to_owned()];
    let error = clinic.consumer().ask(&Ask { fields, ..clinic.terms(clinic.counter()) }).unwrap_err();
    assert!(error.message.contains("unknown-fields"), "{error}");
}

#[test]
fn the_same_order_sent_twice_is_one_job_and_one_charge() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&Ask { runs: 5, ..clinic.terms(clinic.counter()) });
    let order = clinic.consumer().person.sign(&clinic.count(&contract));
    let (one, two) = (clinic.consumer().connect(), clinic.consumer().connect());
    let send = || ask::JobRun { order: order.clone(), wait_ms: 60_000 };
    let (first, second) = block_on(async { tokio::join!(one.call(send()), two.call(send())) });
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.state, second.state), (JobState::Released, JobState::Released));
    let late: JobView = clinic.consumer().call(send()).unwrap();
    assert_eq!(BTreeSet::from([&first.id, &second.id, &late.id]).len(), 1);
    assert_eq!(clinic.see(&contract).runs_used, 1);
    let trail = clinic.auditor().trail();
    assert_eq!(of_job(&trail, first.id.as_str()), ["intent", "outcome"]);
}

#[test]
fn of_two_orders_for_the_last_run_exactly_one_wins() {
    let clinic = Clinic::shared();
    let (one, two) = (clinic.consumer().connect(), clinic.consumer().connect());
    for _ in 0..8 {
        let contract = clinic.contract(&clinic.terms(clinic.counter()));
        let order = || {
            let order = clinic.consumer().person.sign(&clinic.count(&contract));
            ask::JobRun { order, wait_ms: 60_000 }
        };
        let (a, b) = (order(), order());
        let (a, b) = block_on(async { tokio::join!(one.call(a), two.call(b)) });
        let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
        assert_eq!(won.unwrap().state, JobState::Released);
        refused(lost, ErrorCode::Contract, "contract-spent");
        assert_eq!(clinic.see(&contract).runs_used, 1);
    }
}

#[test]
fn a_federated_run_counts_once_and_its_rounds_are_bounded() {
    let clinic = Clinic::shared();
    let glm = clinic.glm();
    let ask = Ask { rounds: 2, kinds: vec![OutputKind::Update], ..clinic.terms(glm) };
    let contract = clinic.contract(&ask);
    let order = |run, round| clinic.consumer().order(&clinic.round(&contract, glm, run, round));
    assert_eq!(order(7, 0).unwrap().state, JobState::Released);
    // The same round once more is another job of the same run.
    assert_eq!(order(7, 0).unwrap().state, JobState::Released);
    refused(order(7, 0), ErrorCode::Contract, "rounds-exceeded");
    refused(order(7, 2), ErrorCode::Contract, "rounds-exceeded");
    refused(order(8, 0), ErrorCode::Contract, "contract-spent");
    assert_eq!(clinic.see(&contract).runs_used, 1);
}

#[test]
fn a_revoked_contract_stops_its_running_job() {
    let clinic = Clinic::shared();
    let (job, contract) = clinic.endless_job();
    let reason = "no longer".to_owned();
    let _ = clinic.steward().call(ask::ContractRevoke { id: contract.clone(), reason }).unwrap();
    let ended: JobView = clinic.consumer().call(ask::JobShow { id: job.id, wait_ms: 30_000 }).unwrap();
    assert_eq!((ended.state, ended.error.unwrap().code), (JobState::Failed, ErrorCode::Stopped));
    refused(clinic.consumer().order(&clinic.count(&contract)), ErrorCode::Contract, "contract-not-in-force");
}

/// Rows of a table of a result.
fn rows_of(table: &serde_json::Value) -> usize {
    table["contributors"].as_array().unwrap().len()
}
