//! What one entry of the trail says: a closed, versioned schema, written as JSON.
//!
//! The fields are those of design section 15; they hold what Articles 20 and 29 of the 政务数据共享条例 ask to be
//! recorded of a sharing: who, which data, for what purpose, how, until when, and what came of it. Everything
//! outside `body` is strings and integers. An event is serialised once, by the writer; those bytes are the
//! leaf, and nothing is ever serialised again to verify it.
//!
//! **Personal data of data subjects never goes into an event**: a leaf cannot be deleted.

mod action;
mod parts;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use parts::{Actor, Data, Ending, Model, Outcome, Peer, Purpose, Receipt, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The schema's version, the `v` of every event.
pub const VERSION: u32 = 1;

/// Longest entry in bytes. C2SP tlog-tiles bundles write entry lengths in 16 bits.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Longest `id` and `xid` in bytes: twice a UUID's length.
const MAX_ID_BYTES: usize = 72;

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not JSON of this schema.
    #[error("the entry is not an event of version {VERSION} of the schema: {0}")]
    Schema(String),
    /// Written by a newer version.
    #[error("the entry is an event of version {0}, this program reads version {VERSION}: use a newer one")]
    Version(u64),
    /// Not of the shape `noun.verb`.
    #[error("{0:?} is not an action: write noun.verb in lower-case ASCII, for example job.run")]
    Action(String),
    /// An id that is empty, too long or not plain.
    #[error("{0:?} is not an id: use 1 to {MAX_ID_BYTES} of the characters a-z A-Z 0-9 - _ . :")]
    Id(String),
    /// Stage and outcome contradict one another.
    #[error("an event of stage `outcome` has an outcome, one of stage `intent` has none")]
    Stage,
    /// Longer than a leaf may be.
    #[error(
        "the event has {0} bytes, {MAX_ENTRY_BYTES} are allowed: store the document as a blob and record its digest"
    )]
    TooLong(usize),
}

/// Which moment of an act an event records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Before it is done. An outcome with the same id follows; if none does, an auditor is told.
    Intent,
    /// After it was done or has failed; carries the id of its intent.
    Outcome,
    /// Complete in itself: something decided, changed or observed.
    Fact,
}

/// One entry of the trail. Made from an [`EventDraft`] by the [`Writer`](crate::Writer), which alone knows `seq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Version of the schema, [`VERSION`].
    pub v: u32,
    /// Position in the trail, from 0 without gaps.
    pub seq: u64,
    /// The act this event belongs to; intent and outcome of one act share it.
    pub id: String,
    /// The exchange, the same on both nodes that take part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xid: Option<String>,
    /// Which moment of the act.
    pub stage: Stage,
    /// UNIX milliseconds by the node's clock.
    pub time_ms: i64,
    /// Who acts.
    pub actor: Actor,
    /// What is done.
    pub action: Action,
    /// What it is done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The other node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// What for, and on what basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The model that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// What goes over the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The other node's own entry about the same exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The action's own document; each action defines its shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

impl Event {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`EventError::Version`] for a newer schema, else what is wrong with it.
    pub fn parse(entry: &[u8]) -> Result<Self, EventError> {
        if entry.len() > MAX_ENTRY_BYTES {
            return Err(EventError::TooLong(entry.len()));
        }
        let event: Self = serde_json::from_slice(entry).map_err(|error| schema_error(entry, &error))?;
        if event.v != VERSION {
            return Err(EventError::Version(event.v.into()));
        }
        event.validate()?;
        Ok(event)
    }

    /// The entry's bytes. Done once in an event's life, by the writer.
    ///
    /// # Errors
    /// An [`EventError`] if the event breaks a rule that its types do not hold.
    pub fn to_entry(&self) -> Result<Vec<u8>, EventError> {
        self.validate()?;
        let entry = serde_json::to_vec(self).map_err(|error| EventError::Schema(error.to_string()))?;
        if entry.len() > MAX_ENTRY_BYTES { Err(EventError::TooLong(entry.len())) } else { Ok(entry) }
    }

    fn validate(&self) -> Result<(), EventError> {
        [Some(&self.id), self.xid.as_ref()].into_iter().flatten().try_for_each(|id| check_id(id))?;
        match (self.stage, &self.outcome) {
            (Stage::Intent, Some(_)) | (Stage::Outcome, None) => Err(EventError::Stage),
            _ => Ok(()),
        }
    }
}

/// An event before it has its place in the trail: an [`Event`] without `v` and `seq`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each field is documented at the field of the same name of `Event`")]
pub struct EventDraft {
    pub id: String,
    pub xid: Option<String>,
    pub stage: Stage,
    pub time_ms: i64,
    pub actor: Actor,
    pub action: Action,
    pub target: Option<Target>,
    pub peer: Option<Peer>,
    pub purpose: Option<Purpose>,
    pub model: Option<Model>,
    pub data: Option<Data>,
    pub outcome: Option<Outcome>,
    pub receipt: Option<Receipt>,
    pub body: Option<Value>,
}

impl EventDraft {
    /// A draft with what every event has. Set the other fields afterwards, or with `..EventDraft::new(…)`.
    pub fn new(id: impl Into<String>, stage: Stage, time_ms: i64, actor: Actor, action: Action) -> Self {
        Self {
            id: id.into(),
            xid: None,
            stage,
            time_ms,
            actor,
            action,
            target: None,
            peer: None,
            purpose: None,
            model: None,
            data: None,
            outcome: None,
            receipt: None,
            body: None,
        }
    }

    /// The event at position `seq`.
    pub fn into_event(self, seq: u64) -> Event {
        Event {
            v: VERSION,
            seq,
            id: self.id,
            xid: self.xid,
            stage: self.stage,
            time_ms: self.time_ms,
            actor: self.actor,
            action: self.action,
            target: self.target,
            peer: self.peer,
            purpose: self.purpose,
            model: self.model,
            data: self.data,
            outcome: self.outcome,
            receipt: self.receipt,
            body: self.body,
        }
    }
}

fn check_id(id: &str) -> Result<(), EventError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let valid = (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(plain);
    if valid { Ok(()) } else { Err(EventError::Id(id.to_owned())) }
}

/// A newer version may have fields that this one refuses: say that it is newer, not that it is broken.
fn schema_error(entry: &[u8], error: &serde_json::Error) -> EventError {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    match serde_json::from_slice(entry) {
        Ok(Versioned { v }) if v > u64::from(VERSION) => EventError::Version(v),
        _ => EventError::Schema(error.to_string()),
    }
}
