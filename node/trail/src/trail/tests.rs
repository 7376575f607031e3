//! Opening, appending and reading. What crashes and full disks do is in `crash.rs`.

mod crash;

use std::sync::atomic::{AtomicBool, Ordering};

use qianmo_crypto::CryptoError;
use qianmo_crypto::sm2::{PublicKey, Signature};
use zeroize::Zeroizing;

use super::*;
use crate::merkle;
use crate::storage::{FileStorage, MemStorage};
use crate::testing::{NOW, ORIGIN, SMALL, entries, entry, keys, open, other_keys, trail, verify};
use crate::verify::{ProblemKind, Verdict, verify_dir};

#[test]
fn an_empty_folder_becomes_an_empty_trail() {
    let storage = MemStorage::new();
    let (trail, recovery) = open(&storage).unwrap();
    assert_eq!((trail.size(), trail.root()), (0, merkle::empty_root()));
    assert_eq!(recovery, Recovery { created: true, ..Recovery::default() });
    drop(trail);
    let (_, recovery) = open(&storage).unwrap();
    assert_eq!(recovery, Recovery::default());
}

#[test]
fn what_is_appended_is_read_over_segments_and_restarts() {
    let (storage, mut trail) = trail(13);
    for _ in 0..2 {
        assert_eq!(trail.size(), 13);
        let read: Result<Vec<_>, _> = trail.entries(0..u64::MAX).collect();
        assert_eq!(read.unwrap(), (0..13).map(|seq| (seq, entry(seq))).collect::<Vec<_>>());
        (0..13).for_each(|seq| assert_eq!(trail.entry(seq).unwrap(), entry(seq)));
        assert_eq!(trail.entries(5..7).map(|read| read.unwrap().0).collect::<Vec<_>>(), [5, 6]);
        assert_eq!(trail.entries(13..20).count(), 0);
        for seq in [13, 14, u64::MAX] {
            assert_eq!(trail.entry(seq), Err(TrailError::OutOfRange(seq, 13)));
        }
        let (again, recovery) = open(&storage).unwrap();
        assert_eq!((again.checkpoint(), again.note()), (trail.checkpoint(), trail.note()));
        assert_eq!(recovery, Recovery::default());
        trail = again;
    }
    let segments = storage.list().unwrap().into_iter().filter(|(name, _)| name.starts_with("segment-"));
    assert_eq!(segments.count(), 3);
    assert_eq!(verify(&storage, None).verdict, Verdict::Verified);
}

#[test]
fn proofs_come_from_the_trail_and_verify() {
    let (_, trail) = trail(11);
    let (old, root) = (trail_root(6), trail.root());
    for seq in 0..11 {
        let proof = trail.inclusion_proof(seq).unwrap();
        merkle::verify_inclusion(&merkle::leaf_hash(&entry(seq)), seq, 11, &proof, &root).unwrap();
    }
    let proof = trail.consistency_proof(6).unwrap();
    merkle::verify_consistency(6, &old, 11, &root, &proof).unwrap();
    assert_eq!(trail.inclusion_proof(11), Err(TrailError::OutOfRange(11, 11)));
    assert_eq!(trail.consistency_proof(12), Err(TrailError::OutOfRange(12, 11)));
}

fn trail_root(size: u64) -> Digest {
    trail(size).1.root()
}

#[test]
fn a_long_trail_is_read_in_runs_and_sealed() {
    let storage = MemStorage::new();
    let (mut trail, _) = Trail::open(storage.clone(), ORIGIN, keys(), NOW).unwrap();
    for batch in 0..7_u64 {
        trail.append(&entries(batch * 100..(batch + 1) * 100), NOW).unwrap();
    }
    let read: Vec<_> = trail.entries(3..700).map(Result::unwrap).collect();
    assert_eq!(read, (3..700).map(|seq| (seq, entry(seq))).collect::<Vec<_>>());
    // Heads are kept after the batches that cross 256 and 512.
    assert_eq!(trail.sealed, 600);
    assert_eq!(verify(&storage, None).checkpoint.unwrap(), *trail.checkpoint());
}

