//! Accidents, and the insider's scripted acts.

use std::io;

use qianmo_crypto::keys::KeyProvider;

use super::*;
use crate::event::{Outcome, Stage};
use crate::storage::MemStorage;
use crate::testing::{NOW, ORIGIN, SMALL, draft, entries, entry, key, keys, open, other_keys, trail, verify};
use crate::{EventDraft, Trail};

const FIRST_SEGMENT: &str = "segment-00000000000000000000";

fn storage(size: u64) -> (MemStorage, Checkpoint) {
    let (storage, trail) = trail(size);
    (storage, trail.checkpoint().clone())
}

/// Kind and place of the first problem.
fn first(report: &Report) -> (ProblemKind, Option<u64>) {
    let problem = report.problems.first().unwrap();
    (problem.kind, problem.seq)
}

#[test]
fn an_untouched_trail_is_verified() {
    let (storage, checkpoint) = storage(9);
    let report = verify(&storage, Some(&checkpoint));
    assert_eq!(report.verdict, Verdict::Verified, "{report:?}");
    assert_eq!((report.entries, report.checkpoint.as_ref()), (9, Some(&checkpoint)));
    assert!(report.first_bad().is_none());
    // Entry 8 is an intent whose outcome has not come.
    assert_eq!(report.findings.len(), 1);
    assert_eq!((report.findings[0].kind, report.findings[0].seq), (FindingKind::IntentWithoutOutcome, 8));
    assert_eq!(report.findings[0].to_string(), "entry 8: an intent without an outcome: job.run job-4");
}

#[test]
fn every_flipped_byte_is_found() {
    let (storage, _) = storage(8);
    for (name, _) in storage.list().unwrap() {
        let good = storage.get(&name).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            storage.set(&name, Some(bad));
            let report = verify(&storage, None);
            assert_ne!(report.verdict, Verdict::Verified, "byte {at} of {name}");
            assert!(!report.problems.is_empty());
            if name.starts_with("segment") || name == "hashes" {
                assert_eq!(report.verdict, Verdict::Tampered, "byte {at} of {name}");
                assert!(report.first_bad().unwrap().seq.is_some(), "byte {at} of {name}");
            }
        }
        storage.set(&name, Some(good));
    }
    assert_eq!(verify(&storage, None).verdict, Verdict::Verified);
}

#[test]
fn every_cut_and_every_lost_file_is_found() {
    let (storage, _) = storage(8);
    for (name, _) in storage.list().unwrap() {
        let good = storage.get(&name).unwrap();
        for len in 0..good.len() {
            storage.set(&name, Some(good[..len].to_vec()));
            assert_ne!(verify(&storage, None).verdict, Verdict::Verified, "{name} cut to {len}");
        }
        storage.set(&name, None);
        assert_ne!(verify(&storage, None).verdict, Verdict::Verified, "without {name}");
        storage.set(&name, Some(good));
    }
}

#[test]
fn a_changed_entry_is_named_with_file_and_offset() {
    let (storage, _) = storage(8);
    let mut bytes = storage.get(FIRST_SEGMENT).unwrap();
    let offset = 24 + (0..3).map(|seq| 4 + entry(seq).len()).sum::<usize>();
    bytes[offset + 20] ^= 1;
    storage.set(FIRST_SEGMENT, Some(bytes));
    let report = verify(&storage, None);
    let bad = report.first_bad().unwrap();
    assert_eq!((bad.kind, bad.seq, bad.offset), (ProblemKind::EntryChanged, Some(3), Some(offset as u64)));
    assert!(
        bad.to_string().starts_with(&format!("entry 3 ({FIRST_SEGMENT}, byte {offset}): the entry is not"))
    );
}

/// Writes a segment's frames anew.
fn set_segment(storage: &MemStorage, entries: &[Vec<u8>]) {
    let mut bytes = layout::segment_header(0);
    entries.iter().for_each(|entry| layout::push_frame(&mut bytes, entry));
    storage.set(FIRST_SEGMENT, Some(bytes));
}

fn set_hashes(storage: &MemStorage, entries: &[Vec<u8>]) {
    storage.set("hashes", Some(entries.iter().flat_map(|entry| merkle::leaf_hash(entry).0).collect()));
}

#[test]
fn swapped_entries_are_found_even_with_their_hashes_swapped() {
    let (storage, _) = storage(6);
    let mut swapped = entries(0..6);
    swapped.swap(2, 4);
    set_segment(&storage, &swapped);
    assert_eq!(first(&verify(&storage, None)), (ProblemKind::EntryChanged, Some(2)));
    set_hashes(&storage, &swapped);
    assert_eq!(first(&verify(&storage, None)), (ProblemKind::OutOfPlace, Some(2)));
}

