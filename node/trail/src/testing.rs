//! What the tests of several modules share.

use std::sync::{Arc, OnceLock};

use qianmo_crypto::keys::{KeyProvider, SoftKeys};
use qianmo_crypto::sm2::SecretKey;

use crate::event::{Action, Actor, EventDraft, Outcome, Stage};
use crate::layout::Shape;
use crate::note::VerifyingKey;
use crate::storage::MemStorage;
use crate::trail::{Recovery, Trail};
use crate::verify::{Report, verify_with};
use crate::{Checkpoint, TrailError};

pub(crate) const ORIGIN: &str = "qianmo://hospital-a/node/main";
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// Small enough that a dozen entries fill segments and the history.
pub(crate) const SMALL: Shape =
    Shape { segment_entries: 5, segment_bytes: 1 << 20, seal_every: 4, read_bytes: 1 << 20 };

pub(crate) fn keys() -> Arc<SoftKeys> {
    static KEYS: OnceLock<Arc<SoftKeys>> = OnceLock::new();
    KEYS.get_or_init(|| soft_keys(1)).clone()
}

pub(crate) fn other_keys() -> Arc<SoftKeys> {
    static KEYS: OnceLock<Arc<SoftKeys>> = OnceLock::new();
    KEYS.get_or_init(|| soft_keys(2)).clone()
}

fn soft_keys(seed: u8) -> Arc<SoftKeys> {
    Arc::new(SoftKeys::new(SecretKey::from_bytes(&[seed; 32]).unwrap(), [seed; 16].into()))
}

pub(crate) fn key() -> VerifyingKey {
    VerifyingKey::new(ORIGIN, keys().public_key()).unwrap()
}

pub(crate) fn draft(id: &str, stage: Stage, time_ms: i64) -> EventDraft {
    EventDraft::new(id, stage, time_ms, Actor::node(ORIGIN), Action::from_static("job.run"))
}

/// Entry `seq` of the tests' trail: intents and outcomes in turn.
pub(crate) fn entry(seq: u64) -> Vec<u8> {
    let (stage, outcome) =
        if seq.is_multiple_of(2) { (Stage::Intent, None) } else { (Stage::Outcome, Some(Outcome::OK)) };
    let draft = EventDraft { outcome, ..draft(&format!("job-{}", seq / 2), stage, NOW) };
    draft.into_event(seq).to_entry().unwrap()
}

pub(crate) fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

pub(crate) fn open(storage: &MemStorage) -> Result<(Trail, Recovery), TrailError> {
    Trail::open_with(Box::new(storage.clone()), ORIGIN, keys(), NOW, SMALL)
}

/// A trail of `size` entries, appended by twos.
pub(crate) fn trail(size: u64) -> (MemStorage, Trail) {
    let storage = MemStorage::new();
    let (mut trail, _) = open(&storage).unwrap();
    while trail.size() < size {
        let next = trail.size();
        trail.append(&entries(next..(next + 2).min(size)), NOW).unwrap();
    }
    (storage, trail)
}

pub(crate) fn verify(storage: &MemStorage, previous: Option<&Checkpoint>) -> Report {
    verify_with(storage, Some(&key()), previous, SMALL.seal_every)
}
