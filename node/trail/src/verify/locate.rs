//! Naming the first thing that is not as it was signed. Shared by opening and verifying.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use qianmo_crypto::sm3::Digest;

use super::{Problem, ProblemKind};
use crate::checkpoint::Checkpoint;
use crate::layout::{HISTORY, History};
use crate::merkle::{self, CompactRange};
use crate::walk::{self, Walk};

/// The roots that the entries give at the sizes for which an earlier checkpoint is known.
#[derive(Debug)]
pub(crate) struct Roots(BTreeMap<u64, Option<Digest>>);

impl Roots {
    pub(crate) fn wanted(history: &History<'_>, previous: Option<&Checkpoint>) -> Self {
        let earlier = history.records.iter().map(|record| &record.checkpoint).chain(previous);
        let mut roots: BTreeMap<_, _> = earlier.map(|checkpoint| (checkpoint.size, None)).collect();
        roots.insert(0, Some(merkle::empty_root()));
        Self(roots)
    }

    /// Appends leaves to `range`, and keeps its root wherever it is wanted.
    pub(crate) fn append(&mut self, range: &mut CompactRange, mut leaves: &[Digest]) {
        let end = range.size() + leaves.len() as u64;
        for (size, root) in self.0.range_mut((Excluded(range.size()), Included(end))) {
            let (before, after) = leaves.split_at((*size - range.size()) as usize);
            range.append(before);
            *root = Some(range.root());
            leaves = after;
        }
        range.append(leaves);
    }

    /// Whether the entries give this checkpoint's root; `None` if they end before it.
    fn agree(&self, checkpoint: &Checkpoint) -> Option<bool> {
        let root = self.0.get(&checkpoint.size).copied().flatten()?;
        Some(root == checkpoint.root)
    }
}

/// What is wrong with the entries, the head and the history, the most telling first.
pub(crate) fn problems(
    walk: &Walk,
    misplaced: Option<Problem>,
    checkpoint: &Checkpoint,
    history: &History<'_>,
    roots: &Roots,
    previous: Option<&Checkpoint>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if walk.fault.is_some() {
        problems.extend(walk.changed.clone().or(misplaced));
        problems.extend(walk.fault.clone());
    } else if walk.range.root() != checkpoint.root {
        let changed = walk.changed.clone().or(misplaced);
        problems.push(changed.unwrap_or_else(|| changed_between(walk, checkpoint, history, roots)));
    } else {
        problems.extend(misplaced);
    }
    problems.extend(history_fault(checkpoint, history, roots));
    problems.extend(against_previous(checkpoint, roots, previous));
    problems
}

/// An earlier checkpoint that someone kept must be a beginning of this trail.
fn against_previous(
    checkpoint: &Checkpoint,
    roots: &Roots,
    previous: Option<&Checkpoint>,
) -> Option<Problem> {
    let previous = previous?;
    if previous.origin != checkpoint.origin {
        let detail = format!("the earlier checkpoint is of another trail, {}", previous.origin);
        return Some(Problem::new(ProblemKind::OtherTrail, detail));
    }
    if checkpoint.size < previous.size {
        let detail =
            format!("rolled back: {} entries are signed, {} were before", checkpoint.size, previous.size);
        let problem = Problem::new(ProblemKind::Rollback, detail);
        return Some(Problem { seq: Some(checkpoint.size), ..problem });
    }
    let forked = checkpoint.size == previous.size && checkpoint.root != previous.root;
    (forked || roots.agree(previous) == Some(false)).then(|| {
        let detail =
            format!("forked: the first {} entries are not those that were signed before", previous.size);
        Problem::new(ProblemKind::Fork, detail)
    })
}

/// Where entries were changed together with their hashes: between which checkpoints of the history.
fn changed_between(walk: &Walk, checkpoint: &Checkpoint, history: &History<'_>, roots: &Roots) -> Problem {
    let agrees = |checkpoint: &&Checkpoint| roots.agree(checkpoint) == Some(true);
    let earlier = || history.records.iter().map(|record| &record.checkpoint);
    let good = earlier().filter(agrees).map(|checkpoint| checkpoint.size).max().unwrap_or(0);
    let bad =
        earlier().map(|checkpoint| checkpoint.size).find(|size| *size > good).unwrap_or(checkpoint.size);
    let detail =
        format!("an entry from {good} up to {} is not the one that was signed", bad.saturating_sub(1));
    match walk::place(&walk.segments, good) {
        Some((segment, offset)) => {
            Problem::at(ProblemKind::EntryChanged, good, &segment.name, offset, detail)
        }
        None => Problem::new(ProblemKind::EntryChanged, detail),
    }
}

/// The history's heads must be beginnings of this trail, in order, and none beyond its head.
fn history_fault(checkpoint: &Checkpoint, history: &History<'_>, roots: &Roots) -> Option<Problem> {
    let at = |kind, offset, detail: &str| {
        Some(Problem { offset: Some(offset), ..Problem::file(kind, HISTORY, detail.to_owned()) })
    };
    let mut size = 0;
    for record in &history.records {
        let earlier = &record.checkpoint;
        if earlier.origin != checkpoint.origin || earlier.size <= size {
            return at(ProblemKind::HistoryBroken, record.offset, "a checkpoint is out of its order");
        }
        if earlier.size > checkpoint.size {
            return at(ProblemKind::Rollback, record.offset, "rolled back: a larger size was signed before");
        }
        if roots.agree(earlier) == Some(false) {
            return at(
                ProblemKind::Fork,
                record.offset,
                "forked: an earlier checkpoint covers other entries",
            );
        }
        size = earlier.size;
    }
    let broken = history.broken.as_ref().filter(|broken| !broken.torn)?;
    at(ProblemKind::HistoryBroken, broken.offset, "a checkpoint in the middle was changed")
}