#[test]
fn an_entry_changed_with_its_hash_is_located_between_two_checkpoints() {
    let (storage, _) = storage(6);
    let mut changed = entries(0..6);
    changed[5] = String::from_utf8(changed[5].clone()).unwrap().replace("\"ok\"", "\"no\"").into_bytes();
    set_segment(&storage, &changed);
    set_hashes(&storage, &changed);
    let report = verify(&storage, None);
    assert_eq!(first(&report), (ProblemKind::EntryChanged, Some(4)), "the history holds a head of 4 entries");
    assert!(report.first_bad().unwrap().detail.contains("from 4 up to 5"));
}

#[test]
fn a_segment_of_another_trail_is_found() {
    let (storage, _) = storage(8);
    let other: Vec<_> =
        (0..6).map(|seq| draft("x", Stage::Fact, NOW).into_event(seq).to_entry().unwrap()).collect();
    set_segment(&storage, &other);
    assert_eq!(first(&verify(&storage, None)), (ProblemKind::EntryChanged, Some(0)));
}

/// The department itself, with its key, writes another trail of the same length.
fn rewritten(size: u64) -> (MemStorage, Checkpoint) {
    let storage = MemStorage::new();
    let (mut trail, _) = open(&storage).unwrap();
    for seq in 0..size {
        let entry = if seq == 1 {
            draft("innocent", Stage::Fact, NOW).into_event(1).to_entry().unwrap()
        } else {
            entry(seq)
        };
        trail.append(&[entry], NOW).unwrap();
    }
    (storage, trail.checkpoint().clone())
}

#[test]
fn a_rewritten_and_signed_trail_is_caught_only_by_those_who_kept_a_checkpoint() {
    let (_, honest) = storage(9);
    let (storage, forged) = rewritten(9);
    assert_eq!(verify(&storage, None).verdict, Verdict::Verified, "the limit that witnesses are for");
    assert_eq!(verify(&storage, Some(&forged)).verdict, Verdict::Verified);
    let report = verify(&storage, Some(&honest));
    assert_eq!((report.verdict, first(&report).0), (Verdict::Tampered, ProblemKind::Fork));
    let (grown, _) = rewritten(11);
    assert_eq!(first(&verify(&grown, Some(&honest))).0, ProblemKind::Fork);
}

#[test]
fn a_forgotten_history_gives_the_rewriter_away() {
    let (honest, _) = storage(9);
    let (forged, _) = rewritten(9);
    forged.set("checkpoints", honest.get("checkpoints"));
    assert_eq!(first(&verify(&forged, None)).0, ProblemKind::Fork);
    let (short, _) = storage(3);
    short.set("checkpoints", honest.get("checkpoints"));
    assert_eq!(first(&verify(&short, None)).0, ProblemKind::Rollback);
}

#[test]
fn an_old_snapshot_put_back_is_a_rollback_for_those_who_saw_more() {
    let (_, seen) = storage(9);
    let (snapshot, _) = storage(7);
    assert_eq!(verify(&snapshot, None).verdict, Verdict::Verified);
    let report = verify(&snapshot, Some(&seen));
    assert_eq!((report.verdict, first(&report)), (Verdict::Tampered, (ProblemKind::Rollback, Some(7))));
}

#[test]
fn a_cut_tail_is_named() {
    let (storage, _) = storage(8);
    storage.set("segment-00000000000000000006", None);
    let report = verify(&storage, None);
    assert_eq!(first(&report), (ProblemKind::TailCut, Some(6)));
    assert_eq!(report.entries, 6);
}

#[test]
fn a_gap_that_the_node_signed_itself_is_found() {
    let storage = MemStorage::new();
    let (mut trail, _) = open(&storage).unwrap();
    trail.append(&[entry(0), entry(1), entry(3)], NOW).unwrap();
    assert_eq!(first(&verify(&storage, None)), (ProblemKind::OutOfPlace, Some(2)));
}

