//! What can go wrong while a trail is written and read.

use std::io;

use crate::event::EventError;
use crate::note::NoteError;
use crate::verify::Problem;

/// Why the trail could not be opened, written or read. Cloneable, since one failed commit answers many callers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrailError {
    /// Another process has the folder open.
    #[error(
        "the trail in {0} is in use by another process; stop that one first, or point this one elsewhere"
    )]
    Locked(String),
    /// A file operation failed; nothing of the batch was recorded.
    #[error("{0}; nothing was recorded, and the trail takes entries again once the cause is gone")]
    Storage(StorageError),
    /// A file operation failed at a moment after which only the files can tell whether the batch was recorded.
    #[error("{0}; whether the batch was recorded shows when the trail is read again, before its next entry")]
    Uncertain(StorageError),
    /// The files are not what was signed.
    #[error(
        "the trail is damaged: {0}. It was not opened and nothing was changed: keep the folder as evidence, run \
         `qianmo audit verify` on it, then restore it from a backup or a peer's copy"
    )]
    Damaged(Box<Problem>),
    /// The folder belongs to another node, or its key was replaced.
    #[error(
        "the trail's checkpoint is not signed by this node ({0}); give the node its own folder, or its old key back"
    )]
    NotOurs(NoteError),
    /// The checkpoint could not be signed; nothing was recorded.
    #[error("{0}; nothing was recorded")]
    Sign(NoteError),
    /// An entry that is empty or over the limit.
    #[error(
        "an entry of {0} bytes cannot be recorded: it must have 1 to 65,535 bytes; store the document and record its digest"
    )]
    EntrySize(usize),
    /// More entries or bytes than one batch may have.
    #[error("a batch of {0} entries is over the limit of one append; split it")]
    BatchSize(usize),
    /// No such entry or no such older size.
    #[error("there is no entry or size {0}: the trail has {1} entries")]
    OutOfRange(u64, u64),
    /// Reading the files after [`TrailError::Uncertain`] showed that the batch had been recorded.
    #[error(
        "the trail had grown from {0} to {1} entries by a batch in doubt; read it from {0} on, then try again"
    )]
    Grown(u64, u64),
    /// An event that breaks the schema.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The writer's queue is full.
    #[error("too many entries wait to be recorded; try again in a moment")]
    QueueFull,
    /// The writer was stopped or failed.
    #[error("the trail's writer has stopped; restart the node")]
    Stopped,
}

/// A failed file operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} the trail's {file}: {message}")]
pub struct StorageError {
    /// What was tried, as a verb.
    pub action: &'static str,
    /// The file's name in the trail's folder.
    pub file: String,
    /// The class of the failure, for example [`io::ErrorKind::StorageFull`].
    pub kind: io::ErrorKind,
    /// The system's own words.
    pub message: String,
}

impl StorageError {
    /// Gives a system error its place.
    pub(crate) fn new(action: &'static str, file: &str, error: &io::Error) -> Self {
        Self { action, file: file.to_owned(), kind: error.kind(), message: error.to_string() }
    }
}

/// `storage.read(…).at("read", file)?`
pub(crate) trait At<T> {
    fn at(self, action: &'static str, file: &str) -> Result<T, StorageError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, file: &str) -> Result<T, StorageError> {
        self.map_err(|error| StorageError::new(action, file, &error))
    }
}
