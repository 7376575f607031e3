//! The trail.

use crate::{
    action::Action,
    views::{AuditPage, CheckpointView, ExportView},
};

asks! {
    /// Trail entries `from..from+limit`, newest page if `from` is none (auditor, steward, admin).
    AuditLs { from: Option<u64>, limit: u32 } = "audit.ls", Some(Action::ReadTrail) => AuditPage;
    /// Exact bytes of trail entries for verification; in the body, each entry as u32 big-endian length and bytes.
    AuditExport { from: u64, limit: u32 } = "audit.export", Some(Action::ReadTrail) => ExportView;
    /// The signed checkpoint and the node certificate it verifies under.
    AuditCheckpoint {} = "audit.checkpoint", Some(Action::ReadCheckpoint) => CheckpointView;
}
