//! Terms, approval: what both sides sign before anything may run (政务数据共享条例, Art. 20).

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{DatasetRef, Name, RequestId},
    limits,
    signed::Document,
    texts::{self, TextTooLong},
};

/// What a consumer asks for and, once approved, what the contract grants: nothing beyond it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Version of this format: 1.
    pub v: u32,
    /// The dataset asked for.
    pub dataset: DatasetRef,
    /// The fields a model may read.
    pub fields: Vec<Name>,
    /// The models that may run, by SM3 of their component.
    pub models: Vec<Digest>,
    /// SM3 of the only parameters allowed (exact bytes), or none: any parameters.
    pub params: Option<Digest>,
    /// 使用场景: what it is for.
    pub purpose: String,
    /// 使用依据: the legal or regulatory basis.
    pub basis: String,
    /// The consumer's own file reference.
    pub case_number: String,
    /// 使用时限: last moment of use, UNIX milliseconds.
    pub until_ms: i64,
    /// How many runs; a federated run counts once.
    pub runs: u32,
    /// How many rounds one federated run may take.
    pub rounds: u32,
    /// 共享方式: the kinds of result that may leave.
    pub output: OutputTerms,
    /// Random, so that asking twice makes two requests.
    pub nonce: Digest,
}

impl Document for Terms {
    const CONTEXT: &'static str = "qianmo/terms/v1";

    fn check(&self) -> Result<(), TextTooLong> {
        texts::check("the purpose", &self.purpose, limits::TEXT_CHARS)?;
        texts::check("the basis", &self.basis, limits::TEXT_CHARS)?;
        texts::check("the case number", &self.case_number, limits::TITLE_CHARS)
    }
}

/// What may leave under a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputTerms {
    /// `aggregate` (tables, metrics) or `update` (a federated round's vectors).
    pub kinds: Vec<OutputKind>,
    /// Fewest contributors to any released cell that the consumer is content with.
    pub min_cell: u32,
    /// Whether text columns may appear in result tables.
    #[serde(default)]
    pub strings: bool,
}

/// A kind of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// Tables and metrics of an analysis.
    Aggregate,
    /// The update of a federated round.
    Update,
}

impl OutputKind {
    /// The word used in policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Update => "update",
        }
    }
}

/// A steward's signature under a consumer's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Version of this format: 1.
    pub v: u32,
    /// The request approved.
    pub request: RequestId,
    /// Digest of the consumer's signed terms: the very bytes approved.
    pub terms: Digest,
    /// Note of the steward.
    #[serde(default)]
    pub note: String,
    /// When, by the steward's clock, UNIX milliseconds.
    pub at_ms: i64,
}

impl Document for Approval {
    const CONTEXT: &'static str = "qianmo/approval/v1";

    fn check(&self) -> Result<(), TextTooLong> {
        texts::check("the note", &self.note, limits::TEXT_CHARS)
    }
}
