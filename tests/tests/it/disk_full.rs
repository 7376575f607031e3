//! A disk that fills up under the trail: what cannot be recorded is not done, and is done when there is room.

use std::{fs, sync::Arc};

use qianmo_net::clock::SystemClock;
use qianmo_node::{
    config::Config,
    node::{Node, ServeOptions},
};
use qianmo_proto::{
    ErrorCode, ask,
    views::{JobState, JobView},
};
use qianmo_tests::{Ask, Clinic, block_on, of_job};
use qianmo_trail::storage::{MemStorage, Storage as _, Survival};

/// Runs the clinic's stopped node in this process, its trail on `disk`.
fn run_on(clinic: &Clinic, disk: &MemStorage) -> Node {
    let config = Config::load(clinic.node.dir()).unwrap();
    let options = ServeOptions { storage: Some(disk.clone()), ..ServeOptions::default() };
    let node = block_on(Node::bind(config, Arc::new(SystemClock), options)).unwrap();
    clinic.node.runs_in_process(node.address());
    node
}

/// A clinic whose trail has moved to a disk that a test can fill.
fn on_a_small_disk() -> (Clinic, MemStorage, Node) {
    let clinic = Clinic::new();
    clinic.node.stop();
    let disk = MemStorage::new();
    for file in fs::read_dir(clinic.node.dir().join("trail")).unwrap() {
        let file = file.unwrap();
        disk.set(file.file_name().to_str().unwrap(), Some(fs::read(file.path()).unwrap()));
    }
    let node = run_on(&clinic, &disk);
    (clinic, disk, node)
}

/// Stops the node and verifies, as an auditor would, what is on `disk`.
fn verifies(clinic: &Clinic, disk: &MemStorage, node: Node) {
    block_on(node.shutdown());
    let dir = clinic.federation.dir().join("left");
    fs::create_dir(&dir).unwrap();
    for (name, _) in disk.list().unwrap() {
        fs::write(dir.join(&name), disk.get(&name).unwrap()).unwrap();
    }
    let file = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let (dir, root) = (file(dir), file(clinic.federation.root()));
    let (certificate, crl) =
        (file(clinic.node.dir().join("node.crt")), file(clinic.node.dir().join("crl.pem")));
    let args =
        ["audit", "verify", "--dir", &dir, "--root", &root, "--certificate", &certificate, "--crl", &crl];
    assert_eq!(clinic.federation.terminal().ok(&args)["verdict"], "VERIFIED");
}

#[test]
fn what_cannot_be_recorded_is_not_done() {
    let (clinic, disk, node) = on_a_small_disk();
    let contract = clinic.contract(&Ask { runs: 3, ..clinic.terms(clinic.counter()) });
    let order = clinic.consumer().person.sign(&clinic.count(&contract));
    let run = || {
        let request = ask::JobRun { order: order.clone(), wait_ms: 60_000 };
        clinic.consumer().call(request)
    };
    let peer = ["peer", "add", "qianmo://hospital-b/node/main", "127.0.0.1:9"];

    for room in [0, 100] {
        disk.set_capacity(Some(disk.used() + room));
        clinic.admin().fails(&peer).is(8, "QM-1501", &["nothing was done"]);
        assert_eq!(run().unwrap_err().code, ErrorCode::TrailUnavailable);
        assert_eq!(clinic.admin().ok(&["peer", "ls"]), serde_json::json!([]));
        assert_eq!(clinic.see(&contract).runs_used, 0);
        assert_eq!(clinic.steward().ok(&["job", "ls"]), serde_json::json!([]));
        clinic.still_serves();
    }

    disk.set_capacity(None);
    clinic.admin().ok(&peer);
    assert_eq!(clinic.admin().ok(&["peer", "ls"]).as_array().unwrap().len(), 1);
    let job = run().unwrap();
    assert_eq!(job.state, JobState::Released);
    assert_eq!(clinic.see(&contract).runs_used, 1);
    assert_eq!(of_job(&clinic.auditor().trail(), job.id.as_str()), ["intent", "outcome"]);
    verifies(&clinic, &disk, node);
}

#[test]
fn an_outcome_that_found_no_room_is_made_up_for_when_there_is_some() {
    let (clinic, disk, node) = on_a_small_disk();
    let (job, contract) = clinic.endless_job();
    disk.set_capacity(Some(disk.used()));
    let stop = || clinic.consumer().call(ask::JobStop { id: job.id.clone() }).unwrap();
    assert_eq!(stop().state, JobState::Running, "there is no outcome without its entry");
    assert_eq!(clinic.see(&contract).runs_used, 1);
    clinic.still_serves();

    disk.set_capacity(None);
    let ended: JobView =
        clinic.consumer().call(ask::JobShow { id: job.id.clone(), wait_ms: 60_000 }).unwrap();
    assert_eq!((ended.state, ended.error.unwrap().code), (JobState::Failed, ErrorCode::Stopped));
    assert_eq!(of_job(&clinic.auditor().trail(), job.id.as_str()), ["intent", "outcome"]);
    verifies(&clinic, &disk, node);
}

#[test]
fn an_outcome_in_doubt_is_recorded_once() {
    let (clinic, disk, node) = on_a_small_disk();
    // A commit syncs the entries, then replaces the checkpoint in two steps: cut off before, between and after them.
    for step in 0..3 {
        let (job, _) = clinic.endless_job();
        disk.fail_step_in(step);
        let stop = ask::JobStop { id: job.id.clone() };
        let ended: JobView = clinic.consumer().call(stop).unwrap();
        assert_eq!(ended.state, JobState::Failed, "step {step}: it is tried again within seconds");
        assert_eq!(of_job(&clinic.auditor().trail(), job.id.as_str()), ["intent", "outcome"], "step {step}");
    }
    verifies(&clinic, &disk, node);
}

#[test]
fn an_outcome_that_found_no_room_is_made_up_for_at_the_next_start() {
    let (clinic, disk, node) = on_a_small_disk();
    let (job, contract) = clinic.endless_job();
    disk.set_capacity(Some(disk.used()));
    let stopped: JobView = clinic.consumer().call(ask::JobStop { id: job.id.clone() }).unwrap();
    assert_eq!(stopped.state, JobState::Running, "there is no outcome without its entry");
    let fetched = clinic.consumer().fails(&["result", "get", job.id.as_str()]);
    assert_ne!(fetched.exit, 0);
    block_on(node.shutdown());

    let left = disk.after_power_loss(Survival::None);
    let node = run_on(&clinic, &left);
    let stopped: JobView = clinic.consumer().call(ask::JobStop { id: job.id.clone() }).unwrap();
    assert_eq!((stopped.state, stopped.error.unwrap().code), (JobState::Failed, ErrorCode::Stopped));
    assert_eq!(clinic.see(&contract).runs_used, 1);
    assert_eq!(of_job(&clinic.auditor().trail(), job.id.as_str()), ["intent", "fact", "outcome"]);
    verifies(&clinic, &left, node);
}
