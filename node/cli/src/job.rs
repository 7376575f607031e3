//! `qianmo job`: one model over one dataset under one contract.

use std::borrow::Cow;

use clap::{Args, Subcommand};
use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    DatasetRef, JobId, JobOrder, Lookup, Signed, WireError, ask,
    views::{JobState, JobView, LogView, WhyView},
};
use serde_json::{json, value::RawValue};

use super::{
    connect::{Person, Session},
    exit::{Exit, Fault},
    foreign,
    lang::Lang,
    list,
    locate::{self, Located},
    output::{Facts, Output, Rows, line},
    params,
    pick::pick,
    render,
    shell::Shell,
    words::msg,
};
use crate::{federated::fetch_result, net::client::Client};

/// How long one request waits for a job's end before it asks again.
const WAIT_MS: u64 = 30_000;

/// One model over one dataset under one contract
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Orders a job and waits for its result (consumer)
    Run(RunArgs),
    /// Lists the jobs that you may see
    Ls(list::InState),
    /// Shows a job
    Show {
        /// The job, or the beginning of its id
        id: String,
    },
    /// Tells why a job was allowed, refused or held
    Why {
        /// The job, or the beginning of its id
        id: String,
    },
    /// Shows what the model logged (steward of the data)
    Logs {
        /// The job, or the beginning of its id
        id: String,
    },
    /// Stops a job (its consumer, or a steward)
    Stop {
        /// The job, or the beginning of its id
        id: String,
    },
}

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The contract, or the beginning of its id; looked for at every node that the home node knows
    #[arg(long)]
    contract: String,
    /// The model's digest or its beginning, where the contract grants several
    #[arg(long)]
    model: Option<String>,
    /// The dataset, to be sure which one is meant
    #[arg(long)]
    dataset: Option<DatasetRef>,
    /// Parameters: JSON, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    params: Option<String>,
    /// Do not wait for the end
    #[arg(long)]
    detach: bool,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let session = Session::open(shell).await?;
    let id = match command {
        Command::Run(args) => return order(&session, &args, shell).await,
        Command::Ls(args) => {
            let (client, lookup) = (session.target().await?, args.lookup(shell)?);
            let ask = |lookup| ask::JobLs { lookup };
            let all: Vec<JobView> = list::list(&client, lookup, &args.narrow.length, shell, ask).await?;
            shell.out.show(&all, || table(shell.out, &all))?;
            return Ok(Exit::Done);
        }
        Command::Show { ref id }
        | Command::Why { ref id }
        | Command::Logs { ref id }
        | Command::Stop { ref id } => id,
    };
    let client = session.target().await?;
    let id = find(&client, id).await?;
    match command {
        Command::Why { .. } => {
            let view: WhyView = client.call(ask::JobWhy { id }).await?;
            shell.out.show(&view, || why(shell.out, &view))?;
        }
        Command::Logs { .. } => {
            let view: LogView = client.call(ask::JobLogs { id }).await?;
            shell.out.show(&view, || logs(shell.out, &view))?;
        }
        Command::Stop { .. } => {
            let view: JobView = client.call(ask::JobStop { id }).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
        _ => {
            let view: JobView = client.call(ask::JobShow { id, wait_ms: 0 }).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
    }
    Ok(Exit::Done)
}

/// Orders the job and, unless detached, waits for its end and shows the result.
async fn order(session: &Session, args: &RunArgs, shell: &Shell) -> Result<Exit, Fault> {
    let params = args.params.as_deref().map_or_else(params::none, params::parse)?;
    let contracts = locate::contracts(session, shell, &Lookup::by_id(&args.contract)).await?;
    let contract = locate::named(&contracts, &args.contract)?;
    let order = make_order(&session.person, contract, args, params, shell.now_ms())?;
    let signed = session.person.sign(&order)?;
    let client = &contract.at.client;
    let wait_ms = if args.detach { 0 } else { WAIT_MS };
    let view = follow(client, &signed, wait_ms, shell).await?;
    if view.state != JobState::Released {
        return unfinished(shell, &view);
    }
    let fetched =
        fetch_result(client, &view.id, Some(signed.full_digest()), &session.person.trust, shell.now_ms())
            .await?;
    shell.out.show(&json!({"job": view, "receipt": fetched.receipt, "result": fetched.document}), || {
        format!("{}\n{}", show(shell.out, &view), render::document(shell.out, &fetched.document))
    })?;
    Ok(Exit::Done)
}

/// Shows a job that has no result to fetch, and says so by the exit code.
fn unfinished(shell: &Shell, view: &JobView) -> Result<Exit, Fault> {
    shell.out.show(view, || show(shell.out, view))?;
    Ok(match (view.state, &view.error) {
        (JobState::Running | JobState::Released, _) => Exit::Done,
        (JobState::Held | JobState::Withheld, _) => Exit::Held,
        (JobState::Failed, Some(error)) => Exit::of(error),
        (JobState::Failed, None) => Exit::Failed,
    })
}

fn make_order(
    person: &Person,
    contract: &Located,
    args: &RunArgs,
    params: Box<RawValue>,
    now_ms: i64,
) -> Result<JobOrder, Fault> {
    let terms = &contract.view.terms;
    if let Some(wanted) = args.dataset.as_ref().filter(|dataset| **dataset != terms.dataset) {
        return Err(Fault::input(
            msg("order-other-dataset")
                .with("contract", &contract.view.id)
                .with("dataset", &terms.dataset)
                .with("wanted", wanted),
        ));
    }
    let model = match (args.model.as_deref(), terms.models.as_slice()) {
        (None, [only]) => *only,
        (None, several) => {
            let digests: Vec<_> = several.iter().map(Digest::short).collect();
            return Err(Fault::input(msg("order-several-models").with("digests", digests.join(", "))));
        }
        (Some(given), models) => *pick("model", given, models, |digest| *digest)?,
    };
    check_params(contract, &params)?;
    let mut nonce = [0; 32];
    person.keys.random(&mut nonce).map_err(|e| Fault::failed(foreign::crypto(&e)))?;
    Ok(JobOrder {
        v: 1,
        contract: contract.view.id.clone(),
        dataset: terms.dataset.clone(),
        model,
        params,
        round: None,
        state: Vec::new(),
        at_ms: now_ms,
        nonce: Digest(nonce),
    })
}

/// Tells other parameters than the contract's before the node does: an order that is refused is in the trail.
pub(crate) fn check_params(contract: &Located, params: &RawValue) -> Result<(), Fault> {
    match contract.view.terms.params {
        Some(fixed) if fixed != sm3::digest(params.get().as_bytes()) => {
            Err(Fault::input(msg("order-other-params").with("contract", &contract.view.id)))
        }
        _ => Ok(()),
    }
}

/// Sends the order and, unless `wait_ms` is 0, asks on until the job is over. Only a job that the node has let
/// run is told of as one that goes on.
async fn follow(
    client: &Client,
    order: &Signed<JobOrder>,
    wait_ms: u64,
    shell: &Shell,
) -> Result<JobView, WireError> {
    let mut view: JobView = client.call(ask::JobRun { order: order.clone(), wait_ms: 0 }).await?;
    if wait_ms == 0 {
        return Ok(view);
    }
    let ordered = msg("job-ordered").with("id", &view.id).with("department", client.node().department());
    shell.out.note(&shell.out.say(&ordered));
    let _spinner = shell.out.spinner(shell.out.lang.word("state", "running").into_owned());
    while !view.state.is_over() {
        view = client.call(ask::JobShow { id: view.id, wait_ms }).await?;
    }
    Ok(view)
}

/// The job with this id, or the only one that begins so.
pub(crate) async fn find(client: &Client, given: &str) -> Result<JobId, Fault> {
    if let Ok(id) = given.parse() {
        return Ok(id);
    }
    let all: Vec<JobView> = list::every(client, Lookup::by_id(given), |lookup| ask::JobLs { lookup }).await?;
    pick("job", given, &all, |view| view.id.clone()).map(|view| view.id.clone())
}

/// Jobs as a table, the oldest first.
pub(crate) fn table(out: Output, all: &[JobView]) -> String {
    let mut rows = Rows::new(&[
        out.label("job"),
        out.label("state"),
        out.label("consumer"),
        out.label("dataset"),
        out.label("model"),
        out.label("round"),
        out.label("ordered"),
    ])
    .right(5);
    let mut by_time: Vec<&JobView> = all.iter().collect();
    by_time.sort_by_key(|view| (view.at_ms, view.round.as_ref().map(|place| place.round)));
    for view in by_time {
        let round = view.round.as_ref().map(|place| place.round.to_string()).unwrap_or_default();
        let (model, at) = (view.model.short(), out.time(view.at_ms));
        rows.add([
            &view.id,
            &out.lang.word("state", view.state.as_str()),
            &view.consumer,
            &view.dataset,
            &model,
            &round,
            &at,
        ]);
    }
    rows.text()
}

/// One job.
pub(crate) fn show(out: Output, view: &JobView) -> String {
    let mut facts = Facts::of(&[
        (out.label("job"), &view.id),
        (out.label("state"), &out.lang.word("state", view.state.as_str())),
        (out.label("consumer"), &view.consumer),
        (out.label("contract"), &view.contract),
        (out.label("dataset"), &view.dataset),
        (out.label("model"), &view.model),
        (out.label("ordered"), &out.time(view.at_ms)),
    ]);
    if let Some(place) = &view.round {
        facts = facts.and(&[(out.label("run"), &place.run), (out.label("round"), &place.round)]);
    }
    let error = view.error.as_ref().map(|error| out.error(error));
    facts.and_maybe(out.label("reason"), error.as_ref().map(|error| error as _)).text()
}

fn why(out: Output, view: &WhyView) -> String {
    let mut reasons = Rows::new(&[out.label("by"), out.label("rule"), out.label("reason")]);
    for reason in &view.reasons {
        let text = match (out.lang, &reason.text_zh) {
            (Lang::Zh, Some(text)) => text,
            _ => &reason.text,
        };
        reasons.add([&out.lang.word("by", reason.by.as_str()), &reason.rule, text]);
    }
    let mut obligations = Rows::new(&[out.label("bound-to"), out.label("bound-value")]);
    for (name, value) in &view.obligations {
        let (name, value) = obligation(out, name, value);
        obligations.add([&name, &value]);
    }
    format!("{}\n{}\n{}", show(out, &view.job), reasons.text(), obligations.text())
}

/// An obligation for people: a moment as a date.
fn obligation<'v>(out: Output, name: &'v str, value: &'v str) -> (&'v str, Cow<'v, str>) {
    match (name, value.parse()) {
        ("until_ms", Ok(ms)) => ("until", out.time(ms).into()),
        _ => (name, value.into()),
    }
}

fn logs(out: Output, view: &LogView) -> String {
    if view.lines.is_empty() && view.dropped == 0 {
        return out.say(&msg("log-empty"));
    }
    let mut text: String = view
        .lines
        .iter()
        .map(|entry| format!("{:5} {}\n", line(&entry.level), line(&entry.message)))
        .collect();
    if view.dropped > 0 {
        text += &format!("{}\n", out.say(&msg("log-dropped").count("lines", view.dropped)));
    }
    text
}
