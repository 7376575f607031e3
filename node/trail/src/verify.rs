//! Verifying a trail without its node: from a copy of the folder, or from entries that were sent.
//!
//! Keys are never taken from what is verified: the auditor brings the [`VerifyingKey`]. The guarantee against a
//! department that rewrites its own trail and signs it again comes from `previous`, an earlier checkpoint that
//! the auditor or a peer kept; without one, only what does not fit the present signature is found.

mod inspect;
pub(crate) mod locate;
mod report;
#[cfg(test)]
mod tests;

use std::path::Path;

use self::inspect::Inspector;
pub(crate) use self::locate::Roots;
pub use self::report::{Finding, FindingKind, Problem, ProblemKind, Report, Verdict};
use crate::checkpoint::Checkpoint;
use crate::layout::{self, CHECKPOINT, HASHES, HISTORY, History, Shape};
use crate::merkle::{self, CompactRange};
use crate::note::{NoteError, VerifyingKey};
use crate::storage::{FileStorage, Storage, read_all};
use crate::walk::{self, Placed, Walk};

/// Verifies a trail's folder. Nothing in it is changed; a running node may go on writing, but an entry that is
/// being recorded at this moment makes the result inconclusive: verify again.
///
/// `key` is the trail's own key, `previous` a checkpoint of it that the caller has verified and kept.
pub fn verify_dir(dir: &Path, key: Option<&VerifyingKey>, previous: Option<&Checkpoint>) -> Report {
    verify_storage(&FileStorage::read_only(dir), key, previous)
}

/// Verifies a trail in any storage; see [`verify_dir`].
pub fn verify_storage(
    storage: &dyn Storage,
    key: Option<&VerifyingKey>,
    previous: Option<&Checkpoint>,
) -> Report {
    verify_with(storage, key, previous, Shape::default().seal_every)
}

pub(crate) fn verify_with(
    storage: &dyn Storage,
    key: Option<&VerifyingKey>,
    previous: Option<&Checkpoint>,
    seal_every: u64,
) -> Report {
    let mut report = Report::default();
    let checked = check_storage(storage, key, previous, seal_every, &mut report);
    if let Err(error) = checked {
        report.problem(Problem::new(ProblemKind::Unreadable, format!("the folder cannot be read: {error}")));
    }
    report.conclude()
}

/// Verifies entries, numbered from 0, against a checkpoint's note: a copy that was fetched from the node.
pub fn verify_entries<E: AsRef<[u8]>>(
    entries: impl IntoIterator<Item = E>,
    note: &str,
    key: Option<&VerifyingKey>,
    previous: Option<&Checkpoint>,
) -> Report {
    let mut report = Report::default();
    let Some(checkpoint) = check_note(note.as_bytes(), key, &mut report) else { return report.conclude() };
    let (mut inspector, mut range) = (Inspector::default(), CompactRange::new());
    let mut roots = Roots::wanted(&History::default(), previous);
    let mut entries = entries.into_iter();
    loop {
        let run = walk::run(&mut entries, checkpoint.size - range.size());
        if run.is_empty() {
            break;
        }
        let leaves = merkle::leaf_hashes(&run);
        for ((seq, entry), leaf) in (range.size()..).zip(&run).zip(&leaves) {
            let (entry, leaf) = (entry.as_ref(), *leaf);
            inspector.see(&Placed { seq, place: None, entry, leaf, hashed: true });
        }
        roots.append(&mut range, &leaves);
    }
    let surplus = entries.next().is_some();
    let walk = Walk { fault: missing_entries(&range, &checkpoint), range, ..Walk::default() };
    judge(&mut report, inspector, &walk, &checkpoint, &History::default(), &roots, previous);
    if surplus {
        let detail = format!("entries from {} on are not covered by the checkpoint", checkpoint.size);
        report.problem(Problem::new(ProblemKind::UnsignedTail, detail));
    }
    report.checkpoint = Some(checkpoint);
    report.conclude()
}

fn missing_entries(range: &CompactRange, checkpoint: &Checkpoint) -> Option<Problem> {
    let found = range.size();
    let detail = format!("the checkpoint covers {} entries, only {found} are there", checkpoint.size);
    (found < checkpoint.size)
        .then(|| Problem { seq: Some(found), ..Problem::new(ProblemKind::TailCut, detail) })
}

fn check_storage(
    storage: &dyn Storage,
    key: Option<&VerifyingKey>,
    previous: Option<&Checkpoint>,
    seal_every: u64,
    report: &mut Report,
) -> std::io::Result<()> {
    // In this order, a node that goes on writing cannot make its history look longer than its head.
    let history = read_all(storage, HISTORY)?.unwrap_or_default();
    let Some(note) = read_all(storage, CHECKPOINT)? else {
        report.problem(no_checkpoint(storage)?);
        return Ok(());
    };
    let Some(checkpoint) = check_note(&note, key, report) else { return Ok(()) };
    // Under a wrong key every signature is wrong, which says nothing about the history.
    let key = key.filter(|_| report.problems.is_empty());
    let history = History::parse(&history);
    let (mut inspector, mut roots) = (Inspector::default(), Roots::wanted(&history, previous));
    let walk = walk::walk(storage, checkpoint.size, &mut roots, &mut |placed| inspector.see(placed))?;
    judge(report, inspector, &walk, &checkpoint, &history, &roots, previous);
    check_history(report, &history, &checkpoint, key, seal_every);
    check_derived(report, &walk, &history);
    report.checkpoint = Some(checkpoint);
    Ok(())
}

