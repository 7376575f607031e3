//! Carrying out a run's effects: orders over the network, the coordinator's half in the local sandbox.

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use qianmo_certs::Trust;
use qianmo_crypto::{keys::KeyProvider, sm3::Digest};
use qianmo_net::clock::Clock;
use qianmo_proto::{
    ContractId, DatasetRef, ErrorCode, Id as _, JobId, JobOrder, RoundRef, RunId, Signed, WireError,
};
use qianmo_sandbox::{CoordinatorJob, Model, Update, Vector};
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::{
    convert::{from_sandbox, to_update},
    run::{Effect, Event, Failure, RoundReport, Run},
    site::{Site, Traffic},
};

/// How long the last words to the sites may take when a run is given up.
const GOODBYE: Duration = Duration::from_secs(3);

/// Who runs it, and what.
pub struct Coordinator {
    /// Signs the orders.
    pub keys: Arc<dyn KeyProvider>,
    /// The certificate of that key, DER.
    pub certificate: Vec<u8>,
    /// Judges the sites' receipts.
    pub trust: Arc<Trust>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The model, compiled here for its coordinator's half.
    pub model: Model,
    /// The model's name at the sites.
    pub digest: Digest,
    /// The same parameters for every site and for the coordinator's half.
    pub params: Box<RawValue>,
    /// The run's id, the same at every site.
    pub run: RunId,
    /// The fewest rounds that any of the contracts grants.
    pub rounds_granted: u32,
}

/// What came of a run.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Its rounds.
    pub rounds: Vec<RoundReport>,
    /// The model's last state: the result.
    pub state: Vec<Vector>,
    /// What moved, by site.
    pub sites: Vec<(DatasetRef, ContractId, Traffic)>,
}

/// Why a run failed, and at which site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFault {
    /// The site at fault, unless it is the model or the person.
    pub site: Option<DatasetRef>,
    /// What happened.
    pub failure: Failure,
}

impl fmt::Display for RunFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.site {
            Some(site) => write!(f, "site {site}: {}", self.failure),
            None => self.failure.fmt(f),
        }
    }
}

impl std::error::Error for RunFault {}

/// Runs `coordinator`'s model over `sites` until it is done, a site fails, or `stop` comes. `tell` hears of
/// each round.
///
/// # Errors
/// The first [`Failure`], with the site at fault.
pub async fn drive(
    coordinator: &Coordinator,
    sites: Vec<Site>,
    stop: impl Future<Output = ()>,
    tell: &mut (dyn FnMut(&RoundReport) + Send),
) -> Result<Report, RunFault> {
    let (mut run, mut todo) = Run::new(sites.len(), coordinator.rounds_granted, coordinator.clock.now_ms());
    let mut driver = Driver::new(coordinator, sites);
    let mut stop = pin!(stop);
    loop {
        for effect in todo {
            if let Some(end) = driver.carry_out(effect, tell).await {
                return end;
            }
        }
        let event = tokio::select! {
            event = driver.next_event() => event,
            () = &mut stop => Event::Stopped,
        };
        todo = run.handle(event, coordinator.clock.now_ms());
    }
}

struct Driver<'c> {
    coordinator: &'c Coordinator,
    sites: Vec<Arc<Site>>,
    tasks: JoinSet<Done>,
    /// Last words to sites whose jobs are no longer wanted.
    goodbyes: JoinSet<()>,
    /// The job each site computes now or did last.
    jobs: Vec<Option<JobId>>,
    traffic: Vec<Traffic>,
    rounds: Vec<RoundReport>,
    round: u32,
}

/// What a task brings home.
struct Done {
    event: Event,
    traffic: Option<(usize, Traffic)>,
}

impl<'c> Driver<'c> {
    fn new(coordinator: &'c Coordinator, sites: Vec<Site>) -> Self {
        Self {
            coordinator,
            tasks: JoinSet::new(),
            goodbyes: JoinSet::new(),
            jobs: vec![None; sites.len()],
            traffic: vec![Traffic::default(); sites.len()],
            rounds: Vec::new(),
            round: 0,
            sites: sites.into_iter().map(Arc::new).collect(),
        }
    }

    /// Carries out one effect; the run's end, if this was it.
    async fn carry_out(
        &mut self,
        effect: Effect,
        tell: &mut (dyn FnMut(&RoundReport) + Send),
    ) -> Option<Result<Report, RunFault>> {
        match effect {
            Effect::Order { site, round, state } => self.order(site, round, &state),
            Effect::Next { round, state, total, sites } => self.decide(round, state, total, sites),
            Effect::Tell(report) => {
                tell(&report);
                self.rounds.push(report);
            }
            Effect::Stop { site } => self.stop(site),
            Effect::Finish { state } => return Some(Ok(self.report(state))),
            Effect::Abort(failure) => {
                while self.goodbyes.join_next().await.is_some() {}
                return Some(Err(self.fault(failure)));
            }
        }
        None
    }

