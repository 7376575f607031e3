//! Trails as earlier versions wrote them, and as a later one might.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use qianmo_proto::views::ContractState;
use qianmo_trail::{
    Stage,
    event::Actor,
    storage::FileStorage,
    verify::{Verdict, verify_dir},
};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{keys::load_soft, start::StartError, store::state::Standing};

const ORIGIN: &str = "qianmo://hospital-a/node/main";

/// One trail a release, made by that release's program with every kind of entry that it writes, and what it then
/// told of it. The key signed nothing else.
const RELEASES: [&str; 1] = ["trail-0.1"];

fn fixture(name: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    dir
}

fn open(dir: &Path) -> Trail {
    let key = dir.join("node.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let keys = load_soft(&key, None, None).unwrap();
    Trail::open(FileStorage::open(dir).unwrap(), ORIGIN, keys, 0).unwrap().0
}

fn folder(dir: &Path, trail: &Trail) -> Result<Folder, StartError> {
    Folder::open(&dir.join("index"), trail).map_err(StartError::from)
}

/// What a node tells of its state, as `known.json` has it.
fn known(state: &State, now_ms: i64) -> Value {
    let requests: BTreeMap<_, _> =
        state.requests.iter().map(|(id, request)| (id, (request.state, &request.reason))).collect();
    let contracts: BTreeMap<_, _> = state
        .contracts
        .iter()
        .map(|(id, contract)| {
            let (state, reason) = match contract.state(now_ms) {
                Standing::InForce => (ContractState::Finalized, None),
                Standing::Revoked => (ContractState::Terminated, contract.revoked.as_deref()),
                Standing::Expired => (ContractState::Terminated, Some("expired")),
                Standing::Spent => (ContractState::Terminated, Some("all runs are spent")),
            };
            (id, (state, contract.runs_used(), reason))
        })
        .collect();
    let jobs: BTreeMap<_, _> = state
        .jobs
        .iter()
        .map(|(id, job)| (id, (job.state, job.error.as_ref().map(|error| error.code))))
        .collect();
    json!({
        "peers": state.peers,
        "datasets": state.datasets.values().map(|dataset| &dataset.meta.id).collect::<Vec<_>>(),
        "models": state.models.iter().map(|(digest, model)| (digest.to_string(), &model.name)).collect::<BTreeMap<_, _>>(),
        "requests": requests,
        "contracts": contracts,
        "jobs": jobs,
    })
}

#[test]
fn the_trail_of_every_release_opens_verifies_and_folds_to_what_it_knew() {
    for release in RELEASES {
        let dir = fixture(release);
        let report = verify_dir(dir.path(), Some(open(dir.path()).key()), None);
        assert_eq!(report.verdict, Verdict::Verified, "{release}: {report:?}");
        let trail = open(dir.path());
        let folder = folder(dir.path(), &trail).unwrap();
        assert_eq!(folder.size, trail.size());
        let last = Event::parse(&trail.entry(trail.size() - 1).unwrap()).unwrap();
        let told: Value = serde_json::from_slice(&fs::read(dir.path().join("known.json")).unwrap()).unwrap();
        let state = folder.state.read().unwrap();
        assert_eq!(known(&state, last.time_ms), told, "{release}");
    }
}

/// Puts an entry of a later version onto a trail of this one.
fn append(trail: &mut Trail, action: &str, body: Value) {
    let action = action.parse().unwrap();
    let mut draft = EventDraft::new("later", Stage::Fact, 0, Actor::node(ORIGIN), action);
    draft.body = Some(body);
    let entry = draft.into_event(trail.size()).to_entry().unwrap();
    trail.append(&[entry], 0).unwrap();
}

#[test]
fn a_node_does_not_start_over_an_entry_that_it_does_not_understand() {
    let contract = "ctr-df812bb564ffedc014c7";
    for body in [
        json!({"fact": "contract-suspended", "id": contract}),
        json!({"fact": "contract-revoked", "id": contract, "reason": "over", "and": ["ctr-1d92d057c3a03838c8ac"]}),
    ] {
        let dir = fixture("trail-0.1");
        let mut trail = open(dir.path());
        let size = trail.size();
        folder(dir.path(), &trail).unwrap();
        append(&mut trail, "contract.suspend", body);
        let refused = folder(dir.path(), &trail).err().unwrap();
        let told = refused.to_string();
        assert!(matches!(refused, StartError::Entry { seq, .. } if seq == size), "{told}");
        assert!(told.contains("(contract.suspend)") && told.contains("newer"), "{told}");
    }
}

#[test]
fn an_event_of_a_later_schema_is_named_too() {
    let dir = fixture("trail-0.1");
    let mut trail = open(dir.path());
    let (seq, entry) = (trail.size(), r#"{"v":2,"seq":70,"action":"contract.suspend"}"#);
    trail.append(&[entry.as_bytes().to_vec()], 0).unwrap();
    let refused = folder(dir.path(), &trail).err().unwrap();
    assert!(
        matches!(&refused, StartError::Entry { seq: at, action, .. } if *at == seq && action == "contract.suspend")
    );
}
