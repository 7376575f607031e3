//! Request and reply headers. One request is one bidirectional stream: a header frame (u32 big-endian
//! length, JSON), then exactly `body` bytes, then the reply in the same shape.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    contract::{Approval, Terms},
    error::{ErrorCode, WireError},
    identity::Identity,
    ids::{ContractId, JobId, Name, RequestId},
    job::JobOrder,
    model::ModelManifest,
    question::Question,
    signed::Signed,
    texts,
};

/// Version of the request and reply headers.
pub const WIRE_VERSION: u32 = 1;

/// Everything a node can be asked. Unknown fields are ignored, unknown kinds refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", content = "args")]
#[expect(missing_docs, reason = "fields are named as in the documents they carry")]
pub enum Request {
    /// Who the node is and how it does.
    #[serde(rename = "node.info")]
    NodeInfo {},
    /// The lists of revoked certificates that the caller lacks, who has those of the CAs and with the decimal numbers
    /// in `have`.
    #[serde(rename = "crl.get")]
    CrlGet { have: Vec<(String, String)> },
    /// Makes another node known (admin).
    #[serde(rename = "peer.add")]
    PeerAdd {
        node: Identity,
        #[serde(deserialize_with = "texts::address")]
        address: String,
    },
    /// The nodes known here.
    #[serde(rename = "peer.ls")]
    PeerLs {},
    /// Forgets a node (admin).
    #[serde(rename = "peer.rm")]
    PeerRm { node: Identity },
    /// Lists a dataset from its descriptor's text (steward).
    #[serde(rename = "data.add")]
    DataAdd {
        #[serde(deserialize_with = "texts::descriptor")]
        descriptor: String,
    },
    /// The datasets of this node.
    #[serde(rename = "data.ls")]
    DataLs {},
    /// One dataset of this node.
    #[serde(rename = "data.show")]
    DataShow { name: Name },
    /// Takes a dataset off the list (steward).
    #[serde(rename = "data.rm")]
    DataRm { name: Name },
    /// Finds datasets here and, if `federated`, on this node's peers. These answer for the person who signed
    /// `question`; a node that asks without one gets no answer.
    #[serde(rename = "catalog.search")]
    CatalogSearch {
        #[serde(deserialize_with = "texts::query")]
        query: String,
        federated: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<Signed<Question>>,
    },
    /// Brings a model; its component is the body (consumer).
    #[serde(rename = "model.push")]
    ModelPush { manifest: Signed<ModelManifest> },
    /// The models known here.
    #[serde(rename = "model.ls")]
    ModelLs {},
    /// Asks for a contract (consumer).
    #[serde(rename = "request.new")]
    RequestNew { terms: Signed<Terms> },
    /// The requests the caller may see.
    #[serde(rename = "request.ls")]
    RequestLs {},
    /// One request with its terms.
    #[serde(rename = "request.show")]
    RequestShow { id: RequestId },
    /// Signs a request's terms for the provider (steward).
    #[serde(rename = "request.approve")]
    RequestApprove { approval: Signed<Approval> },
    /// Refuses a request (steward).
    #[serde(rename = "request.deny")]
    RequestDeny {
        id: RequestId,
        #[serde(deserialize_with = "texts::reason")]
        reason: String,
    },
    /// The contracts the caller may see.
    #[serde(rename = "contract.ls")]
    ContractLs {},
    /// One contract with what is left of it.
    #[serde(rename = "contract.show")]
    ContractShow { id: ContractId },
    /// Ends a contract and stops its jobs (steward, or its consumer).
    #[serde(rename = "contract.revoke")]
    ContractRevoke {
        id: ContractId,
        #[serde(deserialize_with = "texts::reason")]
        reason: String,
    },
    /// Runs a job; waits up to `wait_ms` for its end (consumer).
    #[serde(rename = "job.run")]
    JobRun { order: Signed<JobOrder>, wait_ms: u64 },
    /// The jobs the caller may see.
    #[serde(rename = "job.ls")]
    JobLs {},
    /// One job; waits up to `wait_ms` for its end.
    #[serde(rename = "job.show")]
    JobShow { id: JobId, wait_ms: u64 },
    /// Why a job was allowed, refused or held.
    #[serde(rename = "job.why")]
    JobWhy { id: JobId },
    /// What the model logged (steward of the data).
    #[serde(rename = "job.logs")]
    JobLogs { id: JobId },
    /// Stops a job (its consumer, or a steward).
    #[serde(rename = "job.stop")]
    JobStop { id: JobId },
    /// Held results (steward) or the caller's own.
    #[serde(rename = "result.ls")]
    ResultLs { held: bool },
    /// A released result: receipt in the reply, document in its body.
    #[serde(rename = "result.get")]
    ResultGet { id: JobId },
    /// Lets a held result go (steward).
    #[serde(rename = "result.release")]
    ResultRelease {
        id: JobId,
        #[serde(deserialize_with = "texts::reason")]
        reason: String,
    },
    /// Keeps a held result back for good (steward).
    #[serde(rename = "result.withhold")]
    ResultWithhold {
        id: JobId,
        #[serde(deserialize_with = "texts::reason")]
        reason: String,
    },
    /// Trail entries `from..from+limit`, newest page if `from` is none (auditor, steward, admin).
    #[serde(rename = "audit.ls")]
    AuditLs { from: Option<u64>, limit: u32 },
    /// Exact bytes of trail entries for verification; framed in the body.
    #[serde(rename = "audit.export")]
    AuditExport { from: u64, limit: u32 },
    /// The signed checkpoint and the node certificate it verifies under.
    #[serde(rename = "audit.checkpoint")]
    AuditCheckpoint {},
}

