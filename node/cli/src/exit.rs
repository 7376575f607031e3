//! Exit codes and the one error type of the command line. docs/exit-codes.md is checked against [`Exit`].

use std::{fmt, path::Path, process::ExitCode};

use qianmo_proto::{ErrorClass, ErrorCode, WireError};
use serde_json::json;

use super::{
    foreign::io_error,
    lang::Lang,
    words::{Message, Text, msg},
};
use crate::files;

/// How the program ends. Scripts may rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Failed for a reason without a number of its own.
    Failed,
    /// `audit verify`: the trail was tampered with.
    Tampered,
    /// `audit verify`: the trail can be neither confirmed nor faulted.
    Inconclusive,
    /// A policy, contract, role or person said no.
    Refused,
    /// A node cannot be reached, or does not accept the certificate.
    Unreachable,
    /// The result is held or withheld.
    Held,
    /// The command line, a file or a request is wrong; change it.
    BadInput,
    /// The node is busy or in trouble; the same command may work later.
    TryLater,
    /// Done in part: some nodes gave no answer, or not all of it.
    Incomplete,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Every way to end, in the order of the documentation.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 11] = [
        Self::Done,
        Self::Failed,
        Self::Tampered,
        Self::Inconclusive,
        Self::Refused,
        Self::Unreachable,
        Self::Held,
        Self::BadInput,
        Self::TryLater,
        Self::Incomplete,
        Self::Interrupted,
    ];

    /// The number the shell sees.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Tampered => 2,
            Self::Inconclusive => 3,
            Self::Refused => 4,
            Self::Unreachable => 5,
            Self::Held => 6,
            Self::BadInput => 7,
            Self::TryLater => 8,
            Self::Incomplete => 9,
            Self::Interrupted => 130,
        }
    }

    /// The word in docs/exit-codes.md.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Tampered => "tampered",
            Self::Inconclusive => "inconclusive",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Held => "held",
            Self::BadInput => "bad-input",
            Self::TryLater => "try-later",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
        }
    }

    /// The end that goes with a node's refusal.
    pub(crate) const fn of(error: &WireError) -> Self {
        match (error.code, error.class) {
            (ErrorCode::Held | ErrorCode::Withheld, _) => Self::Held,
            (ErrorCode::Certificate, _) | (_, ErrorClass::Peer) => Self::Unreachable,
            (ErrorCode::ModelFailed | ErrorCode::Limit | ErrorCode::Interrupted | ErrorCode::Internal, _) => {
                Self::Failed
            }
            (_, ErrorClass::Policy) => Self::Refused,
            (_, ErrorClass::Caller) => Self::BadInput,
            (_, ErrorClass::Node) => Self::TryLater,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// Why a command failed: what to print and how to end.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    exit: Exit,
    /// Where it happened, if that is not here: the site of a federated run, say.
    places: Vec<Text>,
    what: Text,
}

impl Fault {
    /// A failure that ends with `exit`. The message says what happened and what to do next.
    pub(crate) fn new(exit: Exit, message: impl Into<Text>) -> Self {
        Self { exit, places: Vec::new(), what: message.into() }
    }

    /// The command line, a file or its content is wrong.
    pub(crate) fn input(message: impl Into<Text>) -> Self {
        Self::new(Exit::BadInput, message)
    }

    /// Something on this machine failed.
    pub(crate) fn failed(message: impl Into<Text>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, doing: Doing, e: &std::io::Error) -> Self {
        Self::input(doing.message().with("path", path.display()).saying("error", io_error(e)))
    }

    /// Puts the place in front of the message: the site of a federated run, say.
    pub(crate) fn at(mut self, place: impl Into<Text>) -> Self {
        self.places.insert(0, place.into());
        self
    }

    /// How the program ends.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// The error for people, on one line.
    pub(crate) fn text(&self, lang: Lang) -> String {
        let told = match self.code() {
            Some(code) => msg("error-coded").with("code", code),
            None => msg("error-plain"),
        };
        told.with("message", self.message(lang)).told(lang)
    }

    /// The error as one JSON document.
    pub(crate) fn to_json(&self, lang: Lang) -> serde_json::Value {
        json!({"error": {
            "exit": self.exit.number(),
            "reason": self.exit.word(),
            "code": self.code(),
            "message": self.message(lang),
            "retryable": matches!(&self.what, Text::Answer(e) if e.retryable),
        }})
    }

    /// What happened and what to do, after the places where.
    fn message(&self, lang: Lang) -> String {
        let placed = |told: String, place: &Text| {
            msg("at").with("place", place.told(lang)).with("message", told).told(lang)
        };
        self.places.iter().rev().fold(self.what.told(lang), placed)
    }

    const fn code(&self) -> Option<ErrorCode> {
        match &self.what {
            Text::Answer(error) => Some(error.code),
            Text::Said(_) | Text::Plain(_) | Text::Foreign { .. } => None,
        }
    }
}

/// What was to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Find it.
    Find,
    /// Read it.
    Read,
    /// Write it.
    Write,
    /// Make a folder.
    Make,
}

