//! The name of what is done.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::EventError;

/// Longest noun and longest verb, in bytes.
const MAX_WORD_BYTES: usize = 32;

/// `noun.verb` in lower-case ASCII: `job.run`, `dataset.list`, `contract.revoke`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action(Cow<'static, str>);

impl Action {
    /// An action known when the program is compiled.
    ///
    /// # Panics
    /// If it is not of the shape `noun.verb`; in a constant, that is an error of compilation.
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_action(text.as_bytes()), "an action is written noun.verb in lower-case ASCII");
        Self(Cow::Borrowed(text))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is about: `job` of `job.run`.
    pub fn noun(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// What is done to it: `run` of `job.run`.
    pub fn verb(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}

impl FromStr for Action {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        if is_action(text.as_bytes()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(EventError::Action(text.to_owned()))
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Two words of a letter and then letters, digits and hyphens, with one dot between them.
const fn is_action(mut text: &[u8]) -> bool {
    let (mut dots, mut word) = (0, 0);
    while let [byte, rest @ ..] = text {
        match byte {
            b'.' if word > 0 && dots == 0 => {
                dots = 1;
                word = 0;
            }
            b'a'..=b'z' if word < MAX_WORD_BYTES => word += 1,
            b'0'..=b'9' | b'-' if word > 0 && word < MAX_WORD_BYTES => word += 1,
            _ => return false,
        }
        text = rest;
    }
    dots == 1 && word > 0
}