    async fn next_event(&mut self) -> Event {
        let stuck = |reason: String| Event::Stuck { round: self.round, reason };
        match self.tasks.join_next().await {
            Some(Ok(Done { event, traffic })) => {
                if let Some((site, more)) = traffic
                    && let Some(sum) = self.traffic.get_mut(site)
                {
                    sum.add(more);
                }
                event
            }
            Some(Err(e)) => stuck(e.to_string()),
            None => stuck("nothing is under way; please report this".to_owned()),
        }
    }

    fn order(&mut self, site: usize, round: u32, state: &[Vector]) {
        self.round = round;
        let Some(taking_part) = self.sites.get(site).cloned() else { return };
        let signed = match self.coordinator.order(&taking_part, round, state) {
            Ok(signed) => signed,
            Err(error) => {
                self.tasks.spawn(async move {
                    Done { event: Event::Refused { site, round, error }, traffic: None }
                });
                return;
            }
        };
        if let Some(job) = self.jobs.get_mut(site) {
            *job = Some(JobId::of(&signed.digest()));
        }
        self.tasks.spawn(async move { contribute(&taking_part, site, round, &signed).await });
    }

    fn decide(&mut self, round: u32, state: Vec<Vector>, total: Update, sites: u32) {
        let model = self.coordinator.model.clone();
        let job = CoordinatorJob::new(self.coordinator.params.get());
        self.tasks.spawn_blocking(move || {
            let event = match model.next(job, round, &state, &total, sites).result {
                Ok(step) => Event::Stepped { round, step },
                Err(e) => Event::Stuck { round, reason: e.to_string() },
            };
            Done { event, traffic: None }
        });
    }

    /// Best effort: a site that cannot be told finishes a job whose result nobody fetches.
    fn stop(&mut self, site: usize) {
        let job = self.jobs.get(site).cloned().flatten();
        if let (Some(site), Some(job)) = (self.sites.get(site).cloned(), job) {
            self.goodbyes.spawn(async move {
                let _ = tokio::time::timeout(GOODBYE, site.stop(job)).await;
            });
        }
    }

    fn report(&self, state: Vec<Vector>) -> Report {
        let sites = self.sites.iter().zip(&self.traffic);
        Report {
            run: self.coordinator.run.clone(),
            rounds: self.rounds.clone(),
            state,
            sites: sites
                .map(|(site, moved)| (site.dataset().clone(), site.contract().clone(), *moved))
                .collect(),
        }
    }

    fn fault(&self, failure: Failure) -> RunFault {
        let site = match failure {
            Failure::Site { site, .. } | Failure::Sum { site, .. } => self.sites.get(site),
            Failure::Model { .. } | Failure::Rounds { .. } | Failure::Stopped { .. } => None,
        };
        RunFault { site: site.map(|site| site.dataset().clone()), failure }
    }
}

impl Coordinator {
    fn order(&self, site: &Site, round: u32, state: &[Vector]) -> Result<Signed<JobOrder>, WireError> {
        let internal = |e: &dyn fmt::Display| {
            WireError::new(ErrorCode::Internal, format!("the order cannot be signed here: {e}"))
        };
        let mut nonce = [0; 32];
        self.keys.random(&mut nonce).map_err(|e| internal(&e))?;
        let order = JobOrder {
            v: 1,
            contract: site.contract().clone(),
            dataset: site.dataset().clone(),
            model: self.digest,
            params: self.params.clone(),
            round: Some(RoundRef { run: self.run.clone(), round }),
            state: from_sandbox(state.to_vec()),
            at_ms: self.clock.now_ms(),
            nonce: Digest(nonce),
        };
        Signed::sign(&order, &self.certificate, self.keys.as_ref()).map_err(|e| internal(&e))
    }
}

/// One site's part of a round, from order to update.
async fn contribute(taking_part: &Site, site: usize, round: u32, order: &Signed<JobOrder>) -> Done {
    let mut moved = Traffic { order_bytes: wire_bytes(order), ..Traffic::default() };
    let update = taking_part.carry_out(order).await.and_then(|fetched| {
        moved.result_bytes = fetched.receipt.bytes;
        moved.table_rows = fetched.table_rows();
        to_update(&fetched.document)
    });
    let event = match update {
        Ok(update) => Event::Delivered { site, round, update },
        Err(error) => Event::Refused { site, round, error },
    };
    Done { event, traffic: Some((site, moved)) }
}

fn wire_bytes(order: &Signed<JobOrder>) -> u64 {
    serde_json::to_vec(order).map_or(0, |json| json.len() as u64)
}
