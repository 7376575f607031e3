//! The trail as auditors read it: pages for people, exact bytes for verification. A read is recorded.

use qianmo_proto::{
    WireError,
    ask::{AuditCheckpoint, AuditExport, AuditLs},
    ids::Base64,
    limits,
    views::{AuditPage, CheckpointView, ExportView},
};
use serde_json::value::RawValue;

use crate::{
    auth::Peer,
    rooms::{Books, Door},
    serve::{
        payload::Payload,
        verb::{Answered, Here, Leave, Told, Verb},
    },
    store::facts::Fact,
};

/// Most bytes of one export: a page of large entries is cut here, and the caller asks for the rest.
const EXPORT_BYTES: usize = 8 << 20;
/// Most bytes of a page for people: it must fit the reply's header frame.
const PAGE_BYTES: usize = limits::HEADER_BYTES / 2;

impl Verb for AuditLs {
    type Rooms = Books;
    type Subject = Here;

    fn subject(&self, _: &Books, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, books: Books, _: Leave<Self>) -> Told<Self> {
        let limit = self.limit.clamp(1, limits::PAGE);
        let (size, from, entries) = entries(&books, self.from, limit, PAGE_BYTES).await?;
        let raw = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).map_err(WireError::internal)?;
            RawValue::from_string(text).map_err(WireError::internal)
        };
        let entries = entries.into_iter().map(raw).collect::<Result<_, _>>()?;
        Ok(AuditPage { size, from, entries }.into())
    }
}

impl Verb for AuditExport {
    type Rooms = Books;
    type Subject = Here;

    fn subject(&self, _: &Books, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        let limit = self.limit.clamp(1, limits::PAGE);
        let (_, from, entries) = entries(&books, Some(self.from), limit, EXPORT_BYTES).await?;
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        books.trail.record(leave.peer(), Fact::TrailRead { from, count: count.into() }).await?;
        Ok(Answered::with(ExportView { from, count }, Payload::Entries(TrailEntries::of(&entries))))
    }
}

impl Verb for AuditCheckpoint {
    type Rooms = (Books, Door);
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, (books, door): Self::Rooms, _: Leave<Self>) -> Told<Self> {
        let note = books.trail.inspect(|trail| Ok(trail.note().to_owned())).await?;
        Ok(CheckpointView { note, certificate: Base64(door.certificate.load().der.clone()) }.into())
    }
}

/// Entries as they are sent for verification: each as u32 big-endian length and exact bytes.
pub(crate) struct TrailEntries(Vec<u8>);

impl TrailEntries {
    fn of(entries: &[Vec<u8>]) -> Self {
        let mut bytes = Vec::new();
        for entry in entries {
            let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(entry);
        }
        Self(bytes)
    }

    /// The bytes to send.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Up to `limit` entries and `bytes` bytes from `from` on; without `from`, the newest.
async fn entries(
    books: &Books,
    from: Option<u64>,
    limit: u32,
    bytes: usize,
) -> Result<(u64, u64, Vec<Vec<u8>>), WireError> {
    books
        .trail
        .inspect(move |trail| {
            let size = trail.size();
            let from = from.unwrap_or_else(|| size.saturating_sub(limit.into())).min(size);
            let to = from.saturating_add(limit.into()).min(size);
            let mut found = Vec::new();
            let mut total = 0;
            for entry in trail.entries(from..to) {
                let (_, entry) = entry?;
                total += entry.len() + 4;
                if total > bytes && !found.is_empty() {
                    break;
                }
                found.push(entry);
            }
            Ok((size, from, found))
        })
        .await
}
