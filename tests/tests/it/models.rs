//! Models that are none, break out, break down or never end: an error of the right kind, and the node goes on.

use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    ErrorCode, JobOrder, Lookup, ModelManifest, World, ask,
    views::{JobState, JobView},
};
use qianmo_tests::{Ask, Clinic, descriptor, guest};

#[test]
fn what_is_no_model_is_not_taken() {
    let clinic = Clinic::shared();
    let core_module = wat::parse_str("(module (func (export \"run\")))").unwrap();
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("text", b"#!/bin/sh\nrm -rf /\n".to_vec(), "not WebAssembly"),
        ("nothing", vec![], "not WebAssembly"),
        ("native", b"\x7fELF\x02\x01\x01".to_vec(), "machine code"),
        ("core-module", core_module, "core module"),
        ("truncated", guest("honest")[..200].to_vec(), "not valid"),
        ("clock", guest("wasi_clock"), "wasi:clocks"),
        ("secret", guest("abstract_type"), "secret"),
        ("idle", guest("no_exports"), "exports"),
        ("extra", guest("extra_export"), "exports"),
        ("greedy", guest("huge_memory"), "limit"),
        ("threads", guest("threads"), "not valid"),
        ("stubborn", guest("start_loops"), "cannot be instantiated"),
    ];
    for (name, bytes, word) in cases {
        let refused = clinic.consumer().push(name, World::Analysis, &bytes).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Model, "{name}: {refused}");
        assert!(refused.message.contains(word), "{name}: {word:?} is missing in {refused}");
    }
    let models = clinic.auditor().call(ask::ModelLs { lookup: Lookup::default() }).unwrap();
    assert!(models.items.iter().all(|model| model.name.as_str() != "clock"));
    clinic.still_serves();
}

#[test]
fn a_manifest_must_fit_its_component() {
    let clinic = Clinic::shared();
    let consumer = clinic.consumer();
    let bytes = guest("count_rows");
    let manifest = |digest: Digest, world| {
        let bytes = bytes.len() as u64;
        let name = "liar".parse().unwrap();
        let manifest = ModelManifest { v: 1, name, description: String::new(), world, digest, bytes };
        ask::ModelPush { manifest: consumer.person.sign(&manifest) }
    };
    for request in
        [manifest(sm3::digest(b"another"), World::Analysis), manifest(sm3::digest(&bytes), World::Federated)]
    {
        let refused = consumer.exchange(request, &bytes).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Model, "{refused}");
    }
}

/// A node with little fuel and memory, so that gluttons are found out soon.
fn tight() -> Clinic {
    Clinic::with(
        |node| {
            node.configure("sandbox", "fuel = 100000000");
            node.configure("sandbox", "memory_mib = 64");
        },
        &[],
    )
}

#[test]
fn hostile_models_fail_alone() {
    let clinic = tight();
    let hostile: [(&str, ErrorCode); 14] = [
        ("loop_forever", ErrorCode::Limit),
        ("log_flood", ErrorCode::Limit),
        ("eat_memory", ErrorCode::Limit),
        ("eat_memory_at_once", ErrorCode::Limit),
        ("terabyte", ErrorCode::Limit),
        ("large_vector", ErrorCode::Limit),
        ("too_many_rows", ErrorCode::Limit),
        ("unreachable", ErrorCode::ModelFailed),
        ("recursion", ErrorCode::ModelFailed),
        ("read_outside", ErrorCode::ModelFailed),
        ("not_a_number", ErrorCode::ModelFailed),
        ("wrong_shape", ErrorCode::ModelFailed),
        ("result_outside", ErrorCode::ModelFailed),
        ("error_message", ErrorCode::ModelFailed),
    ];
    let models: Vec<Digest> = hostile.iter().map(|(name, _)| clinic.bring(name)).collect();
    let contract =
        clinic.contract(&Ask { models: models.clone(), runs: 100, ..clinic.terms(clinic.counter()) });
    for ((name, code), model) in hostile.into_iter().zip(models) {
        let job = clinic.consumer().order(&clinic.run(&contract, model, "{}")).unwrap();
        let error = job.error.unwrap();
        assert_eq!((job.state, error.code), (JobState::Failed, code), "{name}: {error}");
        assert!(!error.message.contains("nobody"), "a model's own words stay with the owner: {error}");
        clinic.still_serves();
    }
    let honest = clinic.contract(&clinic.terms(clinic.counter()));
    assert_eq!(clinic.consumer().order(&clinic.count(&honest)).unwrap().state, JobState::Released);
}

