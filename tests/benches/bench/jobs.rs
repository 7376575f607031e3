//! Jobs that do next to nothing: what a node's decision, trail, sandbox and gate cost by themselves. A model that does
//! nothing at all would not do: what no row contributed to is held for a steward.

use std::{sync::Arc, time::Duration};

use qianmo_certs::chain_from_pem;
use qianmo_crypto::sm3::Digest;
use qianmo_net::{client::Client, clock::Stopwatch, credentials::Credentials};
use qianmo_proto::{
    ContractId, Signed, ask,
    views::{JobState, JobView},
};
use qianmo_tests::{Ask, Clinic, block_on};
use tokio::task::JoinSet;

use crate::{
    Options, Result,
    process::cpu_s,
    report::{Table, ms, quantile},
};

/// Jobs one after the other.
const ALONE: usize = 200;
/// Jobs under way at once, and how many each place gets.
const IN_FLIGHT: usize = 32;
const EACH: usize = 10;
/// Commands typed.
const TYPED: usize = 20;
/// The least that `stats` can be asked.
const PARAMS: &str = r#"{"columns":["mean_radius"]}"#;
/// How long the node may take for one job.
const WAIT_MS: u64 = 60_000;

pub(crate) fn measure(_: &Options) -> Result<Table> {
    let clinic = Arc::new(Clinic::new());
    let orderer = Arc::new(Orderer::new(clinic.clone())?);
    let mut table = Table::new(
        "A job of `stats` over one column of 120 rows, from order to result",
        ["", "jobs", "p50", "p99", "jobs/s", "node's CPU time a job"],
    );
    // The first job compiles the model.
    block_on(orderer.order())?;

    table.row(timed(&clinic, "one after the other, one connection", || {
        block_on(async {
            let mut times = Vec::new();
            for _ in 0..ALONE {
                times.push(orderer.order().await?);
            }
            Ok(times)
        })
    })?);
    table.row(timed(&clinic, "32 in flight, one connection", || block_on(in_flight(&orderer)))?);
    table.row(timed(&clinic, "`qianmo job run`, typed", || {
        let contract = orderer.contract.as_str();
        (0..TYPED).map(|_| typed(&clinic, contract)).collect()
    })?);
    Ok(table)
}

/// Does `work`, which returns how long each job took; the cells of its row.
fn timed(clinic: &Clinic, name: &str, work: impl FnOnce() -> Result<Vec<Duration>>) -> Result<[String; 6]> {
    let (watch, cpu) = (Stopwatch::start(), cpu_s(clinic.node.pid())?);
    let mut times = work()?;
    let (wall, cpu) = (watch.elapsed().as_secs_f64(), cpu_s(clinic.node.pid())? - cpu);
    times.sort_unstable();
    let jobs = times.len() as f64;
    Ok([
        name.to_owned(),
        times.len().to_string(),
        ms(quantile(&times, 0.5)),
        ms(quantile(&times, 0.99)),
        format!("{:.1}", jobs / wall),
        format!("{:.1} ms", cpu / jobs * 1e3),
    ])
}

/// A consumer with a contract for as many jobs as all measurements need.
struct Orderer {
    clinic: Arc<Clinic>,
    client: Client,
    who: Credentials,
    contract: ContractId,
    model: Digest,
}

impl Orderer {
    fn new(clinic: Arc<Clinic>) -> Result<Self> {
        let model = clinic.stats();
        let runs = u32::try_from(1 + ALONE + IN_FLIGHT * EACH + TYPED)?;
        let contract = clinic.contract(&Ask { runs, ..clinic.terms(model) });
        let (client, who) = (clinic.consumer().connect(), clinic.consumer().person.credentials());
        Ok(Self { clinic, client, who, contract, model })
    }

    /// Signs an order, waits for the job's end and fetches the result.
    async fn order(&self) -> Result<Duration> {
        let watch = Stopwatch::start();
        let order = self.clinic.run(&self.contract, self.model, PARAMS);
        let chain = chain_from_pem(&self.who.certificate_pem)?;
        let leaf = chain.first().ok_or("the consumer has no certificate")?;
        let order = Signed::sign(&order, leaf, self.who.keys.as_ref())?;
        let job: JobView = self.client.call(ask::JobRun { order, wait_ms: WAIT_MS }).await?;
        if job.state != JobState::Released {
            return Err(format!("{} is {}: {:?}", job.id, job.state.as_str(), job.error).into());
        }
        let _ = self.client.call(ask::ResultGet { id: job.id }).await?;
        Ok(watch.elapsed())
    }
}

async fn in_flight(orderer: &Arc<Orderer>) -> Result<Vec<Duration>> {
    let mut places = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let orderer = orderer.clone();
        places.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..EACH {
                times.push(orderer.order().await?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(place) = places.join_next().await {
        times.extend(place??);
    }
    Ok(times)
}

fn typed(clinic: &Clinic, contract: &str) -> Result<Duration> {
    let watch = Stopwatch::start();
    clinic.consumer().ok(&["job", "run", "--contract", contract, "--params", PARAMS]);
    Ok(watch.elapsed())
}
