//! Jobs whose intent is on the trail and whose outcome is not: the node went down while they ran. Nothing of
//! them has left, so they run again, on the charge they already have. A job that takes the node down twice
//! is given up.

use std::time::Duration;

use qianmo_proto::{ErrorCode, JobId, JobOrder, Signed, WireError, views::JobState};

use crate::{
    authorize,
    job::{order::Order, running::Entered},
    pipeline::{self, Line},
    store::{facts::End, state::Job},
};

/// How often a job is taken up again.
const RESUMES: u32 = 1;

/// Recording takes milliseconds where there is room.
const RECORDING: Duration = Duration::from_secs(1);

/// Takes up every unfinished job, or gives it an outcome.
pub(crate) async fn jobs(line: &Line) {
    let unfinished: Vec<(JobId, Job)> = {
        let state = line.books.state();
        let running = state.jobs.iter().filter(|(_, job)| job.state == JobState::Running);
        running.map(|(id, job)| (id.clone(), job.clone())).collect()
    };
    for (id, job) in unfinished {
        match resume(line, &id, &job).await {
            Ok(()) => tracing::info!(job = %id, "taken up again"),
            Err(error) => {
                tracing::warn!(job = %id, error = %error, "not taken up again");
                let refunded =
                    error.code == ErrorCode::Interrupted || error.class == qianmo_proto::ErrorClass::Node;
                give_up(line, id, End::Failed { error, refunded }).await;
            }
        }
    }
}

/// Records the end of a job. A disk that is full again must not keep the node from starting: it goes on without.
async fn give_up(line: &Line, id: JobId, end: End) {
    let owner = line.clone();
    let (recorded, wait) = tokio::sync::oneshot::channel();
    line.works.tasks.spawn(async move {
        owner.books.trail.give_up(id, end, owner.works.stopping()).await;
        // Nobody waits any more if it took long.
        let _ = recorded.send(());
    });
    let _ = tokio::time::timeout(RECORDING, wait).await;
}

async fn resume(line: &Line, id: &JobId, job: &Job) -> Result<(), WireError> {
    if job.resumed >= RESUMES {
        let text = "the node went down twice while this job ran; it is given up and not charged";
        return Err(WireError::new(ErrorCode::Interrupted, text));
    }
    let order = reopen(line, job)?;
    let authorized = authorize::resumed(&line.books, &line.gate, &order)?;
    let Entered::First(running) = line.works.jobs.enter(id, order.contract()) else {
        return Err(WireError::new(ErrorCode::Internal, "the job is running already"));
    };
    let intent = line.books.trail.resume(authorized.permit).await?;
    let owner = line.clone();
    line.works.tasks.spawn(async move { pipeline::carry_out(&owner, &running, intent).await });
    Ok(())
}

fn reopen(line: &Line, job: &Job) -> Result<Order, WireError> {
    let bytes = line.books.blobs.get(&job.intent.order)?;
    let document: Signed<JobOrder> = serde_json::from_slice(&bytes).map_err(WireError::internal)?;
    let key_exchange = job
        .intent
        .key_exchange
        .parse()
        .map_err(|e: qianmo_policies::UnknownKeyExchange| WireError::internal(e))?;
    Order::reopen(&line.trust, line.books.now_ms(), document, &job.consumer, key_exchange)
}