#[test]
fn entries_and_batches_over_the_limits_are_refused_before_anything_is_written() {
    let (storage, mut trail) = trail(3);
    let before = storage.list().unwrap();
    for len in [0, MAX_ENTRY_BYTES + 1] {
        let batch = [entry(3), vec![b'x'; len]];
        assert_eq!(trail.append(&batch, NOW), Err(TrailError::EntrySize(len)));
    }
    let many = vec![vec![b'x']; MAX_BATCH_ENTRIES + 1];
    assert_eq!(trail.append(&many, NOW), Err(TrailError::BatchSize(MAX_BATCH_ENTRIES + 1)));
    let large = vec![vec![b'x'; MAX_ENTRY_BYTES]; MAX_BATCH_BYTES / MAX_ENTRY_BYTES + 1];
    assert_eq!(trail.append(&large, NOW), Err(TrailError::BatchSize(large.len())));
    assert_eq!(trail.append(&[], NOW), Ok(3..3));
    assert_eq!(storage.list().unwrap(), before);
    assert_eq!(trail.append(&[vec![b'x'; MAX_ENTRY_BYTES]], NOW), Ok(3..4));
}

#[test]
fn the_checkpoints_time_never_goes_back() {
    let (_, mut trail) = trail(1);
    trail.append(&entries(1..2), NOW + 5).unwrap();
    trail.append(&entries(2..3), NOW - 5_000).unwrap();
    assert_eq!(trail.checkpoint().time_ms, NOW + 5);
}

#[test]
fn a_folder_of_another_node_or_key_is_refused_and_left_alone() {
    let (storage, trail) = trail(3);
    drop(trail);
    let content =
        || storage.list().unwrap().into_iter().map(|(name, _)| storage.get(&name)).collect::<Vec<_>>();
    let before = content();
    let stranger = Trail::open(storage.clone(), ORIGIN, other_keys(), NOW).err();
    assert!(matches!(stranger, Some(TrailError::NotOurs(_))), "{stranger:?}");
    let renamed = Trail::open(storage.clone(), "qianmo://hospital-b/node/main", keys(), NOW).err();
    assert!(matches!(renamed, Some(TrailError::NotOurs(_))), "{renamed:?}");
    let unnamed = Trail::open(storage.clone(), "two words", keys(), NOW).err();
    assert!(matches!(unnamed, Some(TrailError::NotOurs(_))), "{unnamed:?}");
    assert_eq!(content(), before);
}

#[test]
fn every_changed_byte_of_an_entry_stops_the_opening_and_is_named() {
    let (storage, trail) = trail(8);
    let segments = trail.segments.clone();
    drop(trail);
    for segment in segments {
        let good = storage.get(&segment.name).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            storage.set(&segment.name, Some(bad));
            let Err(TrailError::Damaged(problem)) = open(&storage) else {
                panic!("byte {at} of {} was accepted", segment.name)
            };
            let index = segment.offsets(&storage).unwrap().partition_point(|offset| *offset as usize <= at);
            assert_eq!(problem.seq, Some(segment.first + index.saturating_sub(1) as u64), "{problem}");
            assert_eq!(problem.file.as_deref(), Some(segment.name.as_str()));
        }
        storage.set(&segment.name, Some(good));
    }
    assert!(open(&storage).is_ok());
}

/// Opens a trail and reads no more than its last segment.
fn skim(storage: &MemStorage) -> Result<(Trail, Recovery), TrailError> {
    let shape = Shape { read_bytes: 0, ..SMALL };
    Trail::open_with(Box::new(storage.clone()), ORIGIN, keys(), NOW, shape)
}

#[test]
fn a_long_trail_opens_by_its_hashes_and_reads_the_same() {
    let (storage, whole) = trail(23);
    let last = whole.segments.last().unwrap().entries;
    drop(whole);
    let (mut trail, recovery) = skim(&storage).unwrap();
    assert_eq!(recovery, Recovery { unread: 23 - last, ..Recovery::default() });
    for seq in [22, 0, 7] {
        assert_eq!(trail.entry(seq).unwrap(), entry(seq));
    }
    assert_eq!(trail.append(&entries(23..29), NOW), Ok(23..29));
    let read: Vec<_> = trail.entries(0..29).map(|read| read.unwrap().1).collect();
    assert_eq!(read, entries(0..29));
    drop(trail);
    let (_, recovery) = open(&storage).unwrap();
    assert_eq!(recovery, Recovery::default());
    assert_eq!(verify(&storage, None).verdict, Verdict::Verified);
}

