#![forbid(unsafe_code)]
//! The trail nobody can rewrite: an append-only Merkle log of what a node did, in plain files.
//!
//! - [`merkle`]: the tree, RFC 6962's with SM3, as pure functions
//! - [`note`], [`Checkpoint`]: the signed head, a C2SP signed note with an SM2 signature
//! - [`event`]: what an entry says
//! - [`Trail`] over [`storage`]: append durably, open after a crash, read, prove
//! - [`Writer`]: one thread that gathers events from many into batches
//! - [`verify`]: the auditor's side; needs the key and the files, no node
//!
//! A trail's folder holds:
//!
//! | file | content |
//! |---|---|
//! | `segment-<first seq, 20 digits>` | `qianmo-segment/1`, first seq (u64 big-endian), then each entry as its length (u32 big-endian) and its bytes |
//! | `checkpoint` | the signed head, replaced as a whole after each batch: what it covers was acknowledged |
//! | `checkpoints` | earlier heads, about one in 256 entries: each note and an empty line |
//! | `hashes` | one leaf hash of 32 bytes an entry; derived, so that damage can be located |
//! | `lock` | empty; locked by the process that writes |
//!
//! This crate is **not** a database: it has no index and no queries, and it never forgets. It knows no clock, no
//! network and no certificates; times, keys and identities are handed in. It cannot show that an event was left
//! out, and a department can sign a rewritten trail with its own key: against both help others who keep its
//! checkpoints and receipts.
//!
//! ```
//! use std::sync::Arc;
//! use qianmo_crypto::{keys::SoftKeys, sm2::SecretKey};
//! use qianmo_trail::storage::FileStorage;
//! use qianmo_trail::{Trail, verify};
//!
//! let dir = tempfile::tempdir()?;
//! let keys = Arc::new(SoftKeys::new(SecretKey::generate()?, [7; 16].into()));
//! let storage = FileStorage::open(dir.path())?;
//! let (mut trail, _) = Trail::open(storage, "qianmo://hospital-a/node/main", keys, 1_700_000_000_000)?;
//! trail.append(&[b"an entry".to_vec()], 1_700_000_000_001)?;
//! let report = verify::verify_dir(dir.path(), Some(trail.key()), None);
//! assert_eq!(report.verdict, verify::Verdict::Verified);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkpoint;
mod error;
pub mod event;
mod layout;
pub mod merkle;
pub mod note;
pub mod storage;
#[cfg(test)]
mod testing;
mod trail;
pub mod verify;
mod walk;
mod writer;

pub use checkpoint::Checkpoint;
pub use error::{StorageError, TrailError};
pub use event::{Action, Event, EventDraft, EventError, Stage};
pub use note::VerifyingKey;
pub use trail::{Entries, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Recovery, Trail};
pub use writer::{Ack, LINGER, MAX_COMMIT_ENTRIES, MAX_QUEUED_ENTRIES, OnCommit, Writer};