impl Doing {
    const fn message(self) -> Message {
        match self {
            Self::Find => msg("file-lost"),
            Self::Read => msg("file-unreadable"),
            Self::Write => msg("file-unwritable"),
            Self::Make => msg("folder-unmade"),
        }
    }
}

impl From<WireError> for Fault {
    fn from(e: WireError) -> Self {
        Self { exit: Exit::of(&e), places: Vec::new(), what: e.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

/// Reads a file that the command line names.
pub(crate) fn read_text(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|e| Fault::file(path, Doing::Read, &e))
}

/// Writes a file that may be public, replacing what is there in one step: never half of it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    write_mode(path, bytes, 0o644)
}

/// Writes a file that only its owner may read, replacing what is there in one step.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    write_mode(path, bytes, 0o600)
}

fn write_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Fault> {
    files::replace(path, bytes, mode).map_err(|e| Fault::file(path, Doing::Write, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_exit_code() {
        let doc = include_str!("../../../docs/exit-codes.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.number(), exit.word());
            assert!(doc.contains(&row), "docs/exit-codes.md lacks {row:?}");
        }
    }

    #[test]
    fn exit_codes_do_not_clash() {
        for (i, exit) in Exit::ALL.iter().enumerate() {
            assert!(Exit::ALL[..i].iter().all(|other| other.number() != exit.number()));
        }
    }

    #[test]
    fn refusals_end_with_the_code_of_their_class() {
        let exit = |code| Exit::of(&WireError::new(code, ""));
        assert_eq!(exit(ErrorCode::Denied), Exit::Refused);
        assert_eq!(exit(ErrorCode::Role), Exit::Refused);
        assert_eq!(exit(ErrorCode::Held), Exit::Held);
        assert_eq!(exit(ErrorCode::PeerUnreachable), Exit::Unreachable);
        assert_eq!(exit(ErrorCode::Certificate), Exit::Unreachable);
        assert_eq!(exit(ErrorCode::NotFound), Exit::BadInput);
        assert_eq!(exit(ErrorCode::TrailUnavailable), Exit::TryLater);
        assert_eq!(exit(ErrorCode::ModelFailed), Exit::Failed);
        for code in ErrorCode::ALL {
            assert!(!matches!(exit(*code), Exit::Done | Exit::Tampered | Exit::Inconclusive), "{code}");
        }
    }

    #[test]
    fn a_fault_is_told_in_one_language_with_the_place_first() {
        let denied = WireError::new(ErrorCode::Denied, "denied: no").with_zh("拒绝：不可");
        let fault = Fault::from(denied).at(Text::name("round 2")).at(Text::name("site a/b"));
        assert_eq!(fault.text(Lang::En), "error [QM-1203]: site a/b: round 2: denied: no");
        assert_eq!(fault.text(Lang::Zh), "错误 [QM-1203]：site a/b：round 2：拒绝：不可");
        assert_eq!(fault.to_json(Lang::Zh)["error"]["message"], "site a/b：round 2：拒绝：不可");
        assert_eq!(
            Fault::input(msg("no-home")).text(Lang::Zh),
            "错误：QIANMO_HOME 和 HOME 均未设置；请将 QIANMO_HOME 设为一个文件夹"
        );
    }

    #[test]
    fn files_are_replaced_whole_and_private_ones_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("id.key");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(write_file(&dir.path().join("no/such"), b"").unwrap_err().exit(), Exit::BadInput);
    }
}
