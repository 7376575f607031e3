//! Jobs.

use std::time::Duration;

use crate::{
    action::Action,
    ask::ANSWER,
    ids::JobId,
    job::{JobOrder, OrderDraft},
    page::{Lookup, Page},
    signed::Signed,
    views::{CheckView, JobView, LogView, WhyView},
};

/// A request that waits for a job's end first.
const fn waiting(wait_ms: u64) -> Duration {
    ANSWER.saturating_add(Duration::from_millis(wait_ms))
}

/// A model may be compiled before it is tried.
const TRYING: Duration = Duration::from_secs(5 * 60);

asks! {
    /// Runs a job; waits up to `wait_ms` for its end (consumer).
    JobRun { order: Signed<JobOrder>, wait_ms: u64 } = "job.run", None => JobView,
        within |ask: &Self| waiting(ask.wait_ms);
    /// What would come of an order, without rows and without charge (consumer).
    JobCheck { draft: OrderDraft } = "job.check", None => CheckView,
        within |_: &Self| TRYING;
    /// The jobs the caller may see.
    JobLs { #[serde(default)] lookup: Lookup } = "job.ls", Some(Action::ReadJob) => Page<JobView>;
    /// One job; waits up to `wait_ms` for its end.
    JobShow { id: JobId, wait_ms: u64 } = "job.show", Some(Action::ReadJob) => JobView,
        within |ask: &Self| waiting(ask.wait_ms);
    /// Why a job was allowed, refused or held.
    JobWhy { id: JobId } = "job.why", Some(Action::ReadJob) => WhyView;
    /// What the model logged (steward of the data).
    JobLogs { id: JobId } = "job.logs", Some(Action::ReadLogs) => LogView;
    /// Stops a job (its consumer, or a steward).
    JobStop { id: JobId } = "job.stop", Some(Action::StopJob) => JobView;
}
