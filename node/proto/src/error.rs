//! Errors on the wire: a stable code, whose fault it is, a message that says what to do, and whether
//! trying again can help. `ErrorCode` is the one list; docs/errors.md is checked against it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ids::serde_as_string;

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorClass {
    /// The request is wrong; change it.
    Caller,
    /// Another node is unreachable or misbehaves.
    Peer,
    /// This node is in trouble; its admin must act, or it passes.
    Node,
    /// A rule, contract or person said no.
    Policy,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $class:ident, $retry:literal;)*) => {
        /// The stable error codes, `QM-<number>` on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number behind `QM-`.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Whose move it is.
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$variant => ErrorClass::$class,)* }
            }

            /// Whether the same request may succeed later without a change.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retry,)* }
            }
        }
    };
}

codes! {
    /// The frame or its JSON does not parse.
    BadRequest = 1001, Caller, false;
    /// A frame, document or body is longer than its limit.
    TooLarge = 1002, Caller, false;
    /// No such kind of request.
    UnknownKind = 1003, Caller, false;
    /// The protocol or document version is not known here.
    UnknownVersion = 1004, Caller, false;
    /// The stream ended early or took too long.
    Incomplete = 1005, Caller, true;
    /// Nothing of that name or id here, or nothing the caller may see.
    NotFound = 1006, Caller, false;
    /// Something of that name or state is already there.
    Conflict = 1007, Caller, false;
    /// More requests, streams or jobs than the node takes at once.
    Busy = 1008, Node, true;
    /// The certificate's role may not do this.
    Role = 1101, Policy, false;
    /// A signed document's certificate or signature does not hold.
    Signature = 1102, Caller, false;
    /// The certificate is revoked, expired, of another federation, or the CRL is missing or stale.
    Certificate = 1103, Caller, false;
    /// Signed by someone other than the connected person.
    Signer = 1104, Caller, false;
    /// The descriptor, its source or its view is wrong.
    Dataset = 1201, Caller, false;
    /// The module is not an acceptable model.
    Model = 1202, Caller, false;
    /// The policy denies it.
    Denied = 1203, Policy, false;
    /// The contract is unknown, not in force, expired, revoked or spent.
    Contract = 1204, Policy, false;
    /// The order is not what the contract grants: other fields, model or parameters.
    Order = 1205, Policy, false;
    /// The source could not be read when the job ran.
    Source = 1301, Node, true;
    /// The model failed: trap, error of its own, nonsense output; once it was given rows, a limit, too.
    ModelFailed = 1302, Caller, false;
    /// The model hit a limit before it was given rows: fuel, memory, time, output.
    Limit = 1303, Caller, false;
    /// Stopped by a person or by a revocation.
    Stopped = 1304, Policy, false;
    /// The result waits for a steward.
    Held = 1305, Policy, true;
    /// A steward keeps the result back.
    Withheld = 1306, Policy, false;
    /// The node went down twice while the job ran.
    Interrupted = 1307, Node, false;
    /// The peer could not be reached or refused.
    PeerUnreachable = 1401, Peer, true;
    /// The trail cannot be written, so nothing may happen.
    TrailUnavailable = 1501, Node, true;
    /// The node's disk cannot be written or read.
    Storage = 1503, Node, true;
    /// The node is shutting down.
    ShuttingDown = 1502, Node, true;
    /// A fault in the node; its log has the details.
    Internal = 1599, Node, false;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QM-{}", self.number())
    }
}

/// A text that is no code known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an error code known to this version")]
pub struct UnknownCode(String);

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let number = text.strip_prefix("QM-").and_then(|digits| digits.parse().ok());
        let found = Self::ALL.iter().copied().find(|code| Some(code.number()) == number);
        found.ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

serde_as_string!(ErrorCode);

/// An error as it crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct WireError {
    /// Stable code.
    pub code: ErrorCode,
    /// Whose move it is.
    pub class: ErrorClass,
    /// What happened and what to do next. No values of data.
    pub message: String,
    /// The same in Chinese, where the node has words for it; programs have a text for every code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_zh: Option<String>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl WireError {
    /// An error with the class and retry rule of its code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let (class, retryable) = (code.class(), code.retryable());
        Self { code, class, message: message.into(), message_zh: None, retryable }
    }

    /// A fault of the node's own, in its words: no values of data.
    pub fn internal(e: impl fmt::Display) -> Self {
        Self::new(ErrorCode::Internal, e.to_string())
    }

    /// The error with its message in Chinese, too.
    #[must_use]
    pub fn with_zh(self, message: impl Into<String>) -> Self {
        Self { message_zh: Some(message.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_chinese_reads_as_before() {
        let plain = WireError::new(ErrorCode::NotFound, "no job");
        let json = serde_json::to_string(&plain).unwrap();
        assert_eq!(json, r#"{"code":"QM-1006","class":"caller","message":"no job","retryable":false}"#);
        assert_eq!(serde_json::from_str::<WireError>(&json).unwrap(), plain);
        let both = plain.with_zh("没有此作业");
        assert_eq!(serde_json::from_str::<WireError>(&serde_json::to_string(&both).unwrap()).unwrap(), both);
    }

    #[test]
    fn codes_are_unique_parse_back_and_are_documented() {
        for (i, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(code.to_string().parse::<ErrorCode>().unwrap(), *code);
            assert!(ErrorCode::ALL[..i].iter().all(|other| other.number() != code.number()));
        }
        let table = include_str!("../../../docs/errors.md");
        for code in ErrorCode::ALL {
            let class = format!("{:?}", code.class()).to_lowercase();
            let again = if code.retryable() { "yes" } else { "no" };
            let row = format!("| {code} | {class} | {again} |");
            assert!(table.contains(&row), "docs/errors.md has no row {row}");
        }
        assert_eq!(table.matches("| QM-").count(), ErrorCode::ALL.len());
        assert!("QM-9999".parse::<ErrorCode>().is_err());
        assert!("1001".parse::<ErrorCode>().is_err());
    }
}