fn no_checkpoint(storage: &dyn Storage) -> std::io::Result<Problem> {
    let part = |name: &str| [HASHES, HISTORY].contains(&name) || layout::segment_first(name).is_some();
    if storage.list()?.iter().any(|(name, _)| part(name)) {
        let detail = "there are entries and no checkpoint".to_owned();
        Ok(Problem::file(ProblemKind::FileMissing, CHECKPOINT, detail))
    } else {
        Ok(Problem::new(ProblemKind::NothingToCheck, "there is no trail in this folder".to_owned()))
    }
}

/// Reads the head, and notes whether it can be trusted. `None` if there is nothing to go by.
fn check_note(note: &[u8], key: Option<&VerifyingKey>, report: &mut Report) -> Option<Checkpoint> {
    let broken = |detail: String| Problem::file(ProblemKind::CheckpointBroken, CHECKPOINT, detail);
    let Ok(note) = std::str::from_utf8(note) else {
        report.problem(broken("it is not text".to_owned()));
        return None;
    };
    let verified = match key {
        Some(key) => Checkpoint::verify(note, key),
        None => {
            let detail = "no key was given: the signature was not checked".to_owned();
            report.problem(Problem::file(ProblemKind::NoKey, CHECKPOINT, detail));
            Checkpoint::read_unverified(note)
        }
    };
    match verified {
        Ok(checkpoint) => Some(checkpoint),
        Err(error @ NoteError::NotSigned(_)) => {
            report.problem(Problem::file(ProblemKind::NotSigned, CHECKPOINT, error.to_string()));
            Checkpoint::read_unverified(note).ok()
        }
        Err(error) => {
            report.problem(broken(error.to_string()));
            None
        }
    }
}

fn judge(
    report: &mut Report,
    inspector: Inspector,
    walk: &Walk,
    checkpoint: &Checkpoint,
    history: &History<'_>,
    roots: &Roots,
    previous: Option<&Checkpoint>,
) {
    report.entries = walk.range.size();
    let misplaced = inspector.misplaced.clone();
    for problem in locate::problems(walk, misplaced, checkpoint, history, roots, previous) {
        report.problem(problem);
    }
    inspector.finish(report);
    if checkpoint.size == 0 {
        report.problem(Problem::new(ProblemKind::NothingToCheck, "the trail has no entries".to_owned()));
    }
    if let Some(tail) = walk.tails.first() {
        let detail = "bytes behind the last signed entry: not acknowledged, or being written now";
        report.problem(Problem {
            seq: None,
            ..Problem::at(ProblemKind::UnsignedTail, checkpoint.size, &tail.file, tail.offset, detail)
        });
    }
}

/// Signatures and completeness of the history; its roots were compared with the entries before.
fn check_history(
    report: &mut Report,
    history: &History<'_>,
    checkpoint: &Checkpoint,
    key: Option<&VerifyingKey>,
    seal_every: u64,
) {
    let unsigned =
        |record: &&layout::Record<'_>| key.is_some_and(|key| Checkpoint::verify(record.note, key).is_err());
    if let Some(record) = history.records.iter().find(unsigned) {
        let detail = "an earlier checkpoint is not signed with the trail's key".to_owned();
        let problem = Problem::file(ProblemKind::HistoryBroken, HISTORY, detail);
        report.problem(Problem { offset: Some(record.offset), ..problem });
    }
    let behind = checkpoint.size / seal_every > history.sealed() / seal_every;
    let torn = history.broken.as_ref().filter(|broken| broken.torn);
    if behind || torn.is_some() {
        let detail =
            "its last record is missing or torn; opening the trail repairs what a crash did".to_owned();
        let problem = Problem::file(ProblemKind::HistoryBehind, HISTORY, detail);
        report.problem(Problem { offset: Some(history.len), ..problem });
    }
}

/// Faults of the hash file where the entries themselves are those that were signed.
fn check_derived(report: &mut Report, walk: &Walk, history: &History<'_>) {
    let (Some(seq), false) = (walk.unhashed, report.is_tampered()) else { return };
    let sealed = seq < history.sealed();
    let (kind, detail) = if sealed {
        (ProblemKind::HashesChanged, "it was changed; the entries themselves are those that were signed")
    } else {
        (
            ProblemKind::HashesUnsealed,
            "it differs where a crash may have left it; opening the trail rebuilds it",
        )
    };
    report.problem(Problem::at(kind, seq, HASHES, seq * layout::HASH_LEN, detail));
}
