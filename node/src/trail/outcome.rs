//! The end of a job goes onto the trail once, however long the disk has no room for it.

use std::{sync::PoisonError, time::Duration};

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{JobId, WireError, views::Reason};
use qianmo_trail::TrailError;
use tokio::{sync::watch, time};

use super::{Charge, Intent, Ledger, unavailable};
use crate::store::facts::{End, Ending, Fact};

/// What a run took: for the trail, not for the consumer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) rows_read: u64,
    pub(crate) fuel: u64,
    /// Blob of the log lines for the data owner.
    pub(crate) log: Option<Digest>,
}

impl Used {
    /// Nothing ran.
    pub(crate) const NOTHING: Self = Self { rows_read: 0, fuel: 0, log: None };
}

/// Pause before an outcome is tried again; each one is twice as long as the one before,
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// and none longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Ledger {
    /// Records how a job ended, as [`Self::end`] does.
    pub(crate) async fn outcome<P: Charge>(
        &self,
        intent: Intent<P>,
        (end, reasons): (End, Vec<Reason>),
        used: Used,
        stop: watch::Receiver<bool>,
    ) {
        let Intent { permit } = intent;
        let ending = Ending {
            job: permit.job().clone(),
            end,
            reasons,
            rows_read: used.rows_read,
            fuel: used.fuel,
            log: used.log,
        };
        self.end(ending, stop).await;
    }

    /// Records the end of a job that is not taken up again, as [`Self::end`] does.
    pub(crate) async fn give_up(&self, job: JobId, end: End, stop: watch::Receiver<bool>) {
        let Used { rows_read, fuel, log } = Used::NOTHING;
        self.end(Ending { job, end, reasons: vec![], rows_read, fuel, log }, stop).await;
    }

    /// Records `ending`; where that fails, again and again until it is on the trail. Nothing has left meanwhile. If the
    /// node stops first, the job stays unfinished and is taken up at the next start.
    async fn end(&self, ending: Ending, mut stop: watch::Receiver<bool>) {
        let mut recorded = self.record_end(&ending).await;
        let mut pause = FIRST_PAUSE;
        while let Err(error) = recorded {
            tracing::error!(job = %ending.job, %error, "the outcome could not be recorded");
            if !error.retryable {
                return;
            }
            tokio::select! {
                () = time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            recorded = self.record_end_again(&ending).await;
        }
    }

    async fn record_end(&self, ending: &Ending) -> Result<(), WireError> {
        self.record_own(Fact::JobEnded(Box::new(ending.clone()))).await.map(drop)
    }

    /// [`Self::record_end`] after an attempt that failed and may yet have been recorded.
    async fn record_end_again(&self, ending: &Ending) -> Result<(), WireError> {
        let doubt = self.inspect(|trail| Ok(trail.in_doubt().cloned())).await?;
        match doubt {
            Some(doubt) => Err(unavailable(&TrailError::Uncertain(doubt))),
            None if self.has_ended(&ending.job) => Ok(()),
            None => self.record_end(ending).await,
        }
    }

    fn has_ended(&self, job: &JobId) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.jobs.get(job).is_some_and(|job| job.state.is_over())
    }
}
