//! `qianmo run`: a federated run, coordinated from here.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use clap::Args;
use qianmo_proto::{
    DatasetRef, Lookup, RunId, Terms,
    views::{ContractState, ContractView},
    words::counted,
};
use qianmo_sandbox::Vector;
use serde_json::value::RawValue;

use super::{
    connect::{GROUPS, Person, Session},
    exit::{Exit, Fault, write_file},
    foreign,
    foresight::{self, SiteCheck},
    job::check_params,
    locate::{self, Located},
    model::Component,
    output::{Output, Rows},
    params, render,
    shell::Shell,
    words::{Text, msg},
};
use crate::{
    clock::Clock,
    federated::{Coordinator, Failure, News, Report, RoundReport, RunFault, Site, Tell, drive},
};

/// A federated run, coordinated from here (consumer)
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// A .wasm file or a shipped model: the coordinator's half runs here
    #[arg(long)]
    model: String,
    /// Contracts, or the beginnings of their ids, with commas; one a site
    #[arg(long, value_delimiter = ',', conflicts_with = "datasets")]
    contracts: Vec<String>,
    /// Datasets, department/name, with commas; without both: every one with a contract for the model
    #[arg(long, value_delimiter = ',')]
    datasets: Vec<DatasetRef>,
    /// Parameters for every site: JSON, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    params: Option<String>,
    /// Check every site and stop before the first round: no rows are read, nothing is charged
    #[arg(long)]
    dry_run: bool,
    /// Run even where a check finds that a site's updates will be held
    #[arg(long)]
    anyway: bool,
    /// Write the report there, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let component = Component::load_told(&command.model, None, None, shell)?;
    let params = command.params.as_deref().map_or_else(params::none, params::parse)?;
    let session = Session::open(shell).await?;
    let all = contracts(&command, &component, &session, shell).await?;
    let chosen = match choose(&command, &component, &session, &all) {
        Ok(chosen) => chosen,
        Err(Unchosen::Fault(fault)) => return Err(fault),
        Err(Unchosen::None(dataset)) => {
            return Err(none_usable(dataset.as_ref(), &component, &session, &all).await);
        }
    };
    chosen.iter().try_for_each(|located| check_params(located, &params))?;
    let checks = foresight::of_sites(&chosen, component.digest, &params).await;
    if command.dry_run {
        shell.out.show(&checks, || foresight::table(shell.out, &checks))?;
        return Ok(checks.iter().map(SiteCheck::exit).find(|exit| *exit != Exit::Done).unwrap_or(Exit::Done));
    }
    foresight::stop_early(&checks, command.anyway, shell.out)?;
    let who = (&session.person, &shell.clock);
    let coordinator = coordinator(who, &component, &chosen, params)?;
    let out = shell.out;
    let tell: Tell = Arc::new(move |dataset: &DatasetRef, news: &News<'_>| {
        out.note(&format!("{dataset}: {}", render::news(out, news)))
    });
    let sites = chosen.iter().map(|located| site(located, &session).telling(Arc::clone(&tell))).collect();
    let names: Vec<_> = chosen.iter().map(|located| located.view.terms.dataset.to_string()).collect();
    out.note(&out.say(&msg("run-sites").with("sites", names.join(", "))));
    let interrupted = async {
        // Without a signal handler Ctrl-C just ends the program, which is right, too.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let mut tell = |round: &RoundReport| out.note(&round_line(out, round));
    let report = drive(&coordinator, sites, interrupted, &mut tell).await?;
    if let Some(path) = &command.out {
        let json = serde_json::to_vec_pretty(&report)
            .map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
        write_file(path, &json)?;
    }
    shell.out.show(&report, || show(out, &report))?;
    Ok(Exit::Done)
}

/// The contracts that may be meant: those named, or all in force for this person and model.
async fn contracts(
    command: &Command,
    component: &Component,
    session: &Session,
    shell: &Shell,
) -> Result<Vec<Located>, Fault> {
    if command.contracts.is_empty() {
        return locate::contracts(session, shell, &in_force(&session.person, component)).await;
    }
    let mut found = Vec::new();
    for given in &command.contracts {
        found.extend(locate::contracts(session, shell, &Lookup::by_id(given)).await?);
    }
    Ok(found)
}

/// What is asked for to run `component` in the name of `person`.
pub(crate) fn in_force(person: &Person, component: &Component) -> Lookup {
    Lookup {
        state: Some(ContractState::Finalized.as_str().to_owned()),
        person: Some(person.identity.clone()),
        model: Some(component.digest),
        ..Lookup::default()
    }
}

/// The contracts to run under: those named, or the newest usable one of each dataset.
fn choose<'a>(
    command: &Command,
    component: &Component,
    session: &Session,
    all: &'a [Located],
) -> Result<Vec<&'a Located>, Unchosen> {
    if !command.contracts.is_empty() {
        let named = command.contracts.iter().map(|given| locate::named(all, given));
        return named.collect::<Result<_, _>>().map_err(Unchosen::Fault);
    }
    let usable = all.iter().filter(|located| {
        located.is_usable(&session.person.identity) && located.view.terms.models.contains(&component.digest)
    });
    let mut newest: BTreeMap<&DatasetRef, &Located> = BTreeMap::new();
    for located in usable {
        let place = newest.entry(&located.view.terms.dataset).or_insert(located);
        if located.view.at_ms > place.view.at_ms {
            *place = located;
        }
    }
    match command.datasets.as_slice() {
        [] if newest.is_empty() => Err(Unchosen::None(None)),
        [] => Ok(newest.into_values().collect()),
        datasets => datasets
            .iter()
            .map(|dataset| newest.get(dataset).copied().ok_or_else(|| Unchosen::None(Some(dataset.clone()))))
            .collect(),
    }
}