impl Request {
    /// The kind as it stands on the wire, for logs and errors.
    pub fn kind(&self) -> String {
        let value = serde_json::to_value(self).ok();
        let kind = value.as_ref().and_then(|v| v.get("kind")).and_then(|k| k.as_str());
        kind.unwrap_or("unknown").to_owned()
    }
}

/// First frame of a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestHeader {
    /// [`WIRE_VERSION`].
    pub v: u32,
    /// Length of the body that follows, bytes.
    #[serde(default)]
    pub body: u64,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

impl RequestHeader {
    /// A header of this version, with `body` bytes to follow.
    pub const fn new(request: Request, body: u64) -> Self {
        Self { v: WIRE_VERSION, body, request }
    }

    /// Parses a header frame; tells a wrong version and an unknown kind from plain bad JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        #[derive(Deserialize)]
        struct Head {
            v: u32,
            kind: String,
        }
        let bad = |e: serde_json::Error| {
            WireError::new(ErrorCode::BadRequest, format!("the request header does not parse: {e}"))
        };
        let head: Head = serde_json::from_slice(bytes).map_err(bad)?;
        if head.v != WIRE_VERSION {
            let text =
                format!("protocol version {} is not known here; this node speaks {WIRE_VERSION}", head.v);
            return Err(WireError::new(ErrorCode::UnknownVersion, text));
        }
        serde_json::from_slice(bytes).map_err(|e| {
            if e.to_string().contains("unknown variant") {
                let text = format!("{:?} is not a kind of request known to this node", head.kind);
                WireError::new(ErrorCode::UnknownKind, text)
            } else {
                bad(e)
            }
        })
    }
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
        let code =
            |text: &str| RequestHeader::parse(text.as_bytes()).map(|h| h.request.kind()).map_err(|e| e.code);
        assert_eq!(code(r#"{"v":1,"kind":"peer.ls","args":{},"later":1}"#), Ok("peer.ls".into()));
        assert_eq!(code(r#"{"v":1,"kind":"data.show","args":{"name":"a","new":2}}"#), Ok("data.show".into()));
        assert_eq!(code("garbage"), Err(ErrorCode::BadRequest));
        assert_eq!(code(r#"{"v":2,"kind":"peer.ls","args":{}}"#), Err(ErrorCode::UnknownVersion));
        assert_eq!(code(r#"{"v":1,"kind":"peer.steal","args":{}}"#), Err(ErrorCode::UnknownKind));
        assert_eq!(code(r#"{"v":1,"kind":"data.show","args":{"name":"A B"}}"#), Err(ErrorCode::BadRequest));
        assert_eq!(code(r#"{"v":1}"#), Err(ErrorCode::BadRequest));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = RequestHeader::parse(&bytes);
        }
    }
}
