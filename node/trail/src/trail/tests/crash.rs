//! Power cuts, failing syncs and full disks, at every step at which they can happen.

use proptest::prelude::*;

use super::*;
use crate::storage::Survival;

/// Batches of one to three entries until `size` is reached or an append fails. Returns how many entries were
/// acknowledged.
fn append_until_it_fails(trail: &mut Trail, size: u64) -> (u64, Option<TrailError>) {
    while trail.size() < size {
        let next = trail.size();
        if let Err(error) = trail.append(&entries(next..next + 1 + next % 3), NOW) {
            return (next, Some(error));
        }
    }
    (trail.size(), None)
}

/// A whole life of a small trail; the power is cut at one step. Returns what was acknowledged, or `None` if the
/// power stayed on.
fn life(storage: &MemStorage, power_off_in: u64) -> Option<u64> {
    storage.power_off_in(power_off_in);
    let Ok((mut trail, _)) = open(storage) else { return Some(0) };
    let (acknowledged, error) = append_until_it_fails(&mut trail, 14);
    error.map(|_| acknowledged)
}

/// After the cut: nobody is accused, the trail opens, has everything that was acknowledged, and goes on.
fn check_after_power_loss(image: &MemStorage, acknowledged: u64, context: &str) {
    let report = verify(image, None);
    assert_ne!(report.verdict, Verdict::Tampered, "{context}: {report:?}");
    let (mut trail, recovery) = open(image).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(recovery.unfinished, None, "{context}");
    assert!(trail.size() >= acknowledged, "{context}: {} of {acknowledged}", trail.size());
    assert!(trail.entries(0..99).all(|read| read.is_ok_and(|(seq, bytes)| bytes == entry(seq))), "{context}");
    assert_eq!(append_until_it_fails(&mut trail, 14).1, None, "{context}");
    let report = verify(image, None);
    assert_eq!(report.verdict, Verdict::Verified, "{context}: {report:?}");
}

/// A reproducible coin.
fn coin(mut seed: u64) -> impl FnMut() -> bool {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 63 == 1
    }
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_is_cut() {
    let mut cuts = 0;
    for step in 0.. {
        let storage = MemStorage::new();
        let Some(acknowledged) = life(&storage, step) else { break };
        let image = storage.after_power_loss(Survival::None);
        check_after_power_loss(&image, acknowledged, &format!("step {step}, all unsynced bytes lost"));
        for seed in 0..6 {
            let image = storage.after_power_loss(Survival::Pages(&mut coin(seed)));
            check_after_power_loss(&image, acknowledged, &format!("step {step}, seed {seed}"));
        }
        cuts += 1;
    }
    // 8 batches of three steps each, the making, and the seals.
    assert!(cuts > 30, "only {cuts} steps were cut");
}

#[test]
fn a_second_cut_during_the_repair_loses_nothing_either() {
    for step in 0..40 {
        let storage = MemStorage::new();
        let Some(acknowledged) = life(&storage, step) else { return };
        for again in 0..6 {
            let image = storage.after_power_loss(Survival::Pages(&mut coin(step)));
            image.power_off_in(again);
            let _ = open(&image);
            let image = image.after_power_loss(Survival::Pages(&mut coin(again)));
            check_after_power_loss(&image, acknowledged, &format!("step {step}, then {again}"));
        }
    }
}

#[test]
fn a_head_shown_after_a_restart_survives_a_power_cut() {
    let (storage, mut trail) = trail(3);
    // The checkpoint is renamed into place, then the process dies before the folder is synced.
    storage.fail_step_in(2);
    assert!(matches!(trail.append(&entries(3..4), NOW), Err(TrailError::Uncertain(_))));
    drop(trail);
    let (trail, _) = open(&storage).unwrap();
    assert_eq!(trail.size(), 4, "reads show it");
    let image = storage.after_power_loss(Survival::None);
    let (mut after, _) = open(&image).unwrap();
    append_until_it_fails(&mut after, 14);
    assert_eq!(verify(&image, Some(trail.checkpoint())).verdict, Verdict::Verified);
}