#[test]
fn what_a_crash_may_leave_is_inconclusive_and_healed_by_opening() {
    let (storage, _) = storage(7);
    let good: Vec<_> =
        storage.list().unwrap().into_iter().map(|(name, _)| (name.clone(), storage.get(&name))).collect();
    let with = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        good.iter().for_each(|(name, bytes)| storage.set(name, bytes.clone()));
        let mut bytes = storage.get(name).unwrap();
        change(&mut bytes);
        storage.set(name, Some(bytes));
        let report = verify(&storage, None);
        open(&storage).unwrap();
        assert_eq!(verify(&storage, None).verdict, Verdict::Verified, "{name} after opening");
        (report.verdict, first(&report).0)
    };
    use ProblemKind as Kind;
    let inconclusive = |kind| (Verdict::Inconclusive, kind);
    let tail = |bytes: &mut Vec<u8>| bytes.extend_from_slice(b"\0\0");
    assert_eq!(with("segment-00000000000000000006", &tail), inconclusive(Kind::UnsignedTail));
    // The head of 4 entries sealed the first 4 hashes.
    assert_eq!(with("hashes", &|bytes| bytes.truncate(5 * 32)), inconclusive(Kind::HashesUnsealed));
    assert_eq!(with("hashes", &|bytes| bytes[3 * 32] ^= 1), (Verdict::Tampered, Kind::HashesChanged));
    let torn = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 9);
    assert_eq!(with("checkpoints", &torn), inconclusive(Kind::HistoryBehind));
}

#[test]
fn nothing_to_check_is_never_verified() {
    let empty = MemStorage::new();
    assert_eq!(first(&verify(&empty, None)).0, ProblemKind::NothingToCheck);
    open(&empty).unwrap();
    assert_eq!(first(&verify(&empty, None)).0, ProblemKind::NothingToCheck);
    let missing = verify_dir(Path::new("/nonexistent/trail"), Some(&key()), None);
    assert_eq!(first(&missing).0, ProblemKind::Unreadable);
    for report in [verify(&empty, None), missing] {
        assert_eq!(report.verdict, Verdict::Inconclusive);
    }
}

#[test]
fn a_folder_that_is_being_written_is_never_called_tampered_with() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Box::new(FileStorage::open(dir.path()).unwrap());
    let (mut trail, _) = Trail::open_with(storage, ORIGIN, keys(), NOW, SMALL).unwrap();
    let look = || verify_with(&FileStorage::read_only(dir.path()), Some(&key()), None, SMALL.seal_every);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for seq in 0..60 {
                trail.append(&[entry(seq)], NOW).unwrap();
            }
        });
        while !writing.is_finished() {
            let report = look();
            assert_ne!(report.verdict, Verdict::Tampered, "{report:?}");
        }
    });
    assert_eq!((look().verdict, look().entries), (Verdict::Verified, 60));
}

#[test]
fn without_the_right_key_nothing_is_verified() {
    let (storage, checkpoint) = storage(4);
    let report = verify_storage(&storage, None, None);
    assert_eq!((report.verdict, first(&report).0), (Verdict::Inconclusive, ProblemKind::NoKey));
    assert_eq!(report.entries, 4);
    let stranger = VerifyingKey::new(ORIGIN, other_keys().public_key()).unwrap();
    let report = verify_storage(&storage, Some(&stranger), None);
    assert_eq!((report.verdict, first(&report).0), (Verdict::Inconclusive, ProblemKind::NotSigned));
    let other = Checkpoint { origin: "other".into(), ..checkpoint };
    let report = verify(&storage, Some(&other));
    assert_eq!((report.verdict, first(&report).0), (Verdict::Inconclusive, ProblemKind::OtherTrail));
}

#[test]
fn changes_are_found_without_a_key_too() {
    let (storage, _) = storage(4);
    set_segment(&storage, &entries(1..5));
    assert_eq!(verify_storage(&storage, None, None).verdict, Verdict::Tampered);
}

#[test]
fn a_history_signed_by_another_key_is_found() {
    let (storage, _) = storage(6);
    let mut range = CompactRange::new();
    entries(0..4).iter().for_each(|entry| range.push(merkle::leaf_hash(entry)));
    let head = Checkpoint { origin: ORIGIN.into(), size: 4, root: range.root(), time_ms: NOW };
    let record = |keys: &dyn KeyProvider| layout::history_record(&head.sign(keys).unwrap()).into_bytes();
    storage.set("checkpoints", Some(record(&*keys())));
    assert_eq!(verify(&storage, None).verdict, Verdict::Verified);
    storage.set("checkpoints", Some(record(&*other_keys())));
    assert_eq!(first(&verify(&storage, None)).0, ProblemKind::HistoryBroken);
    storage.set("checkpoints", Some(record(&*keys()).repeat(2)));
    assert_eq!(first(&verify(&storage, None)).0, ProblemKind::HistoryBroken);
}

fn remote(entries: &[Vec<u8>], trail: &Trail, previous: Option<&Checkpoint>) -> Report {
    verify_entries(entries, trail.note(), Some(&key()), previous)
}

