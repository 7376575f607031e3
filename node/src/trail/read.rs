//! The trail as auditors read it: pages for people, exact bytes for verification. A read is recorded.

use qianmo_policies::Governance;
use qianmo_proto::{
    ErrorCode, WireError,
    ids::Base64,
    limits,
    views::{AuditPage, CheckpointView, ExportView},
};
use serde_json::value::RawValue;

use crate::{auth::Peer, authorize, node::Shared, store::facts::Fact};

/// Most bytes of one export: a page of large entries is cut here, and the caller asks for the rest.
const EXPORT_BYTES: usize = 8 << 20;
/// Most bytes of a page for people: it must fit the reply's header frame.
const PAGE_BYTES: usize = limits::HEADER_BYTES / 2;

/// `audit.ls`
pub(crate) async fn page(
    node: &Shared,
    peer: &Peer,
    from: Option<u64>,
    limit: u32,
) -> Result<AuditPage, WireError> {
    authorize::may_here(node, peer, Governance::ReadTrail)?;
    let limit = limit.clamp(1, limits::PAGE);
    let (size, from, entries) = entries(node, from, limit, PAGE_BYTES).await?;
    let raw = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).map_err(|e| internal(&e))?;
        RawValue::from_string(text).map_err(|e| internal(&e))
    };
    Ok(AuditPage { size, from, entries: entries.into_iter().map(raw).collect::<Result<_, _>>()? })
}

/// `audit.export`: each entry as u32 big-endian length and exact bytes.
pub(crate) async fn export(
    node: &Shared,
    peer: &Peer,
    from: u64,
    limit: u32,
) -> Result<(ExportView, Vec<u8>), WireError> {
    authorize::may_here(node, peer, Governance::ReadTrail)?;
    let (_, from, entries) = entries(node, Some(from), limit.clamp(1, limits::PAGE), EXPORT_BYTES).await?;
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    for entry in &entries {
        let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    node.trail.record(peer, Fact::TrailRead { from, count: count.into() }).await?;
    Ok((ExportView { from, count }, bytes))
}

/// `audit.checkpoint`
pub(crate) async fn checkpoint(node: &Shared, peer: &Peer) -> Result<CheckpointView, WireError> {
    authorize::may_here(node, peer, Governance::ReadCheckpoint)?;
    let note = node.trail.inspect(|trail| Ok(trail.note().to_owned())).await?;
    Ok(CheckpointView { note, certificate: Base64(node.certificate.load().der.clone()) })
}

/// Up to `limit` entries and `bytes` bytes from `from` on; without `from`, the newest.
async fn entries(
    node: &Shared,
    from: Option<u64>,
    limit: u32,
    bytes: usize,
) -> Result<(u64, u64, Vec<Vec<u8>>), WireError> {
    node.trail
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

fn internal(e: &dyn std::fmt::Display) -> WireError {
    WireError::new(ErrorCode::Internal, e.to_string())
}
