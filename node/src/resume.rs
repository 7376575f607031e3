//! Jobs whose intent is on the trail and whose outcome is not: the node went down while they ran. Nothing of
//! them has left, so they run again, on the charge they already have. A job that takes the node down twice
//! is given up.

use std::time::Duration;

use qianmo_proto::{ErrorCode, JobId, JobOrder, Signed, WireError, views::JobState};

use crate::{
    authorize,
    job::{order::Order, running::Entered},
    node::Shared,
    pipeline,
    store::{
        facts::{End, Fact},
        state::Job,
    },
    trail::Intent,
};

/// How often a job is taken up again.
const RESUMES: u32 = 1;

/// Recording takes milliseconds where there is room.
const RECORDING: Duration = Duration::from_secs(1);

/// Takes up every unfinished job, or gives it an outcome.
pub(crate) async fn jobs(node: &Shared) {
    let unfinished: Vec<(JobId, Job)> = {
        let state = node.state();
        let running = state.jobs.iter().filter(|(_, job)| job.state == JobState::Running);
        running.map(|(id, job)| (id.clone(), job.clone())).collect()
    };
    for (id, job) in unfinished {
        match resume(node, &id, &job).await {
            Ok(()) => tracing::info!(job = %id, "taken up again"),
            Err(error) => {
                tracing::warn!(job = %id, error = %error, "not taken up again");
                let refunded =
                    error.code == ErrorCode::Interrupted || error.class == qianmo_proto::ErrorClass::Node;
                give_up(node, id, End::Failed { error, refunded }).await;
            }
        }
    }
}

/// Records the end of a job. A disk that is full again must not keep the node from starting: it goes on without.
async fn give_up(node: &Shared, id: JobId, end: End) {
    let owner = node.clone();
    let (recorded, wait) = tokio::sync::oneshot::channel();
    node.tasks.spawn(async move {
        owner.trail.give_up(id, end, owner.stopping()).await;
        // Nobody waits any more if it took long.
        let _ = recorded.send(());
    });
    let _ = tokio::time::timeout(RECORDING, wait).await;
}

async fn resume(node: &Shared, id: &JobId, job: &Job) -> Result<(), WireError> {
    if job.resumed >= RESUMES {
        let text = "the node went down twice while this job ran; it is given up and not charged";
        return Err(WireError::new(ErrorCode::Interrupted, text));
    }
    let order = reopen(node, job)?;
    let authorized = authorize::resumed(node, &order)?;
    let Entered::First(running) = node.jobs.enter(id, order.contract()) else {
        return Err(WireError::new(ErrorCode::Internal, "the job is running already"));
    };
    node.trail.record_own(Fact::JobResumed { job: id.clone() }).await?;
    let intent = Intent::resumed(authorized.permit);
    let owner = node.clone();
    node.tasks.spawn(async move { pipeline::carry_out(&owner, &running, intent).await });
    Ok(())
}

fn reopen(node: &Shared, job: &Job) -> Result<Order, WireError> {
    let internal = |text: String| WireError::new(ErrorCode::Internal, text);
    let bytes = node.blobs.get(&job.intent.order).map_err(|e| internal(e.to_string()))?;
    let document: Signed<JobOrder> = serde_json::from_slice(&bytes).map_err(|e| internal(e.to_string()))?;
    let key_exchange = job
        .intent
        .key_exchange
        .parse()
        .map_err(|e: qianmo_policies::UnknownKeyExchange| internal(e.to_string()))?;
    Order::reopen(node, document, &job.consumer, key_exchange)
}