#[test]
fn a_model_that_reads_nothing_is_held_for_resting_on_nobody() {
    let clinic = Clinic::shared();
    let model = clinic.bring("honest");
    let contract = clinic.contract(&clinic.terms(model));
    let job = clinic.consumer().order(&clinic.run(&contract, model, "{}")).unwrap();
    let error = job.error.unwrap();
    assert_eq!((job.state, error.code), (JobState::Held, ErrorCode::Held));
    assert!(error.message.contains("min-cell"), "{error}");
}

#[test]
fn text_leaves_without_leave_if_the_order_names_all_of_it() {
    let clinic = Clinic::new();
    let rows = [vec!["甲"; 20], vec!["乙"; 15]].concat().join("\n");
    clinic.node.put_data("kinds.csv", format!("kind\n{rows}\n"));
    let listed = descriptor("kinds", "kinds.csv", &[("kind", "utf8")]);
    let _ = clinic.steward().call(ask::DataAdd { descriptor: listed }).unwrap();
    let model = clinic.stats();
    let ask = Ask::new("hospital-a/kinds", model);
    let ask = Ask { fields: vec!["kind".to_owned()], strings: false, runs: 2, ..ask };
    let contract = clinic.contract(&ask);
    let run = |params: &str| {
        let dataset = "hospital-a/kinds".parse().unwrap();
        let order = JobOrder { dataset, ..clinic.run(&contract, model, params) };
        clinic.consumer().order(&order).unwrap()
    };
    let any = run(r#"{"group_by":"kind"}"#);
    assert_eq!(any.state, JobState::Held);
    assert!(any.error.unwrap().message.contains("strings"));
    let named = run(r#"{"group_by":"kind","groups":["甲","乙"]}"#);
    let got = clinic.consumer().ok(&["result", "get", named.id.as_str()]);
    let columns = &got["result"]["tables"][0]["columns"];
    assert_eq!(columns[0]["cells"], serde_json::json!({"text": ["乙", "甲"]}));
    assert_eq!(columns[1]["cells"], serde_json::json!({"int": [15, 20]}));
}

#[test]
fn a_running_job_can_be_stopped() {
    let clinic = Clinic::shared();
    let (job, contract) = clinic.endless_job();
    assert_eq!(job.state, JobState::Running);
    let running: JobView = clinic.consumer().call(ask::JobShow { id: job.id.clone(), wait_ms: 0 }).unwrap();
    assert_eq!(running.state, JobState::Running, "it runs until it is stopped");
    // The answer waits for the end, and not for long.
    let stopped: JobView = clinic.consumer().call(ask::JobStop { id: job.id.clone() }).unwrap();
    assert_eq!((stopped.state, stopped.error.unwrap().code), (JobState::Failed, ErrorCode::Stopped));
    assert_eq!(clinic.see(&contract).runs_used, 1, "who stops a job has had it");
    clinic.steward().fails(&["job", "stop", job.id.as_str()]).is(7, "QM-1007", &["not running"]);
}

#[test]
fn wall_time_ends_a_job() {
    let clinic = Clinic::with(|node| node.configure("sandbox", "wall_s = 1"), &[]);
    let model = clinic.bring("loop_forever");
    let contract = clinic.contract(&clinic.terms(model));
    let job = clinic.consumer().order(&clinic.run(&contract, model, "{}")).unwrap();
    assert_eq!(job.error.unwrap().code, ErrorCode::Limit);
    clinic.still_serves();
}

#[test]
fn endless_jobs_take_the_nodes_places_not_its_ear() {
    let clinic = Clinic::with(
        |node| {
            node.configure("limits", "jobs = 1");
            node.configure("limits", "jobs_queued = 2");
        },
        &[],
    );
    let (first, contract) = clinic.endless_job();
    let model = first.model;
    let ask = Ask { runs: 10, ..clinic.terms(model) };
    let more = clinic.contract(&ask);
    let order = || {
        let order = clinic.consumer().person.sign(&clinic.run(&more, model, "{}"));
        clinic.consumer().call(ask::JobRun { order, wait_ms: 0 })
    };
    let waiting = order().unwrap();
    let full = order().unwrap_err();
    assert_eq!(full.code, ErrorCode::Busy, "{full}");
    clinic.still_serves();
    assert_eq!(clinic.see(&more).runs_used, 1, "who was turned away pays nothing");

    let reason = "enough".to_owned();
    for id in [contract, more] {
        let revoke = ask::ContractRevoke { id, reason: reason.clone() };
        let _ = clinic.steward().call(revoke).unwrap();
    }
    for id in [first.id, waiting.id] {
        let job: JobView = clinic.consumer().call(ask::JobShow { id, wait_ms: 30_000 }).unwrap();
        assert_eq!(job.error.unwrap().code, ErrorCode::Stopped);
    }
}
