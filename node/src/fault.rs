//! Faults on purpose, for tests of what a crash leaves behind. Release builds have none.

use std::str::FromStr;

/// A step of a job after which a debug build can be made to die as if the power failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// The order is decided on; nothing is recorded.
    Decided,
    /// The intent is durable; nothing has run.
    Intended,
    /// The model has run; the result is not stored.
    Ran,
    /// The result is stored; its outcome is not recorded.
    Stored,
    /// The outcome is durable; nobody was told.
    Ended,
}

impl FromStr for CrashPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "decided" => Ok(Self::Decided),
            "intended" => Ok(Self::Intended),
            "ran" => Ok(Self::Ran),
            "stored" => Ok(Self::Stored),
            "ended" => Ok(Self::Ended),
            _ => Err(format!("{text:?} is none of decided, intended, ran, stored, ended")),
        }
    }
}

/// The faults to inject: none by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Where to die.
    pub crash_at: Option<CrashPoint>,
}

impl Faults {
    /// Dies here if asked to; nothing at all in a release build.
    pub(crate) fn reach(self, point: CrashPoint) {
        if cfg!(debug_assertions) && self.crash_at == Some(point) {
            std::process::abort();
        }
    }
}
