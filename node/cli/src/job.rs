//! `qianmo job`: one model over one dataset under one contract.

use std::{borrow::Cow, sync::Arc};

use clap::{Args, Subcommand};
use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    DatasetRef, JobId, JobOrder, Lookup, OrderDraft, ask,
    views::{CheckView, JobState, JobView, LogView, QueueView, Reason, WhyView},
    words::counted,
};
use serde_json::{json, value::RawValue};

use super::{
    connect::{Person, Session},
    exit::{Exit, Fault},
    foreign, foresight,
    lang::Lang,
    list,
    locate::{self, Located},
    output::{Facts, Output, Rows, line},
    params,
    pick::pick,
    render,
    run::site,
    shell::Shell,
    terms,
    words::msg,
};
use crate::{
    federated::{News, Site},
    net::client::Client,
};

/// One model over one dataset under one contract
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Orders a job and waits for its result (consumer)
    Run(RunArgs),
    /// Checks what would come of an order: no rows are read, nothing is charged (consumer)
    Check(OrderArgs),
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

/// What to run, and whether to wait.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    order: OrderArgs,
    /// Do not wait for the end
    #[arg(long)]
    detach: bool,
}

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
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
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let session = Session::open(shell).await?;
    let id = match command {
        Command::Run(args) => return order(&session, &args, shell).await,
        Command::Check(args) => return check(&session, &args, shell).await,
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
    let (contract, draft) = located(session, &args.order, shell).await?;
    let contract = &contract;
    let order = signable(&session.person, draft, shell.now_ms())?;
    let signed = session.person.sign(&order)?;
    let run = ask::JobRun { order: signed.clone(), wait_ms: 0 };
    let ordered: JobView = contract.at.client.call(run).await?;
    if args.detach {
        return unfinished(shell, &ordered);
    }
    let site = follow(contract, session, &ordered, shell);
    let view = site.end_of(&signed).await?;
    if view.state != JobState::Released {
        return unfinished(shell, &view);
    }
    let fetched = site.fetch(&signed).await?;
    drop(site); // and its spinner
    shell.out.show(&json!({"job": view, "receipt": fetched.receipt, "result": fetched.document}), || {
        format!("{}\n{}", show(shell.out, &view), render::document(shell.out, &fetched.document))
    })?;
    Ok(Exit::Done)
}

/// Shows a job that has no result to fetch, and says so by the exit code.
fn unfinished(shell: &Shell, view: &JobView) -> Result<Exit, Fault> {
    shell.out.show(view, || show(shell.out, view))?;
    Ok(match (view.state, &view.error) {
        (JobState::Queued | JobState::Running | JobState::Released, _) => Exit::Done,
        (JobState::Held | JobState::Withheld, _) => Exit::Held,
        (JobState::Failed, Some(error)) => Exit::of(error),
        (JobState::Failed, None) => Exit::Failed,
    })
}

/// The contract that is meant, and what would be ordered under it.
async fn located(session: &Session, args: &OrderArgs, shell: &Shell) -> Result<(Located, OrderDraft), Fault> {
    let params = args.params.as_deref().map_or_else(params::none, params::parse)?;
    let contracts = locate::contracts(session, shell, &Lookup::by_id(&args.contract)).await?;
    let contract = locate::named(&contracts, &args.contract)?;
    let terms = &contract.view.terms;
    if let Some(wanted) = args.dataset.as_ref().filter(|dataset| **dataset != terms.dataset) {
        return Err(Fault::input(
            msg("order-other-dataset")
                .with("contract", &contract.view.id)
                .with("dataset", &terms.dataset)
                .with("wanted", wanted),
        ));
    }
    check_params(contract, &params)?;
    let draft = OrderDraft {
        contract: contract.view.id.clone(),
        dataset: terms.dataset.clone(),
        model: model_of(contract, args.model.as_deref())?,
        params: params.get().to_owned(),
        federated: false,
    };
    Ok((contract.clone(), draft))
}

/// The model of the contract that is meant.
fn model_of(contract: &Located, given: Option<&str>) -> Result<Digest, Fault> {
    match (given, contract.view.terms.models.as_slice()) {
        (None, [only]) => Ok(*only),
        (None, several) => {
            let label = |digest: &Digest| contract.view.models.iter().find(|label| label.digest == *digest);
            let named = |digest| label(digest).map(|label| format!(" {}", label.name)).unwrap_or_default();
            let digests: Vec<_> = several.iter().map(|digest| format!("{digest}{}", named(digest))).collect();
            Err(Fault::input(msg("order-several-models").with("digests", digests.join(", "))))
        }
        (Some(given), models) => pick("model", given, models, |digest| *digest).copied(),
    }
}

/// Checks an order and says what it would meet.
async fn check(session: &Session, args: &OrderArgs, shell: &Shell) -> Result<Exit, Fault> {
    let (contract, draft) = located(session, args, shell).await?;
    let view: CheckView = contract.at.client.call(ask::JobCheck { draft }).await?;
    shell.out.show(&view, || foresight::text(shell.out, &view))?;
    Ok(foresight::exit(&view))
}

