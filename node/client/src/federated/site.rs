//! One taking part: a node, its dataset, the contract, and the way to it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use qianmo_crypto::tls::Group;
use qianmo_net::{client::Client, credentials::Credentials};
use qianmo_proto::{
    ContractId, DatasetRef, ErrorCode, Id as _, Identity, JobId, JobOrder, Signed, WireError, ask,
    views::{JobState, JobView},
};
use tokio::sync::RwLock;

use super::receipt::{Fetched, fetch_result};

/// How long one request waits for a job's end before it asks again: first, and from then on while the job is queued,
const SHORT_WAIT_MS: u64 = 2_000;
/// and while it runs.
const WAIT_MS: u64 = 60_000;

/// Pauses before an order is sent again. The same order is the same job, so this charges nothing twice; a node
/// that restarts is back within these.
const RETRY_AFTER: [Duration; 4] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// What is going on at a site that has not delivered yet.
#[derive(Debug)]
pub enum News<'a> {
    /// It gave no answer, and is asked again after a pause. The same order is the same job.
    AskedAgain {
        /// What was heard instead.
        error: &'a WireError,
        /// The pause.
        after: Duration,
    },
    /// Its job waits there, or runs.
    UnderWay(&'a JobView),
}

/// Who hears of it.
pub type Tell = Arc<dyn Fn(&DatasetRef, &News<'_>) + Send + Sync>;

/// A site of a run.
pub struct Site {
    dataset: DatasetRef,
    contract: ContractId,
    node: Identity,
    address: SocketAddr,
    credentials: Credentials,
    groups: Vec<Group>,
    client: RwLock<Client>,
    tell: Option<Tell>,
}

/// What went to and came from a site, counted by the coordinator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Bytes of signed orders, states included.
    pub order_bytes: u64,
    /// Bytes of result documents, as receipted.
    pub result_bytes: u64,
    /// Rows in the tables of those results.
    pub table_rows: u64,
}

impl Traffic {
    /// Adds more.
    pub const fn add(&mut self, more: Self) {
        self.order_bytes += more.order_bytes;
        self.result_bytes += more.result_bytes;
        self.table_rows += more.table_rows;
    }
}

impl Site {
    /// The site of `contract`, reached through `client` at `address`; dialled again with `credentials` and
    /// `groups` if that connection is lost.
    pub fn new(
        (dataset, contract): (DatasetRef, ContractId),
        client: Client,
        address: SocketAddr,
        credentials: Credentials,
        groups: &[Group],
    ) -> Self {
        let node = client.node().clone();
        let groups = groups.to_vec();
        let client = RwLock::new(client);
        Self { dataset, contract, node, address, credentials, groups, client, tell: None }
    }

    /// The same site, with somebody who hears why it takes long.
    #[must_use]
    pub fn telling(self, tell: Tell) -> Self {
        Self { tell: Some(tell), ..self }
    }

    /// The dataset it computes over.
    pub const fn dataset(&self) -> &DatasetRef {
        &self.dataset
    }

    /// The contract it computes under.
    pub const fn contract(&self) -> &ContractId {
        &self.contract
    }

    /// Has `order` carried out and returns its result, however often the connection is lost on the way.
    pub(super) async fn carry_out(&self, order: &Signed<JobOrder>) -> Result<Fetched, WireError> {
        let mut pauses = RETRY_AFTER.into_iter();
        loop {
            match self.attempt(order).await {
                Err(error) if may_pass(&error) => self.pause(error, &mut pauses).await?,
                settled => return settled,
            }
        }
    }

    /// Waits for the end of the job of `order`, however often the connection is lost on the way.
    ///
    /// # Errors
    /// What the node answers, or that it cannot be reached any more.
    pub async fn end_of(&self, order: &Signed<JobOrder>) -> Result<JobView, WireError> {
        let mut pauses = RETRY_AFTER.into_iter();
        loop {
            match self.wait(order).await {
                Err(error) if may_pass(&error) => self.pause(error, &mut pauses).await?,
                settled => return settled,
            }
        }
    }

    /// Fetches the released result of `order`, with the receipt for it.
    ///
    /// # Errors
    /// As [`fetch_result`].
    pub async fn fetch(&self, order: &Signed<JobOrder>) -> Result<Fetched, WireError> {
        let client = self.client.read().await.clone();
        let (trust, now_ms) = (&self.credentials.trust, self.credentials.clock.now_ms());
        fetch_result(&client, &JobId::of(&order.digest()), Some(order.full_digest()), trust, now_ms).await
    }

    /// Waits before the node is asked again; `error` if it was asked often enough.
    async fn pause(
        &self,
        error: WireError,
        pauses: &mut (impl Iterator<Item = Duration> + Send),
    ) -> Result<(), WireError> {
        let Some(after) = pauses.next() else { return Err(error) };
        self.tell(&News::AskedAgain { error: &error, after });
        tokio::time::sleep(after).await;
        self.reconnect().await;
        Ok(())
    }

    fn tell(&self, news: &News<'_>) {
        if let Some(tell) = &self.tell {
            tell(&self.dataset, news);
        }
    }

    /// Stops the job of `order`, if it still runs.
    pub(super) async fn stop(&self, job: JobId) {
        let client = self.client.read().await.clone();
        let stopped: Result<JobView, _> = client.call(ask::JobStop { id: job }).await;
        if let Err(error) = stopped {
            tracing::debug!(dataset = %self.dataset, %error, "the job was not stopped");
        }
    }

    async fn attempt(&self, order: &Signed<JobOrder>) -> Result<Fetched, WireError> {
        let view = self.wait(order).await?;
        match view.state {
            JobState::Released => self.fetch(order).await,
            state => Err(view.error.unwrap_or_else(|| ended(&view.id, state))),
        }
    }

    async fn wait(&self, order: &Signed<JobOrder>) -> Result<JobView, WireError> {
        let client = self.client.read().await.clone();
        let run = ask::JobRun { order: order.clone(), wait_ms: SHORT_WAIT_MS };
        let mut view: JobView = client.call(run).await?;
        while !view.state.is_over() {
            self.tell(&News::UnderWay(&view));
            let wait_ms = if view.state == JobState::Queued { SHORT_WAIT_MS } else { WAIT_MS };
            view = client.call(ask::JobShow { id: view.id, wait_ms }).await?;
        }
        Ok(view)
    }

    /// A failed dial is not told: the next attempt fails with the reason.
    async fn reconnect(&self) {
        if self.client.read().await.is_closed()
            && let Ok(fresh) =
                Client::connect(&self.credentials, &self.node, self.address, &self.groups).await
        {
            *self.client.write().await = fresh;
        }
    }
}

/// Troubles of the way or of the moment. A job that failed or is held stays so under the same order.
const fn may_pass(error: &WireError) -> bool {
    matches!(
        error.code,
        ErrorCode::PeerUnreachable | ErrorCode::Incomplete | ErrorCode::Busy | ErrorCode::ShuttingDown
    )
}

fn ended(id: &JobId, state: JobState) -> WireError {
    let code = match state {
        JobState::Held => ErrorCode::Held,
        JobState::Withheld => ErrorCode::Withheld,
        _ => ErrorCode::ModelFailed,
    };
    WireError::new(code, format!("{id} is {}; `qianmo job why` has the reasons", state.as_str()))
}
