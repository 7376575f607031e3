//! `qianmo request`: asking for a contract, and answering.

use clap::{Args, Subcommand};
use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    Approval, DatasetMeta, DatasetRef, Lookup, Name, RequestId, Terms, WireError, World, ask,
    contract::{OutputKind, OutputTerms},
    limits,
    views::{ContractView, RequestView},
};

use super::{
    checked::{self, Checked},
    connect::{Person, Session},
    contract, env,
    exit::{Exit, Fault},
    foreign, list, model,
    output::{Facts, Output, Rows, confirm},
    params,
    pick::pick,
    shell::Shell,
    terms::{self, parse_kind},
    when,
    words::msg,
};
use crate::net::client::Client;

/// Asking for a contract, and answering
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Asks a dataset's provider for a contract (consumer)
    New(Box<NewArgs>),
    /// Lists the requests that you may see
    Ls(list::InState),
    /// Shows a request with its terms
    Show {
        /// The request, or the beginning of its id
        id: String,
    },
    /// Signs a request's terms, which makes it a contract (steward)
    Approve {
        /// The request, or the beginning of its id
        id: String,
        /// A note that goes into the contract
        #[arg(long, default_value = "")]
        note: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Refuses a request (steward)
    Deny {
        /// The request, or the beginning of its id
        id: String,
        /// Why; the consumer reads it
        #[arg(long)]
        reason: String,
    },
}

