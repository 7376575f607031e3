//! Jobs and their results as people see them.

use std::time::Duration;

use qianmo_policies::{Governance, Target};
use qianmo_proto::{
    ErrorCode, JobId, JobOrder, Receipt, Signed, WireError,
    views::{JobState, JobView, LogView, WhyView},
};

use crate::{
    auth::Peer,
    authorize, egress,
    exchange::contracts::check_reason,
    node::Shared,
    pipeline,
    store::{facts::Fact, state::Job},
};

/// Longest wait of one request; a client asks again.
const LONGEST_WAIT_MS: u64 = 15 * 60 * 1_000;

/// `job.run`: through the pipeline, then wait for the end.
pub(crate) async fn run(
    node: &Shared,
    peer: &Peer,
    order: Signed<JobOrder>,
    wait_ms: u64,
) -> Result<JobView, WireError> {
    let id = pipeline::accept(node, peer, order).await?;
    wait(node, &id, wait_ms).await;
    show_now(node, peer, &id)
}

/// `job.show`
pub(crate) async fn show(node: &Shared, peer: &Peer, id: &JobId, wait_ms: u64) -> Result<JobView, WireError> {
    find(node, peer, Governance::ReadJob, id)?;
    wait(node, id, wait_ms).await;
    show_now(node, peer, id)
}

fn show_now(node: &Shared, peer: &Peer, id: &JobId) -> Result<JobView, WireError> {
    let job = find(node, peer, Governance::ReadJob, id)?;
    view(node, id, &job)
}

async fn wait(node: &Shared, id: &JobId, wait_ms: u64) {
    if let Some(mut over) = node.jobs.wait(id) {
        let limit = Duration::from_millis(wait_ms.min(LONGEST_WAIT_MS));
        // Timed out or over: the state says which.
        let _ = tokio::time::timeout(limit, over.wait_for(|over| *over)).await;
    }
}

/// `job.ls`
pub(crate) fn list(node: &Shared, peer: &Peer) -> Result<Vec<JobView>, WireError> {
    visible(node, peer, Governance::ReadJob, |_| true)
}

/// `result.ls`: the results that the caller may fetch or, with `held`, decide on.
pub(crate) fn results(node: &Shared, peer: &Peer, held: bool) -> Result<Vec<JobView>, WireError> {
    let action = if held { Governance::ReleaseResult } else { Governance::FetchResult };
    visible(node, peer, action, |job| match job.state {
        JobState::Held => held,
        JobState::Released => !held,
        _ => false,
    })
}

/// `job.why`
pub(crate) fn why(node: &Shared, peer: &Peer, id: &JobId) -> Result<WhyView, WireError> {
    let job = find(node, peer, Governance::ReadJob, id)?;
    let mut reasons = job.reasons.clone();
    // The figures behind a held result are for those who may decide on it.
    if may(node, peer, Governance::ReleaseResult, id, &job).is_err() {
        reasons.retain(|reason| reason.by != "egress");
    }
    Ok(WhyView { job: view(node, id, &job)?, reasons, obligations: job.intent.obligations.clone() })
}

/// `job.logs`
pub(crate) fn logs(node: &Shared, peer: &Peer, id: &JobId) -> Result<LogView, WireError> {
    let job = find(node, peer, Governance::ReadLogs, id)?;
    let Some(log) = job.log else { return Ok(LogView::default()) };
    let bytes = node.blobs.get(&log).map_err(|e| internal(&e))?;
    serde_json::from_slice(&bytes).map_err(|e| internal(&e))
}

/// `job.stop`: the run ends within a few of the sandbox's ticks; its outcome says "stopped".
pub(crate) async fn stop(node: &Shared, peer: &Peer, id: &JobId) -> Result<JobView, WireError> {
    find(node, peer, Governance::StopJob, id)?;
    if !node.jobs.stop(id) {
        return Err(WireError::new(ErrorCode::Conflict, format!("{id} is not running")));
    }
    wait(node, id, 5_000).await;
    show_now(node, peer, id)
}

/// `result.get`: the receipt, and the bytes it speaks of.
pub(crate) fn get(node: &Shared, peer: &Peer, id: &JobId) -> Result<(Signed<Receipt>, Vec<u8>), WireError> {
    let job = find(node, peer, Governance::FetchResult, id)?;
    let (digest, _) = released(id, &job)?;
    let bytes = node.blobs.get(&digest).map_err(|e| internal(&e))?;
    let released = egress::readmit(bytes, &digest)?;
    let receipt = receipt(node, id, &job)?
        .ok_or_else(|| WireError::new(ErrorCode::Internal, "the release has no trail entry"))?;
    Ok((receipt, released.bytes().to_vec()))
}

