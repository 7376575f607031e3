//! The files of a stopped node, damaged: the index is made again, the trail is never trusted unread.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qianmo_tests::{Clinic, Ended, Failure, segment_entries};
use serde_json::Value;

/// What the node knows, but for signatures, which are new each time.
fn knowledge(clinic: &Clinic) -> Vec<Value> {
    let steward = clinic.steward();
    let mut known: Vec<Value> = [
        ["data", "ls"],
        ["model", "ls"],
        ["peer", "ls"],
        ["request", "ls"],
        ["contract", "ls"],
        ["job", "ls"],
    ]
    .iter()
    .map(|command| steward.ok(command))
    .collect();
    for job in known.last_mut().unwrap().as_array_mut().unwrap() {
        job["receipt"] = Value::Null;
    }
    known
}

/// A clinic with a bit of everything on its trail, stopped, and what it knew.
fn with_a_past() -> (Clinic, Vec<Value>) {
    let clinic = Clinic::new();
    clinic.admin().ok(&["peer", "add", "qianmo://hospital-b/node/main", "127.0.0.1:9"]);
    let contract = clinic.contract(&qianmo_tests::Ask { runs: 3, ..clinic.terms(clinic.counter()) });
    clinic.consumer().order(&clinic.count(&contract)).unwrap();
    clinic.consumer().ask(&clinic.terms(clinic.counter())).unwrap();
    let known = knowledge(&clinic);
    assert!(known.iter().all(|list| !list.as_array().unwrap().is_empty()), "{known:?}");
    clinic.node.stop();
    (clinic, known)
}

#[test]
fn a_lost_or_damaged_index_is_made_again_from_the_trail() {
    let (clinic, known) = with_a_past();
    let index = clinic.node.dir().join("index");
    fs::remove_dir_all(&index).unwrap();
    clinic.node.start();
    assert_eq!(knowledge(&clinic), known, "the index was removed");
    clinic.node.stop();

    for file in files(&index) {
        let garbage = vec![0xa5; fs::metadata(&file).unwrap().len().min(1 << 20) as usize];
        fs::write(file, garbage).unwrap();
    }
    clinic.node.start();
    assert_eq!(knowledge(&clinic), known, "the index was overwritten");
    clinic.node.stop();

    fs::remove_dir_all(&index).unwrap();
    fs::write(&index, "not a folder").unwrap();
    clinic.node.start();
    assert_eq!(knowledge(&clinic), known, "the index is no folder");
    clinic.node.stop();

    // The index of another node fits no trail but its own.
    let (other, _) = with_a_past();
    fs::remove_dir_all(&index).unwrap();
    copy(&other.node.dir().join("index"), &index);
    clinic.node.start();
    assert_eq!(knowledge(&clinic), known, "the index is another node's");
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let place = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(file, place).unwrap();
    }
}

/// The stopped node refuses to start over its trail.
fn does_not_start(clinic: &Clinic) -> Failure {
    clinic.node.try_start(&[]).unwrap_err().failure()
}

/// `audit verify` of the stopped node's folder.
fn verify(clinic: &Clinic) -> Ended {
    let (dir, root) = (clinic.node.dir(), clinic.federation.root());
    let args = ["audit", "verify", "--dir", dir.to_str().unwrap(), "--root", root.to_str().unwrap()];
    clinic.auditor().person.terminal().run(&args)
}

/// Asserts TAMPERED and returns the first problem that names an entry, or the first one.
fn tampered(clinic: &Clinic) -> Value {
    let ended = verify(clinic);
    assert_eq!(ended.exit, Some(2), "{ended}");
    let report = ended.answer();
    assert_eq!(report["verdict"], "TAMPERED");
    let problems = report["problems"].as_array().unwrap();
    problems.iter().find(|problem| problem["seq"].is_u64()).unwrap_or(&problems[0]).clone()
}

