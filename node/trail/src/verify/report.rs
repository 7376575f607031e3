//! What a verification says.

use std::fmt;

use serde::Serialize;

use crate::checkpoint::Checkpoint;

/// The three answers. Nothing to check, or nothing to check it with, is never `Verified`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Every entry is the one that was signed, and the signature is the trusted key's.
    Verified,
    /// Not enough is there to say so, and nothing shows a change.
    #[default]
    Inconclusive,
    /// Something is not what was signed.
    Tampered,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Verified => "VERIFIED",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Tampered => "TAMPERED",
        })
    }
}

/// The outcome of one verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// The head it was checked against; its signature counts only if no problem says otherwise.
    pub checkpoint: Option<Checkpoint>,
    /// Entries that were read.
    pub entries: u64,
    /// Why the verdict is not `Verified`, the most telling first.
    pub problems: Vec<Problem>,
    /// What an auditor should look at in a trail that nobody changed.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The first bad entry or place, if the trail was tampered with.
    pub fn first_bad(&self) -> Option<&Problem> {
        let mut bad = self.problems.iter().filter(|problem| problem.kind.verdict() == Verdict::Tampered);
        bad.clone().find(|problem| problem.seq.is_some()).or_else(|| bad.next())
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn is_tampered(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind.verdict() == Verdict::Tampered)
    }

    /// Draws the verdict from the problems. The default stays if no head was found at all.
    pub(super) fn conclude(mut self) -> Self {
        self.problems.sort_by_key(|problem| std::cmp::Reverse(problem.kind.verdict()));
        let worst = self.problems.iter().map(|problem| problem.kind.verdict()).max();
        let clean = if self.checkpoint.is_some() { Verdict::Verified } else { Verdict::Inconclusive };
        self.verdict = worst.unwrap_or(clean);
        self
    }
}

/// One reason against `Verified`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// The entry it begins at, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The file in the trail's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where in the file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// In words.
    pub detail: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, detail: String) -> Self {
        Self { kind, seq: None, file: None, offset: None, detail }
    }

    pub(crate) fn file(kind: ProblemKind, file: &str, detail: String) -> Self {
        Self { file: Some(file.to_owned()), ..Self::new(kind, detail) }
    }

    pub(crate) fn at(
        kind: ProblemKind,
        seq: u64,
        file: &str,
        offset: u64,
        detail: impl Into<String>,
    ) -> Self {
        Self { seq: Some(seq), offset: Some(offset), ..Self::file(kind, file, detail.into()) }
    }
}

impl fmt::Display for Problem {
    /// `entry 17 (segment-00000000000000000000, byte 532): the entry is not …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.seq, &self.file, self.offset) {
            (Some(seq), Some(file), Some(offset)) => write!(f, "entry {seq} ({file}, byte {offset}): ")?,
            (Some(seq), ..) => write!(f, "entry {seq}: ")?,
            (None, Some(file), Some(offset)) => write!(f, "{file}, byte {offset}: ")?,
            (None, Some(file), None) => write!(f, "{file}: ")?,
            (None, None, _) => {}
        }
        f.write_str(&self.detail)
    }
}

/// The kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The head is not a checkpoint, or its signature does not fit it.
    CheckpointBroken,
    /// A file that must be there is not.
    FileMissing,
    /// Fewer entries than were signed.
    TailCut,
    /// An entry's frame cannot be read.
    FrameBroken,
    /// An entry is not the one that was signed.
    EntryChanged,
    /// An entry's own number is not its place.
    OutOfPlace,
    /// The hash file was changed, the entries were not.
    HashesChanged,
    /// The history of checkpoints was changed.
    HistoryBroken,
    /// A larger size was signed before.
    Rollback,
    /// Another tree was signed before.
    Fork,
    /// No trail, or one without entries.
    NothingToCheck,
    /// No key to check the signature with.
    NoKey,
    /// Signed, but not with the key that was given.
    NotSigned,
    /// The earlier checkpoint is of another trail.
    OtherTrail,
    /// Bytes behind the last signed entry.
    UnsignedTail,
    /// The hash file differs where a crash may have left it so.
    HashesUnsealed,
    /// The history lacks its end, which a crash may have done.
    HistoryBehind,
    /// The files cannot be read.
    Unreadable,
}

impl ProblemKind {
    /// What it makes of the whole.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::CheckpointBroken
            | Self::FileMissing
            | Self::TailCut
            | Self::FrameBroken
            | Self::EntryChanged
            | Self::OutOfPlace
            | Self::HashesChanged
            | Self::HistoryBroken
            | Self::Rollback
            | Self::Fork => Verdict::Tampered,
            Self::NothingToCheck
            | Self::NoKey
            | Self::NotSigned
            | Self::OtherTrail
            | Self::UnsignedTail
            | Self::HashesUnsealed
            | Self::HistoryBehind
            | Self::Unreadable => Verdict::Inconclusive,
        }
    }
}

/// Something to look at that is no sign of a changed trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The entry.
    pub seq: u64,
    /// In words.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FindingKind::IntentWithoutOutcome => "an intent without an outcome",
            FindingKind::OutcomeWithoutIntent => "an outcome without an intent",
            FindingKind::Unreadable => "not an event this version reads",
        };
        write!(f, "entry {}: {what}: {}", self.seq, self.detail)
    }
}

/// The kinds of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// Something was begun and its end not recorded.
    IntentWithoutOutcome,
    /// Something ended that was not begun.
    OutcomeWithoutIntent,
    /// An entry of a newer schema, or none of this schema.
    Unreadable,
}