#[test]
fn a_failed_step_is_reported_and_then_overcome() {
    let mut uncertain = 0;
    for step in 0..24 {
        let (storage, mut trail) = trail(3);
        storage.fail_step_in(step);
        let (acknowledged, error) = append_until_it_fails(&mut trail, 14);
        if let Some(error) = &error {
            let expected = matches!(error, TrailError::Storage(_) | TrailError::Uncertain(_));
            assert!(expected, "step {step}: {error}");
        }
        // Power lost now: a sync that failed must not have been taken for one that worked.
        let image = storage.after_power_loss(Survival::None);
        check_after_power_loss(&image, acknowledged, &format!("failed step {step}"));

        let next = trail.size();
        match trail.append(&entries(next..next + 2), NOW) {
            Ok(range) => assert_eq!(range, next..next + 2),
            Err(TrailError::Grown(from, to)) => {
                uncertain += 1;
                assert_eq!((from, to), (acknowledged, trail.size()));
                trail.append(&entries(to..to + 2), NOW).unwrap();
            }
            Err(error) => panic!("step {step}: {error}"),
        }
        let image = storage.after_power_loss(Survival::None);
        check_after_power_loss(&image, trail.size(), &format!("after failed step {step}"));
        assert_eq!(verify(&storage, None).verdict, Verdict::Verified);
    }
    assert!(uncertain > 0, "no step left a batch in doubt");
}

#[test]
fn a_file_whose_sync_failed_is_not_written_again() {
    let (storage, mut trail) = trail(3);
    storage.fail_step_in(0);
    assert!(matches!(trail.append(&entries(3..4), NOW), Err(TrailError::Storage(_))));
    assert!(trail.in_doubt().is_some());
    trail.append(&entries(3..4), NOW).unwrap();
    assert!(trail.in_doubt().is_none());
    assert_eq!(trail.segments.last().unwrap().first, 3);
}

#[test]
fn a_full_disk_refuses_and_recovers_when_there_is_room() {
    for (size, more) in [(3, 1), (3, 3), (6, 2)] {
        let (mut refused, mut recorded) = (0, 0);
        for room in (0..2000).step_by(7) {
            let (storage, mut trail) = trail(size);
            let (checkpoint, files) = (trail.checkpoint().clone(), storage.list().unwrap());
            storage.set_capacity(Some(storage.used() + room));
            let full = trail.append(&entries(size..size + more), NOW);
            match full {
                Ok(_) => recorded += 1,
                Err(TrailError::Storage(error)) => {
                    refused += 1;
                    assert_eq!(recorded, 0, "{room} bytes were enough before");
                    assert_eq!(error.kind, std::io::ErrorKind::StorageFull);
                    assert_eq!((trail.checkpoint(), storage.list().unwrap()), (&checkpoint, files));
                    assert!(trail.entries(0..size).all(|read| read.is_ok()));
                    storage.set_capacity(None);
                    assert_eq!(trail.append(&entries(size..size + more), NOW), Ok(size..size + more));
                }
                Err(error) => panic!("{room} bytes of room: {error}"),
            }
            storage.set_capacity(None);
            check_after_power_loss(
                &storage.after_power_loss(Survival::None),
                size + more,
                "after a full disk",
            );
        }
        assert!(refused > 50 && recorded > 50, "{refused} refused, {recorded} recorded");
    }
}

#[test]
fn a_disk_that_is_full_at_the_start_leaves_the_trail_readable() {
    let (storage, trail) = trail(6);
    drop(trail);
    storage.set_capacity(Some(storage.used()));
    let (mut trail, recovery) = open(&storage).unwrap();
    assert_eq!(recovery.unfinished.unwrap().kind, std::io::ErrorKind::StorageFull);
    assert_eq!(trail.entry(5).unwrap(), entry(5));
    assert!(matches!(trail.append(&entries(6..7), NOW), Err(TrailError::Storage(_))));
    storage.set_capacity(None);
    assert_eq!(trail.append(&entries(6..7), NOW), Ok(6..7));
}

#[test]
fn files_changed_while_in_doubt_stop_the_trail() {
    let (storage, mut trail) = trail(6);
    let image = storage.after_power_loss(Survival::None);
    trail.append(&entries(6..8), NOW).unwrap();
    storage.fail_step_in(0);
    trail.append(&entries(8..9), NOW).unwrap_err();
    // An older copy of the folder is put in place of this one.
    for (name, _) in storage.list().unwrap() {
        storage.set(&name, image.get(&name));
    }
    let error = trail.append(&entries(8..9), NOW).unwrap_err();
    assert!(
        matches!(&error, TrailError::Damaged(problem) if problem.kind == ProblemKind::Rollback),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn random_lives(step in 0_u64..40, seed: u64, again in 0_u64..8) {
        let storage = MemStorage::new();
        if let Some(acknowledged) = life(&storage, step) {
            let image = storage.after_power_loss(Survival::Pages(&mut coin(seed)));
            image.power_off_in(again);
            let acknowledged = life(&image, again).unwrap_or(acknowledged).max(acknowledged);
            let image = image.after_power_loss(Survival::Pages(&mut coin(!seed)));
            check_after_power_loss(&image, acknowledged, "two lives");
        }
    }
}