/// Why no contracts were chosen.
enum Unchosen {
    /// The command names them wrongly.
    Fault(Fault),
    /// There is none in force with runs left, for this dataset or for any.
    None(Option<DatasetRef>),
}

/// Says what there is instead of a contract that could be used: those that cannot, and requests that wait.
async fn none_usable(
    dataset: Option<&DatasetRef>,
    component: &Component,
    session: &Session,
    all: &[Located],
) -> Fault {
    let concerns = |terms: &Terms| {
        terms.models.contains(&component.digest) && dataset.is_none_or(|dataset| terms.dataset == *dataset)
    };
    let own = &session.person.identity;
    let mut found: Vec<String> = all
        .iter()
        .filter(|located| located.view.consumer == *own && concerns(&located.view.terms))
        .map(why_unusable)
        .collect();
    let waiting = locate::requests(session).await;
    let waiting: Vec<_> = waiting
        .iter()
        .filter(|(_, request)| request.state == ContractState::Requested && request.consumer == *own)
        .filter(|(_, request)| concerns(&request.terms))
        .map(|(node, request)| format!("{} at {}", request.id, node.department()))
        .collect();
    if found.is_empty() && waiting.is_empty() {
        let told = match dataset {
            Some(dataset) => msg("run-no-contract-over").with("dataset", dataset),
            None => msg("run-no-contract"),
        };
        return Fault::input(told.with("model", &component.name).with("digest", component.digest));
    }
    let advice = match waiting.len() as u64 {
        0 => "ask for one: qianmo request new".to_owned(),
        1 => format!("1 request waits for a steward: {}", waiting.join(", ")),
        many => format!("{many} requests wait for a steward: {}", waiting.join(", ")),
    };
    found.push(advice);
    let over = dataset.map(|dataset| format!(" over {dataset}")).unwrap_or_default();
    Fault::input(Text::Plain(format!(
        "you have no contract in force, with runs left, for {} ({}){over}; {}",
        component.name,
        component.digest,
        found.join("; ")
    )))
}

fn why_unusable(located: &Located) -> String {
    let ContractView { id, terms, runs_used, reason, .. } = &located.view;
    let used = format!("{runs_used} of {} used", counted(terms.runs.into(), "run"));
    format!("{id} ({}): {}", terms.dataset, reason.as_ref().unwrap_or(&used))
}

/// The coordinator of a new run under `contracts`.
pub(crate) fn coordinator(
    (person, clock): (&Person, &Arc<dyn Clock>),
    component: &Component,
    contracts: &[&Located],
    params: Box<RawValue>,
) -> Result<Coordinator, Fault> {
    let mut random = [0; 16];
    person.keys.random(&mut random).map_err(|e| Fault::failed(foreign::crypto(&e)))?;
    Ok(Coordinator {
        keys: Arc::clone(&person.keys),
        certificate: person.certificate().to_vec(),
        trust: Arc::clone(&person.trust),
        clock: Arc::clone(clock),
        model: component.compiled.clone(),
        digest: component.digest,
        params,
        run: RunId::from_random(random),
        rounds_granted: contracts.iter().map(|located| located.view.terms.rounds).min().unwrap_or(0),
    })
}

/// The site of a contract.
pub(crate) fn site(located: &Located, session: &Session) -> Site {
    let what = (located.view.terms.dataset.clone(), located.view.id.clone());
    let credentials = session.credentials().clone();
    Site::new(what, located.at.client.clone(), located.at.address, credentials, &GROUPS)
}

impl From<RunFault> for Fault {
    fn from(e: RunFault) -> Self {
        let place = e.site.as_ref().map(|site| msg("run-site").with("site", site));
        let fault = match e.failure {
            Failure::Site { round, error, .. } => Self::from(error).at(msg("run-round").with("round", round)),
            Failure::Stopped { .. } => Self::new(Exit::Interrupted, foreign::other(&e.failure)),
            Failure::Rounds { .. } => Self::new(Exit::Refused, foreign::other(&e.failure)),
            Failure::Sum { .. } | Failure::Model { .. } => Self::failed(foreign::other(&e.failure)),
        };
        match place {
            Some(place) => fault.at(place),
            None => fault,
        }
    }
}

/// One finished round on one line.
pub(crate) fn round_line(out: Output, report: &RoundReport) -> String {
    let metrics: Vec<_> = report
        .metrics
        .iter()
        .map(|metric| format!("{} {}", metric.name, render::number(metric.value)))
        .collect();
    let (number, rows) = (report.round, report.samples);
    let told = out.say(&msg("round-line").with("round", format!("{number:>2}")).with("rows", rows));
    format!("{told}  {} ms  {}", report.took_ms, metrics.join("  ")).trim_end().to_owned()
}

fn show(out: Output, report: &Report) -> String {
    let mut moved = Rows::new(&[
        out.label("dataset"),
        out.label("contract"),
        out.label("order-bytes"),
        out.label("aggregate-bytes"),
        out.label("rows-out"),
    ])
    .right(2)
    .right(3)
    .right(4);
    for (dataset, contract, traffic) in &report.sites {
        moved.add([dataset, contract, &traffic.order_bytes, &traffic.result_bytes, &traffic.table_rows]);
    }
    format!("{}\n{}", state(out, &report.state), moved.text())
}

/// The last state of a model: its result.
fn state(out: Output, vectors: &[Vector]) -> String {
    let rows = Rows::new(&[out.label("name"), out.label("value")]);
    let vectors = vectors.iter().map(|vector| render::Array { name: &vector.name, values: &vector.values });
    render::arrays(out, rows, &vectors.collect::<Vec<_>>())
}
