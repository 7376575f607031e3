//! Request and reply headers. One request is one bidirectional stream: a header frame (u32 big-endian
//! length, JSON), then exactly `body` bytes, then the reply in the same shape.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    ask::{self, Ask},
    error::{ErrorCode, WireError},
};

/// Version of the request and reply headers.
pub const WIRE_VERSION: u32 = 1;

/// First frame of a stream: what is asked, not yet understood.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestHeader {
    /// [`WIRE_VERSION`].
    pub v: u32,
    /// Length of the body that follows, bytes.
    #[serde(default)]
    pub body: u64,
    /// [`Ask::KIND`] of what is asked.
    pub kind: String,
    /// The request itself.
    pub args: Box<RawValue>,
}

impl RequestHeader {
    /// A header of this version, with `body` bytes to follow.
    ///
    /// # Errors
    /// A request that does not serialise: a fault in the program.
    pub fn new<A: Ask>(ask: &A, body: u64) -> Result<Self, WireError> {
        let args = serde_json::value::to_raw_value(ask).map_err(|e| {
            WireError::new(ErrorCode::Internal, format!("the request does not serialise: {e}"))
        })?;
        Ok(Self { v: WIRE_VERSION, body, kind: A::KIND.to_owned(), args })
    }

    /// Parses a header frame; tells a wrong version and an unknown kind from plain bad JSON.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`], [`ErrorCode::UnknownVersion`] or [`ErrorCode::UnknownKind`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        #[derive(Deserialize)]
        struct Head {
            v: u32,
            kind: String,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|e| bad(&e))?;
        if head.v != WIRE_VERSION {
            let text =
                format!("protocol version {} is not known here; this node speaks {WIRE_VERSION}", head.v);
            return Err(WireError::new(ErrorCode::UnknownVersion, text));
        }
        if ask::kind(&head.kind).is_none() {
            let text = format!("{:?} is not a kind of request known to this node", head.kind);
            return Err(WireError::new(ErrorCode::UnknownKind, text));
        }
        serde_json::from_slice(bytes).map_err(|e| bad(&e))
    }

    /// The request, as one of the kind that the header names.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for one that is not `A`.
    pub fn ask<A: Ask>(&self) -> Result<A, WireError> {
        serde_json::from_str(self.args.get()).map_err(|e| bad(&e))
    }
}

fn bad(e: &serde_json::Error) -> WireError {
    WireError::new(ErrorCode::BadRequest, format!("the request header does not parse: {e}"))
}

/// First frame of an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    /// [`WIRE_VERSION`].
    pub v: u32,
    /// The answer, unless there is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Box<RawValue>>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
    /// Length of the body that follows, bytes.
    #[serde(default)]
    pub body: u64,
}

impl Reply {
    /// An answer with a body of `body` bytes to follow.
    pub fn ok<T: Serialize>(value: &T, body: u64) -> Self {
        match serde_json::value::to_raw_value(value) {
            Ok(raw) => Self { v: WIRE_VERSION, ok: Some(raw), error: None, body },
            Err(e) => Self::error(WireError::new(ErrorCode::Internal, format!("the answer failed: {e}"))),
        }
    }

    /// A refusal.
    pub const fn error(error: WireError) -> Self {
        Self { v: WIRE_VERSION, ok: None, error: Some(error), body: 0 }
    }

    /// The typed answer, or the error sent instead.
    pub fn into_result<T: DeserializeOwned>(self) -> Result<T, WireError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let raw = self.ok.ok_or_else(|| {
            WireError::new(ErrorCode::BadRequest, "the reply has neither an answer nor an error")
        })?;
        serde_json::from_str(raw.get()).map_err(|e| {
            WireError::new(
                ErrorCode::BadRequest,
                format!("the reply does not parse: {e}; is the node newer?"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_errors_are_told_apart() {
        let code = |text: &str| RequestHeader::parse(text.as_bytes()).map(|h| h.kind).map_err(|e| e.code);
        assert_eq!(code(r#"{"v":1,"kind":"peer.ls","args":{},"later":1}"#), Ok("peer.ls".into()));
        assert_eq!(code("garbage"), Err(ErrorCode::BadRequest));
        assert_eq!(code(r#"{"v":2,"kind":"peer.ls","args":{}}"#), Err(ErrorCode::UnknownVersion));
        assert_eq!(code(r#"{"v":1,"kind":"peer.steal","args":{}}"#), Err(ErrorCode::UnknownKind));
        assert_eq!(code(r#"{"v":1}"#), Err(ErrorCode::BadRequest));
        assert_eq!(code(r#"{"v":1,"kind":"peer.ls"}"#), Err(ErrorCode::BadRequest));
    }

    #[test]
    fn a_request_is_read_as_what_it_is() {
        let show = |args: &str| {
            let header = format!(r#"{{"v":1,"kind":"data.show","args":{args}}}"#);
            RequestHeader::parse(header.as_bytes())?.ask::<ask::DataShow>().map(|ask| ask.name.to_string())
        };
        assert_eq!(show(r#"{"name":"a","new":2}"#), Ok("a".to_owned()));
        assert_eq!(show(r#"{"name":"A B"}"#).map_err(|e| e.code), Err(ErrorCode::BadRequest));
        assert_eq!(show("{}").map_err(|e| e.code), Err(ErrorCode::BadRequest));
        let sent = RequestHeader::new(&ask::DataShow { name: "visits".parse().unwrap() }, 3).unwrap();
        let text = serde_json::to_string(&sent).unwrap();
        assert_eq!(text, r#"{"v":1,"body":3,"kind":"data.show","args":{"name":"visits"}}"#);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = RequestHeader::parse(&bytes);
        }
    }
}