/// The order that a draft becomes, for a single job.
fn signable(person: &Person, draft: OrderDraft, now_ms: i64) -> Result<JobOrder, Fault> {
    let OrderDraft { contract, dataset, model, params, .. } = draft;
    let params =
        RawValue::from_string(params).map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
    let mut nonce = [0; 32];
    person.keys.random(&mut nonce).map_err(|e| Fault::failed(foreign::crypto(&e)))?;
    let nonce = Digest(nonce);
    Ok(JobOrder { v: 1, contract, dataset, model, params, round: None, state: vec![], at_ms: now_ms, nonce })
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

/// The way to the end of a job that the node has let run, and to its result. Only such a job is told of as one that
/// goes on.
fn follow(contract: &Located, session: &Session, ordered: &JobView, shell: &Shell) -> Site {
    let out = shell.out;
    let department = contract.at.client.node().department();
    out.note(&out.say(&msg("job-ordered").with("id", &ordered.id).with("department", department)));
    let spinner = out.spinner(out.lang.word("state", "running").into_owned());
    let tell = move |_: &DatasetRef, news: &News<'_>| match news {
        News::UnderWay(view) => {
            let told = standing(out, view).unwrap_or_default();
            if spinner.is_hidden() && view.queue.is_some() {
                out.note(&told);
            }
            spinner.set_message(told);
        }
        News::AskedAgain { .. } => out.note(&render::news(out, news)),
    };
    site(contract, session).telling(Arc::new(tell))
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
        let name = view.label.as_ref().map(|label| format!("{} ", label.name)).unwrap_or_default();
        let (model, at) = (format!("{name}{}", view.model.short()), out.time(view.at_ms));
        rows.add([&view.id, &state(out, view), &view.consumer, &view.dataset, &model, &round, &at]);
    }
    rows.text()
}

/// The state in one or two words: a queued job's with its turn.
fn state(out: Output, view: &JobView) -> String {
    let state = out.lang.word("state", view.state.as_str());
    match &view.queue {
        Some(queue) => format!("{state} ({})", queue.place),
        None => state.into_owned(),
    }
}

/// What a job that has not ended waits for, or since when it runs.
pub(crate) fn standing(out: Output, view: &JobView) -> Option<String> {
    if let Some(since) = view.running_since_ms.map(|since| out.time(since)) {
        return Some(match out.lang {
            Lang::En => format!("runs since {since}"),
            Lang::Zh => format!("自 {since} 起运行"),
        });
    }
    let QueueView { place, running, behind, since_ms } = view.queue.as_ref()?;
    let named: Vec<_> = behind.iter().map(ToString::to_string).collect();
    let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    let (ahead, since) = (place.saturating_sub(1), out.time(*since_ms));
    Some(match out.lang {
        Lang::En => {
            let (running, ahead) = (counted((*running).into(), "job"), counted(ahead.into(), "job"));
            format!("turn {place} since {since}, behind {running} that run and {ahead} that wait{named}")
        }
        Lang::Zh => {
            format!(
                "自 {since} 起排队，第 {place} 位；{running} 个作业正在运行，前面还有 {ahead} 个等候{named}"
            )
        }
    })
}

/// One job.
pub(crate) fn show(out: Output, view: &JobView) -> String {
    let model = terms::model(out, &view.model, view.label.as_ref());
    let mut facts = Facts::of(&[
        (out.label("job"), &view.id),
        (out.label("state"), &state(out, view)),
        (out.label("consumer"), &view.consumer),
        (out.label("contract"), &view.contract),
        (out.label("dataset"), &view.dataset),
        (out.label("model"), &model),
        (out.label("ordered"), &out.time(view.at_ms)),
    ]);
    if let Some(place) = &view.round {
        facts = facts.and(&[(out.label("run"), &place.run), (out.label("round"), &place.round)]);
    }
    let waits = standing(out, view);
    let free = (view.state == JobState::Failed && !view.charged)
        .then(|| out.lang.pick("no: nothing was used up", "否：未占用运行次数"));
    let error = view.error.as_ref().map(|error| out.error(error));
    facts
        .and_maybe(out.lang.pick("waits", "等候"), waits.as_ref().map(|waits| waits as _))
        .and_maybe(out.label("reason"), error.as_ref().map(|error| error as _))
        .and_maybe(out.lang.pick("charged", "计次"), free.as_ref().map(|free| free as _))
        .text()
}

/// What decided on a job, as a table.
pub(crate) fn reasons(out: Output, all: &[Reason]) -> String {
    let mut rows = Rows::new(&[out.label("by"), out.label("rule"), out.label("reason")]);
    for reason in all {
        let text = match (out.lang, &reason.text_zh) {
            (Lang::Zh, Some(text)) => text,
            _ => &reason.text,
        };
        rows.add([&out.lang.word("by", reason.by.as_str()), &reason.rule, text]);
    }
    rows.text()
}

fn why(out: Output, view: &WhyView) -> String {
    let mut obligations = Rows::new(&[out.label("bound-to"), out.label("bound-value")]);
    for (name, value) in &view.obligations {
        let (name, value) = obligation(out, name, value);
        obligations.add([&name, &value]);
    }
    format!("{}\n{}\n{}", show(out, &view.job), reasons(out, &view.reasons), obligations.text())
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
