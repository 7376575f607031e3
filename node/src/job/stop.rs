//! Ending a job from outside.

use std::sync::Arc;

use qianmo_sandbox::StopFlag;
use tokio::sync::watch;

/// Stops one job: a flag that its model is checked against, and a signal to whoever waits on the job's behalf.
/// Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    flag: StopFlag,
    signal: Arc<watch::Sender<bool>>,
}

impl Stop {
    /// Stops the job, for good.
    pub(crate) fn stop(&self) {
        self.flag.stop();
        self.signal.send_replace(true);
    }

    /// For the sandbox.
    pub(crate) const fn flag(&self) -> &StopFlag {
        &self.flag
    }

    /// Ends when the job is stopped.
    pub(crate) async fn stopped(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.signal.subscribe().wait_for(|stopped| *stopped).await;
    }
}