#[test]
fn a_remote_copy_is_verified_like_a_folder() {
    let (_, trail) = trail(9);
    let (_, seen) = storage(5);
    let good = entries(0..9);
    let report = remote(&good, &trail, Some(&seen));
    assert_eq!((report.verdict, report.entries), (Verdict::Verified, 9), "{report:?}");
    assert_eq!(report.findings.len(), 1);

    let mut changed = good.clone();
    changed[3][30] ^= 1;
    assert_eq!(remote(&changed, &trail, None).verdict, Verdict::Tampered);
    let mut swapped = good.clone();
    swapped.swap(5, 7);
    assert_eq!(first(&remote(&swapped, &trail, None)), (ProblemKind::OutOfPlace, Some(5)));
    assert_eq!(first(&remote(&good[..8], &trail, None)), (ProblemKind::TailCut, Some(8)));
    let surplus = remote(&entries(0..10), &trail, None);
    assert_eq!((surplus.verdict, first(&surplus).0), (Verdict::Inconclusive, ProblemKind::UnsignedTail));

    let (_, forked) = rewritten(5);
    assert_eq!(first(&remote(&good, &trail, Some(&forked))).0, ProblemKind::Fork);
    let (_, larger) = storage(11);
    assert_eq!(first(&remote(&good, &trail, Some(&larger))).0, ProblemKind::Rollback);
    let note = trail.note().replacen("\n9\n", "\n8\n", 1);
    let report = verify_entries(&good, &note, Some(&key()), None);
    assert_eq!(first(&report).0, ProblemKind::CheckpointBroken);
}

#[test]
fn every_flipped_byte_of_a_remote_copy_is_found() {
    let (_, trail) = trail(3);
    let good = entries(0..3);
    for (seq, at) in (0..3).flat_map(|seq| (0..good[seq].len()).map(move |at| (seq, at))) {
        let mut bad = good.clone();
        bad[seq][at] ^= 1 << (at % 8);
        assert_eq!(remote(&bad, &trail, None).verdict, Verdict::Tampered, "byte {at} of entry {seq}");
    }
}

#[test]
fn findings_tell_what_an_auditor_should_ask_about() {
    let storage = MemStorage::new();
    let (mut trail, _) = open(&storage).unwrap();
    let outcome = || EventDraft { outcome: Some(Outcome::OK), ..draft("b", Stage::Outcome, NOW) };
    let drafts = [
        draft("a", Stage::Intent, NOW),
        outcome(),
        draft("a", Stage::Intent, NOW),
        draft("c", Stage::Fact, NOW),
        draft("b", Stage::Intent, NOW),
        outcome(),
    ];
    let mut batch: Vec<_> =
        (0..).zip(drafts).map(|(seq, draft)| draft.into_event(seq).to_entry().unwrap()).collect();
    batch.push(br#"{"v":2,"seq":6}"#.to_vec());
    trail.append(&batch, NOW).unwrap();
    let report = verify(&storage, None);
    assert_eq!(report.verdict, Verdict::Verified);
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.seq, finding.kind)).collect();
    use FindingKind as Kind;
    assert_eq!(
        found,
        [
            (0, Kind::IntentWithoutOutcome),
            (1, Kind::OutcomeWithoutIntent),
            (2, Kind::IntentWithoutOutcome),
            (6, Kind::Unreadable)
        ]
    );
}

#[test]
fn a_report_is_plain_json() {
    let (storage, _) = storage(8);
    storage.set("segment-00000000000000000006", None);
    let json = serde_json::to_value(verify(&storage, None)).unwrap();
    assert_eq!(json["verdict"], "TAMPERED");
    assert_eq!(json["problems"][0]["kind"], "tail_cut");
    assert_eq!(json["problems"][0]["seq"], 6);
}

/// A folder that cannot be read to its end.
struct Unreadable(MemStorage);

impl Storage for Unreadable {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        self.0.list()
    }
    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        if name == FIRST_SEGMENT {
            Err(io::Error::other("bad sector"))
        } else {
            self.0.read(name, offset, len)
        }
    }
    fn append(&mut self, _: &str, _: u64, _: &[u8]) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn sync(&mut self, _: &str) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn truncate(&mut self, _: &str, _: u64) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn replace(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
}

#[test]
fn an_unreadable_file_is_inconclusive() {
    let report = verify_storage(&Unreadable(storage(4).0), Some(&key()), None);
    assert_eq!((report.verdict, first(&report).0), (Verdict::Inconclusive, ProblemKind::Unreadable));
}
