#![forbid(unsafe_code)]
//! The egress gate: the only place where a held result becomes a released one.
//!
//! A model's output is `Computed`; [`judge`] turns it into [`Verdict::Released`] or [`Verdict::Held`],
//! never trims it. [`Released`] has no public constructor: what the reply sends came through here. Pure: no I/O, no clock.

mod rules;

use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{ErrorCode, ResultDoc, WireError, views::Reason};

pub use rules::{Limits, Words};

/// A model's output before the gate.
#[derive(Debug, Clone)]
pub struct Computed {
    /// What it says.
    pub document: ResultDoc,
    /// Rows that the host handed to the model: the model cannot exaggerate them.
    pub rows_read: u64,
}

/// A result document that may leave, as exact bytes.
#[derive(Debug, Clone)]
pub struct Released {
    bytes: Vec<u8>,
}

impl Released {
    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes to send, given up.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A result document that waits for a steward, with the rules that held it.
#[derive(Debug, Clone)]
pub struct Held {
    bytes: Vec<u8>,
    /// The rules that hold it, as its consumer is told.
    pub error: WireError,
}

impl Held {
    /// The bytes to store, sealed; not to be sent.
    pub fn stored_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What the gate says.
#[derive(Debug)]
pub enum Verdict {
    /// It may leave.
    Released(Released),
    /// It waits for a steward.
    Held(Held),
}

/// Lets `computed` pass or holds it, with every rule's finding.
pub fn judge(computed: &Computed, limits: &Limits) -> Result<(Verdict, Vec<Reason>), WireError> {
    let bytes = serde_json::to_vec(&computed.document)
        .map_err(|e| WireError::new(ErrorCode::ModelFailed, format!("the result does not serialise: {e}")))?;
    let findings = rules::check(computed, bytes.len() as u64, limits);
    let broken: Vec<&str> = findings.iter().filter(|f| f.broken).map(|f| f.rule).collect();
    let reasons = findings.iter().map(rules::Finding::reason).collect();
    if broken.is_empty() {
        return Ok((Verdict::Released(Released { bytes }), reasons));
    }
    let error = if limits.review { reviewed() } else { broken_by(&broken) };
    Ok((Verdict::Held(Held { bytes, error }), reasons))
}

/// Where a steward looks at every result, it is not told which rules else are broken: a model could choose them.
fn reviewed() -> WireError {
    let text = "every result under this contract is held until a steward of the data has looked at it (qianmo result release)";
    let zh = "此合约下的每项结果均须经数据管理员查看后放行（qianmo result release）";
    WireError::new(ErrorCode::Held, text).with_zh(zh)
}

/// The rule's name may leave; its figures are for the data owner (`job why`).
fn broken_by(broken: &[&str]) -> WireError {
    let (noun, names) = (if broken.len() == 1 { "rule" } else { "rules" }, broken.join(", "));
    let text = format!(
        "the result is held by the disclosure {noun} {names}: a steward of the data decides (qianmo result release)"
    );
    let zh = format!("结果违反披露规则 {names}，待数据管理员审核（qianmo result release）");
    WireError::new(ErrorCode::Held, text).with_zh(zh)
}

/// A result that left the gate earlier, or that a steward has released since: read back for its consumer.
/// The caller passes the digest that the trail recorded; anything else is refused.
pub fn readmit(bytes: Vec<u8>, recorded: &Digest) -> Result<Released, WireError> {
    as_recorded(bytes, recorded).map(|bytes| Released { bytes })
}

/// A held result as the steward who decides on it may see it. Made by [`preview`] alone.
#[derive(Debug, Clone)]
pub struct Preview {
    bytes: Vec<u8>,
}

impl Preview {
    /// The bytes to show, given up.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A held result, read back for the steward who decides on it; not for its consumer.
///
/// # Errors
/// As [`readmit`].
pub fn preview(bytes: Vec<u8>, recorded: &Digest) -> Result<Preview, WireError> {
    as_recorded(bytes, recorded).map(|bytes| Preview { bytes })
}

fn as_recorded(bytes: Vec<u8>, recorded: &Digest) -> Result<Vec<u8>, WireError> {
    if sm3::digest(&bytes) != *recorded {
        let text = "the stored result is not the one on the trail; tell the department's admin";
        return Err(WireError::new(ErrorCode::Internal, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