/// What is asked.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The dataset, department/name
    #[arg(long)]
    pub(crate) dataset: DatasetRef,
    /// Fields that the model may read, with commas; or all
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) fields: Vec<Name>,
    /// A model by label or digest, known at the provider's node; may be repeated
    #[arg(long, required = true)]
    pub(crate) model: Vec<String>,
    /// What it is for (使用场景)
    #[arg(long)]
    pub(crate) purpose: String,
    /// Legal or regulatory basis (使用依据)
    #[arg(long)]
    pub(crate) basis: String,
    /// Your own file reference
    #[arg(long = "case")]
    pub(crate) case_number: String,
    /// Last moment of use, at most five years ahead: 30d, 12h, a date (to its end here), or a time with offset
    #[arg(long, default_value = "30d")]
    pub(crate) until: String,
    /// Runs granted, at most 10,000; a federated run counts once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=limits::RUNS.into()))]
    pub(crate) runs: u32,
    /// Rounds that one federated run may take, at most 10,000
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=limits::ROUNDS.into()))]
    pub(crate) rounds: u32,
    /// Fix the parameters: JSON, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) params: Option<String>,
    /// What may leave: aggregate, update; by default what the models give
    #[arg(long, value_delimiter = ',', value_parser = parse_kind)]
    pub(crate) output: Option<Vec<OutputKind>>,
    /// Fewest contributors to any cell of a result
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=limits::MIN_CELL.into()))]
    pub(crate) min_cell: u32,
    /// Result tables may have text columns
    #[arg(long)]
    pub(crate) strings: bool,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    // What is wrong with the command line is told before a node is asked.
    if let Command::New(args) = &command {
        args.check(shell.now_ms())?;
        let department = &args.dataset.department;
        if shell.reach.on.as_ref().is_some_and(|on| on != department) {
            return Err(Fault::input(msg("request-goes-elsewhere").with("department", department)));
        }
    }
    let session = Session::open(shell).await?;
    match command {
        Command::New(args) => {
            let client = session.department(&args.dataset.department).await?.client;
            let view = new(&session.person, &client, &args, shell.now_ms()).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
        Command::Ls(args) => {
            let (client, lookup) = (session.target().await?, args.lookup(shell)?);
            let ask = |lookup| ask::RequestLs { lookup };
            let all: Vec<RequestView> = list::list(&client, lookup, &args.narrow.length, shell, ask).await?;
            shell.out.show(&all, || table(shell.out, &all))?;
        }
        Command::Show { id } => {
            let view = find(&session.target().await?, &id).await?;
            let checked = checked::terms(&view, &session.person.trust, shell.now_ms());
            shell.out.show(&view, || show_checked(shell.out, &view, checked.map(drop)))?;
        }
        Command::Approve { id, note, yes } => return approve_command(&session, &id, &note, yes, shell).await,
        Command::Deny { id, reason } => {
            let client = session.target().await?;
            let id = find(&client, &id).await?.id;
            let view: RequestView = client.call(ask::RequestDeny { id, reason }).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
    }
    Ok(Exit::Done)
}

impl NewArgs {
    fn check(&self, now_ms: i64) -> Result<(), Fault> {
        self.check_caps(now_ms)?;
        self.params()?;
        let text = [("--purpose", &self.purpose), ("--basis", &self.basis), ("--case", &self.case_number)];
        match text.iter().find(|(_, value)| value.trim().is_empty()) {
            Some((flag, _)) => Err(Fault::input(msg("request-empty").with("flag", flag))),
            None => Ok(()),
        }
    }

    /// What the node would refuse is told at once.
    fn check_caps(&self, now_ms: i64) -> Result<(), Fault> {
        let latest_ms = now_ms.saturating_add(limits::UNTIL_DAYS * 86_400_000);
        if when::until(&self.until, now_ms, &env::zone())? > latest_ms {
            return Err(Fault::input(msg("request-too-far").count("days", limits::UNTIL_DAYS)));
        }
        Ok(())
    }

    fn params(&self) -> Result<Option<Digest>, Fault> {
        let parsed = self.params.as_deref().map(params::parse).transpose()?;
        Ok(parsed.map(|params| sm3::digest(params.get().as_bytes())))
    }
}

/// Signs terms made of `args` and sends them to the provider's node.
pub(crate) async fn new(
    person: &Person,
    client: &Client,
    args: &NewArgs,
    now_ms: i64,
) -> Result<RequestView, Fault> {
    let mut models = Vec::new();
    for given in &args.model {
        models.push(model::resolve(client, given).await?);
    }
    let kinds = args.output.clone().unwrap_or_else(|| kinds_of(models.iter().map(|model| model.world)));
    let mut nonce = [0; 32];
    person.keys.random(&mut nonce).map_err(|e| Fault::failed(foreign::crypto(&e)))?;
    let terms = Terms {
        v: 1,
        dataset: args.dataset.clone(),
        fields: fields(client, args).await?,
        models: models.iter().map(|model| model.digest).collect(),
        params: args.params()?,
        purpose: args.purpose.clone(),
        basis: args.basis.clone(),
        case_number: args.case_number.clone(),
        until_ms: when::until(&args.until, now_ms, &env::zone())?,
        runs: args.runs,
        rounds: args.rounds,
        output: OutputTerms { kinds, min_cell: args.min_cell, strings: args.strings },
        nonce: Digest(nonce),
    };
    let terms = person.sign(&terms)?;
    Ok(client.call(ask::RequestNew { terms }).await?)
}

/// The fields asked for; `all` stands for every field of the dataset.
async fn fields(client: &Client, args: &NewArgs) -> Result<Vec<Name>, Fault> {
    if args.fields.iter().map(Name::as_str).ne(["all"]) {
        return Ok(args.fields.clone());
    }
    let meta: DatasetMeta = client.call(ask::DataShow { name: args.dataset.dataset.clone() }).await?;
    Ok(meta.fields.into_iter().map(|field| field.name).collect())
}

/// An analysis gives aggregates, a federated model updates.
fn kinds_of(worlds: impl Iterator<Item = World>) -> Vec<OutputKind> {
    let mut kinds = Vec::new();
    for world in worlds {
        let kind = match world {
            World::Analysis => OutputKind::Aggregate,
            World::Federated => OutputKind::Update,
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

async fn approve_command(
    session: &Session,
    id: &str,
    note: &str,
    yes: bool,
    shell: &Shell,
) -> Result<Exit, Fault> {
    let client = session.target().await?;
    let view = find(&client, id).await?;
    let checked = Checked::fetch(&session.person, &client, view, shell.now_ms()).await?;
    if !yes {
        shell.out.aside(show_checked(shell.out, &checked.view, Ok(())).trim_end());
        if !confirm(&shell.out.say(&msg("request-question")))? {
            shell.out.note(&shell.out.say(&msg("not-signed")));
            return Ok(Exit::Failed);
        }
    }
    let contract = approve(&session.person, &client, &checked, note, shell.now_ms()).await?;
    shell.out.show(&contract, || contract::show(shell.out, &contract))?;
    Ok(Exit::Done)
}

/// Signs an approval of the terms that were checked here, under the digest that was computed here.
pub(crate) async fn approve(
    person: &Person,
    client: &Client,
    checked: &Checked,
    note: &str,
    now_ms: i64,
) -> Result<ContractView, Fault> {
    let approval = Approval {
        v: 1,
        request: checked.view.id.clone(),
        terms: checked.digest,
        note: note.to_owned(),
        at_ms: now_ms,
    };
    let approval = person.sign(&approval)?;
    Ok(client.call(ask::RequestApprove { approval }).await?)
}

/// The request with this id, or the only one that begins so.
async fn find(client: &Client, given: &str) -> Result<RequestView, Fault> {
    let id = match given.parse::<RequestId>() {
        Ok(id) => id,
        Err(_) => {
            let all: Vec<RequestView> =
                list::every(client, Lookup::by_id(given), |lookup| ask::RequestLs { lookup }).await?;
            pick("request", given, &all, |view| view.id.clone())?.id.clone()
        }
    };
    Ok(client.call(ask::RequestShow { id }).await?)
}

fn table(out: Output, all: &[RequestView]) -> String {
    let mut rows = Rows::new(&[
        out.label("request"),
        out.label("state"),
        out.label("consumer"),
        out.label("dataset"),
        out.label("until"),
        out.label("purpose"),
    ]);
    for view in all {
        let terms = &view.terms;
        let until = out.time(terms.until_ms);
        rows.add([
            &view.id,
            &out.lang.word("state", view.state.as_str()),
            &view.consumer,
            &terms.dataset,
            &until,
            &terms.purpose,
        ]);
    }
    rows.text()
}

fn show(out: Output, view: &RequestView) -> String {
    facts(out, view).text()
}

fn facts(out: Output, view: &RequestView) -> Facts {
    let facts = Facts::of(&[
        (out.label("request"), &view.id),
        (out.label("state"), &out.lang.word("state", view.state.as_str())),
        (out.label("consumer"), &view.consumer),
        (out.label("asked"), &out.time(view.at_ms)),
    ])
    .and_maybe(out.label("reason"), view.reason.as_ref().map(|why| why as _));
    terms::add(facts, out, &view.terms, &view.models)
}

/// The request, and whether it is the consumer's own signature that stands under it.
fn show_checked(out: Output, view: &RequestView, checked: Result<(), WireError>) -> String {
    let signature = match checked {
        Ok(()) => out.lang.pick("the consumer's, checked here", "申请人签名，已在本机核验").to_owned(),
        Err(error) => format!("{} {}", out.lang.pick("NOT CONFIRMED:", "未获确认："), out.error(&error)),
    };
    facts(out, view).and(&[(out.lang.pick("signature", "签名"), &signature)]).text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_follows_the_models() {
        use OutputKind::{Aggregate, Update};
        assert_eq!(kinds_of([World::Federated].into_iter()), [Update]);
        let both = [World::Analysis, World::Federated, World::Analysis];
        assert_eq!(kinds_of(both.into_iter()), [Aggregate, Update]);
    }
}
