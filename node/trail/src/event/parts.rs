//! The parts of an event. Digests are written as 64 hexadecimal digits.

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};

/// Who acts: a person or a node, by the certificate that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// `qianmo://<department>/<role>/<name>`.
    pub id: String,
    /// SM3 of the certificate; absent when the node itself acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<Digest>,
}

impl Actor {
    /// An actor without a certificate: the node itself.
    pub fn node(id: impl Into<String>) -> Self {
        Self { id: id.into(), cert: None }
    }
}

/// What an action is done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `dataset`, `contract`, `job`, `model`, `result`, `peer`, …
    pub kind: String,
    /// Its name or id.
    pub name: String,
    /// Its grade (GB/T 43697), where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
}

impl Target {
    /// A target without a grade.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into(), grade: None }
    }
}

/// The other node of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its identity URI.
    pub id: String,
    /// SM3 of its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<Digest>,
}

/// What for, and on what basis (政务数据共享条例, Art. 20).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The purpose in words.
    pub text: String,
    /// The legal basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// The scene it is used in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// The scope: which part of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The mode: a model run, a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The case number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_no: Option<String>,
    /// The contract it falls under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// Until when, in UNIX milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// The model that runs, and what it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// SM3 of the component.
    pub digest: Digest,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// SM3 of the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Digest>,
    /// Fuel used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// Rows it read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_in: Option<u64>,
    /// Rows it gave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_out: Option<u64>,
}

impl Model {
    /// A model known by its digest alone.
    pub fn new(digest: Digest) -> Self {
        Self { digest, name: None, params: None, fuel: None, rows_in: None, rows_out: None }
    }
}

/// What goes over the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// SM3 of the bytes.
    pub digest: Digest,
    /// How many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// In one word.
    pub result: Ending,
    /// Stable code, `QM-1203`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why: the policy ids of a decision, the limit that was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Outcome {
    /// Done as asked.
    pub const OK: Self = Self { result: Ending::Ok, code: None, reason: None };
}

/// An outcome in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Done as asked.
    Ok,
    /// Refused by a decision.
    Denied,
    /// Done, and its result kept back by the egress gate.
    Held,
    /// Ended by somebody before it was done.
    Stopped,
    /// Not done, through a fault.
    Failed,
}

/// The other node's own entry about the same exchange, which makes an omission visible when two trails are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Position in the other node's trail.
    pub seq: u64,
    /// SM3 of the other node's signed receipt, which is stored as a blob.
    pub digest: Digest,
}
