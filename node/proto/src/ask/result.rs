//! Results.

use crate::{
    action::Action,
    ids::JobId,
    page::{Lookup, Page},
    result::Receipt,
    signed::Signed,
    views::{JobView, PreviewView},
};

asks! {
    /// Held results (steward) or the caller's own.
    ResultLs { held: bool, #[serde(default)] lookup: Lookup } = "result.ls", Some(Action::FetchResult) => Page<JobView>;
    /// A released result: receipt in the reply; its document in the body, the very bytes of the receipt.
    ResultGet { id: JobId } = "result.get", Some(Action::FetchResult) => Signed<Receipt>;
    /// A held result as its steward sees it before deciding: findings in the reply, its document in the body. Recorded
    /// before it leaves.
    ResultPreview { id: JobId } = "result.preview", Some(Action::PreviewResult) => PreviewView;
    /// Lets a held result go (steward).
    ResultRelease { id: JobId, #[serde(deserialize_with = "crate::texts::reason")] reason: String } = "result.release", Some(Action::ReleaseResult) => JobView;
    /// Keeps a held result back for good (steward).
    ResultWithhold { id: JobId, #[serde(deserialize_with = "crate::texts::reason")] reason: String } = "result.withhold", Some(Action::WithholdResult) => JobView;
}