#[test]
fn a_flipped_byte_is_found_and_its_entry_named() {
    let (clinic, known) = with_a_past();
    let (segment, entries) = segment_entries(&clinic.node.dir().join("trail"));
    let good = fs::read(&segment).unwrap();
    for seq in [0, entries.len() / 2, entries.len() - 1] {
        let mut bad = good.clone();
        bad[entries[seq].start + entries[seq].len() / 2] ^= 1;
        fs::write(&segment, bad).unwrap();
        let problem = tampered(&clinic);
        assert_eq!(problem["seq"], seq, "{problem}");
        assert_eq!(problem["file"], segment.file_name().unwrap().to_str().unwrap());
        let refused = does_not_start(&clinic);
        assert_eq!(refused.exit, 1, "{refused:?}");
        assert!(refused.message.contains(&format!("entry {seq}")), "{refused:?}");
    }
    fs::write(&segment, good).unwrap();
    assert_eq!(verify(&clinic).exit, Some(0));
    clinic.node.start();
    assert_eq!(knowledge(&clinic), known);
}

#[test]
fn a_cut_tail_is_found() {
    let (clinic, _) = with_a_past();
    let (segment, entries) = segment_entries(&clinic.node.dir().join("trail"));
    let good = fs::read(&segment).unwrap();
    let last = entries.last().unwrap().start - 4;
    // The last entry whole, and a part of it.
    for length in [last, last + 20] {
        fs::write(&segment, &good[..length]).unwrap();
        let problem = tampered(&clinic);
        assert_eq!(problem["seq"], entries.len() - 1, "{problem}");
        assert_eq!(does_not_start(&clinic).exit, 1);
    }
}

#[test]
fn a_file_of_another_trail_is_found() {
    let (clinic, _) = with_a_past();
    let (other, _) = with_a_past();
    let (segment, _) = segment_entries(&clinic.node.dir().join("trail"));
    let (foreign, _) = segment_entries(&other.node.dir().join("trail"));
    fs::copy(foreign, segment).unwrap();
    assert_eq!(tampered(&clinic)["seq"], 0);
    assert_eq!(does_not_start(&clinic).exit, 1);
}

#[test]
fn a_missing_file_is_found() {
    let (clinic, _) = with_a_past();
    let trail = clinic.node.dir().join("trail");
    let (segment, _) = segment_entries(&trail);
    let kept = fs::read(&segment).unwrap();
    fs::remove_file(&segment).unwrap();
    assert!(tampered(&clinic)["file"].as_str().unwrap().starts_with("segment-"));
    assert_eq!(does_not_start(&clinic).exit, 1);
    fs::write(&segment, kept).unwrap();
    fs::remove_file(trail.join("checkpoint")).unwrap();
    assert_ne!(verify(&clinic).exit, Some(0), "without a signed head nothing is verified");
    assert_eq!(does_not_start(&clinic).exit, 1);
}

#[test]
fn a_trail_put_back_to_an_earlier_day_is_found_by_who_remembers() {
    let (clinic, _) = with_a_past();
    let trail = clinic.node.dir().join("trail");
    let backup = clinic.federation.dir().join("backup");
    copy(&trail, &backup);
    clinic.node.start();
    assert_eq!(clinic.auditor().ok(&["audit", "verify"])["verdict"], "VERIFIED");
    clinic.node.stop();

    fs::remove_dir_all(&trail).unwrap();
    copy(&backup, &trail);
    assert_eq!(tampered(&clinic)["kind"], "rollback");
    let (dir, root) = (clinic.node.dir(), clinic.federation.root());
    let args = ["audit", "verify", "--dir", dir.to_str().unwrap(), "--root", root.to_str().unwrap()];
    let forgetful = clinic.federation.terminal().run(&args);
    assert_eq!(forgetful.exit, Some(0), "in itself the old trail is sound: {forgetful}");
}

#[test]
fn a_damaged_blob_fails_the_fetch_not_the_node() {
    let clinic = Clinic::new();
    let contract = clinic.contract(&clinic.terms(clinic.counter()));
    let job = clinic.consumer().order(&clinic.count(&contract)).unwrap();
    for blob in files(&clinic.node.dir().join("blobs")) {
        let mut bytes = fs::read(&blob).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(blob, bytes).unwrap();
    }
    clinic.consumer().fails(&["result", "get", job.id.as_str()]).is(1, "QM-1599", &["backup"]);
    clinic.still_serves();
}