#[test]
fn an_entry_that_was_not_read_at_the_opening_is_hashed_before_it_is_given_out() {
    let (storage, trail) = trail(13);
    let segment = trail.segments[0].clone();
    let at = segment.offsets(&storage).unwrap()[2] as usize + 6;
    drop(trail);
    let mut bad = storage.get(&segment.name).unwrap();
    bad[at] ^= 1;
    storage.set(&segment.name, Some(bad));
    let (trail, _) = skim(&storage).unwrap();
    assert_eq!(trail.entry(12).unwrap(), entry(12));
    for seq in [0, 2] {
        let Err(TrailError::Damaged(problem)) = trail.entry(seq) else { panic!("entry {seq} was given out") };
        assert_eq!((problem.kind, problem.seq), (ProblemKind::EntryChanged, Some(2)));
    }
    assert_eq!(verify(&storage, None).problems[0].seq, Some(2));
}

#[test]
fn what_an_unread_segment_is_compared_with_does_not_change_under_the_node() {
    let (storage, whole) = trail(13);
    drop(whole);
    let (trail, _) = skim(&storage).unwrap();
    // Another entry with the hash that fits it: nothing of it was signed.
    let (other, twin) = self::trail(13);
    drop(twin);
    let mut bytes = storage.get("segment-00000000000000000000").unwrap();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    other.set("segment-00000000000000000000", Some(bytes.clone()));
    storage.set("segment-00000000000000000000", Some(bytes));
    let mut hashes = storage.get("hashes").unwrap();
    let forged =
        layout::Frames::new(&storage.get("segment-00000000000000000000").unwrap(), layout::HEADER_LEN)
            .map(|frame| merkle::leaf_hash(frame.unwrap().entry))
            .enumerate()
            .collect::<Vec<_>>();
    for (index, leaf) in forged {
        hashes[index * 32..(index + 1) * 32].copy_from_slice(leaf.as_bytes());
    }
    storage.set("hashes", Some(hashes));
    let Err(TrailError::Damaged(problem)) = trail.entry(0) else { panic!("it was given out") };
    assert_eq!(problem.kind, ProblemKind::HashesChanged);
    drop(trail);
    assert!(matches!(skim(&storage), Err(TrailError::Damaged(_))), "and it does not open again");
}

#[test]
fn a_segment_that_is_missing_cut_or_out_of_order_is_found_without_reading_the_others() {
    let (good, whole) = trail(23);
    let names: Vec<_> = whole.segments.iter().map(|segment| segment.name.clone()).collect();
    drop(whole);
    for name in &names {
        let kept = good.get(name).unwrap();
        good.set(name, None);
        assert!(matches!(skim(&good), Err(TrailError::Damaged(_))), "without {name}");
        good.set(name, Some(b"short".to_vec()));
        assert!(matches!(skim(&good), Err(TrailError::Damaged(_))), "{name} cut");
        good.set(name, Some(kept));
    }
    assert!(skim(&good).is_ok());
}

#[test]
fn a_lost_or_changed_file_stops_the_opening() {
    use ProblemKind as Kind;
    for (file, bytes, kind) in [
        ("checkpoint", None, Kind::FileMissing),
        ("checkpoint", Some(&b"nonsense"[..]), Kind::CheckpointBroken),
        ("checkpoint", Some(b"\xff"), Kind::CheckpointBroken),
        ("segment-00000000000000000000", None, Kind::FileMissing),
        ("segment-00000000000000000006", None, Kind::TailCut),
        ("segment-00000000000000000006", Some(b""), Kind::FrameBroken),
    ] {
        let (storage, trail) = trail(8);
        drop(trail);
        storage.set(file, bytes.map(<[u8]>::to_vec));
        let error = open(&storage).err();
        assert!(
            matches!(&error, Some(TrailError::Damaged(problem)) if problem.kind == kind),
            "{file}: {error:?}"
        );
    }
}

#[test]
fn an_older_checkpoint_put_back_is_caught_by_the_history() {
    let (storage, mut trail) = trail(6);
    let old = storage.get("checkpoint");
    trail.append(&entries(6..9), NOW).unwrap();
    drop(trail);
    storage.set("checkpoint", old);
    let error = open(&storage).err();
    assert!(
        matches!(&error, Some(TrailError::Damaged(problem)) if problem.kind == ProblemKind::Rollback),
        "{error:?}"
    );
}