fn released(id: &JobId, job: &Job) -> Result<(qianmo_crypto::sm3::Digest, u64), WireError> {
    match (job.state, job.result) {
        (JobState::Released, Some(result)) => Ok(result),
        (JobState::Running, _) => {
            Err(WireError::new(ErrorCode::Busy, format!("{id} is still running; try again later")))
        }
        (JobState::Held, _) => Err(job.error.clone().unwrap_or_else(|| {
            WireError::new(ErrorCode::Held, format!("the result of {id} waits for a steward"))
        })),
        (JobState::Withheld, _) => Err(WireError::new(
            ErrorCode::Withheld,
            format!("a steward keeps the result of {id} back; see `qianmo job why {id}`"),
        )),
        _ => Err(job
            .error
            .clone()
            .unwrap_or_else(|| WireError::new(ErrorCode::NotFound, format!("{id} has no result")))),
    }
}

/// `result.release`
pub(crate) async fn release(
    node: &Shared,
    peer: &Peer,
    id: JobId,
    reason: String,
) -> Result<JobView, WireError> {
    let fact = Fact::ResultReleased { job: id.clone(), reason: reason.clone() };
    settle(node, peer, Governance::ReleaseResult, &id, &reason, fact).await
}

/// `result.withhold`
pub(crate) async fn withhold(
    node: &Shared,
    peer: &Peer,
    id: JobId,
    reason: String,
) -> Result<JobView, WireError> {
    let fact = Fact::ResultWithheld { job: id.clone(), reason: reason.clone() };
    settle(node, peer, Governance::WithholdResult, &id, &reason, fact).await
}

async fn settle(
    node: &Shared,
    peer: &Peer,
    action: Governance,
    id: &JobId,
    reason: &str,
    fact: Fact,
) -> Result<JobView, WireError> {
    check_reason(reason)?;
    find(node, peer, action, id)?;
    let _turn = node.answers.lock().await; // two stewards at once: one answer
    let job = find(node, peer, action, id)?;
    if job.state != JobState::Held {
        let text = format!("the result of {id} is {}, not held; nothing was changed", job.state.as_str());
        return Err(WireError::new(ErrorCode::Conflict, text));
    }
    node.trail.record(peer, fact).await?;
    show_now(node, peer, id)
}

fn visible(
    node: &Shared,
    peer: &Peer,
    action: Governance,
    wanted: impl Fn(&Job) -> bool,
) -> Result<Vec<JobView>, WireError> {
    let all: Vec<(JobId, Job)> = node
        .state()
        .jobs
        .iter()
        .filter(|(_, job)| wanted(job))
        .map(|(id, job)| (id.clone(), job.clone()))
        .collect();
    let seen = all.iter().filter(|(id, job)| may(node, peer, action, id, job).is_ok());
    seen.map(|(id, job)| view(node, id, job)).collect()
}

/// The job, if the caller may do `action` to it; otherwise it is not there.
fn find(node: &Shared, peer: &Peer, action: Governance, id: &JobId) -> Result<Job, WireError> {
    let unknown =
        || WireError::new(ErrorCode::NotFound, format!("no job {id} that you may see; try `qianmo job ls`"));
    let job = node.state().jobs.get(id).cloned().ok_or_else(unknown)?;
    may(node, peer, Governance::ReadJob, id, &job).map_err(|_| unknown())?;
    may(node, peer, action, id, &job)?;
    Ok(job)
}

fn may(node: &Shared, peer: &Peer, action: Governance, id: &JobId, job: &Job) -> Result<(), WireError> {
    let department = &job.intent.dataset.department;
    authorize::may(node, peer, action, Target::Job { id, department, consumer: &job.consumer })
}

fn view(node: &Shared, id: &JobId, job: &Job) -> Result<JobView, WireError> {
    Ok(JobView {
        id: id.clone(),
        state: job.state,
        consumer: job.consumer.clone(),
        contract: job.intent.contract.clone(),
        dataset: job.intent.dataset.clone(),
        model: job.intent.model,
        round: job.intent.round.clone(),
        error: job.error.clone(),
        at_ms: job.at_ms,
        receipt: receipt(node, id, job)?,
    })
}

/// The node's signed word about a released result.
fn receipt(node: &Shared, id: &JobId, job: &Job) -> Result<Option<Signed<Receipt>>, WireError> {
    let (Some((result, bytes)), Some((seq, at_ms))) = (job.result, job.released) else { return Ok(None) };
    let receipt = Receipt {
        v: 1,
        job: id.clone(),
        order: job.intent.signed,
        contract: job.intent.contract.clone(),
        dataset: job.intent.dataset.clone(),
        model: job.intent.model,
        result,
        bytes,
        seq,
        at_ms,
    };
    Signed::sign(&receipt, &node.certificate.load().der, node.keys.as_ref())
        .map(Some)
        .map_err(|e| internal(&e))
}

fn internal(e: &dyn std::fmt::Display) -> WireError {
    WireError::new(ErrorCode::Internal, e.to_string())
}