#[test]
fn derived_files_are_rebuilt() {
    let (storage, trail) = trail(9);
    drop(trail);
    let (hashes, history) = (storage.get("hashes").unwrap(), storage.get("checkpoints").unwrap());
    let mut changed = hashes.clone();
    changed[33] ^= 1;
    for (bad, from) in [(None, 0), (Some(changed), 1), (Some(hashes[..70].to_vec()), 2)] {
        storage.set("hashes", bad);
        storage.set("checkpoints", Some([&history[..], b"torn"].concat()));
        let (trail, recovery) = open(&storage).unwrap();
        assert_eq!(recovery.hashes_rebuilt_from, Some(from));
        assert_eq!(recovery.history_cut_bytes, 4);
        assert_eq!(storage.get("hashes").unwrap(), hashes);
        assert_eq!(storage.get("checkpoints").unwrap(), history);
        let image = storage.after_power_loss(crate::storage::Survival::None);
        assert_eq!(verify(&image, None).verdict, Verdict::Verified, "what was rebuilt is durable");
        trail.inclusion_proof(8).unwrap();
    }
    storage.set("hashes", Some([hashes.clone(), vec![7; 40]].concat()));
    open(&storage).unwrap();
    assert_eq!(storage.get("hashes").unwrap(), hashes);
}

#[test]
fn files_changed_under_a_running_node_are_noticed_when_read() {
    let (storage, trail) = trail(6);
    let segment = "segment-00000000000000000000";
    storage.set(segment, Some(storage.get(segment).unwrap()[..60].to_vec()));
    assert!(matches!(trail.entry(0), Err(TrailError::Damaged(_))));
    assert!(trail.entries(0..6).any(|read| read.is_err()));
    storage.set("hashes", Some(vec![0; 32 * 6]));
    assert!(matches!(trail.inclusion_proof(0), Err(TrailError::Damaged(_))));
}

/// Keys that stop signing, as a hardware module does when its link is lost.
struct Flaky(AtomicBool);

impl KeyProvider for Flaky {
    fn public_key(&self) -> PublicKey {
        keys().public_key()
    }

    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        if self.0.load(Ordering::Relaxed) {
            Err(CryptoError::Provider("lost"))
        } else {
            keys().sign(user_id, msg)
        }
    }

    fn wrap(&self, dek: &[u8; 16]) -> Result<Vec<u8>, CryptoError> {
        keys().wrap(dek)
    }

    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; 16]>, CryptoError> {
        keys().unwrap_key(wrapped)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        keys().random(out)
    }
}

#[test]
fn a_key_that_cannot_sign_costs_the_batch_and_nothing_else() {
    let storage = MemStorage::new();
    let flaky = Arc::new(Flaky(AtomicBool::new(false)));
    let (mut trail, _) =
        Trail::open_with(Box::new(storage.clone()), ORIGIN, flaky.clone(), NOW, SMALL).unwrap();
    trail.append(&entries(0..3), NOW).unwrap();
    let before = storage.list().unwrap();
    flaky.0.store(true, Ordering::Relaxed);
    assert!(matches!(trail.append(&entries(3..5), NOW), Err(TrailError::Sign(_))));
    assert_eq!(storage.list().unwrap(), before);
    flaky.0.store(false, Ordering::Relaxed);
    assert_eq!(trail.append(&entries(3..5), NOW), Ok(3..5));
    assert_eq!(verify(&storage, None).verdict, Verdict::Verified);
}

#[test]
fn a_real_folder_does_the_same() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("trail");
    let open = || {
        let storage = Box::new(FileStorage::open(&dir).unwrap());
        Trail::open_with(storage, ORIGIN, keys(), NOW, SMALL).unwrap()
    };
    let (mut trail, recovery) = open();
    assert!(recovery.created);
    assert!(matches!(FileStorage::open(&dir), Err(TrailError::Locked(_))));
    for size in 0..14 {
        assert_eq!(trail.append(&entries(size..size + 1), NOW), Ok(size..size + 1));
    }
    drop(trail);

    // Half an entry behind the last: what a crash in the middle of a write leaves.
    let tail = dir.join("segment-00000000000000000010");
    let mut bytes = std::fs::read(&tail).unwrap();
    bytes.extend_from_slice(b"\0\0\0\x55{\"v\":1");
    std::fs::write(&tail, bytes).unwrap();
    let report = verify_dir(&dir, Some(&crate::testing::key()), None);
    assert_eq!(report.verdict, Verdict::Inconclusive);

    let (mut trail, recovery) = open();
    assert_eq!(recovery, Recovery { cut_bytes: 10, ..Recovery::default() });
    assert_eq!(trail.append(&entries(14..16), NOW), Ok(14..16));
    assert!(trail.entries(0..16).all(|read| read.is_ok_and(|(seq, bytes)| bytes == entry(seq))));
    let small =
        crate::verify::verify_with(&FileStorage::read_only(&dir), Some(trail.key()), None, SMALL.seal_every);
    assert_eq!(small.verdict, Verdict::Verified, "{small:?}");
}
