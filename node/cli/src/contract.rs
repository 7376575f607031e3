//! `qianmo contract`: what is in force, what is left of it, and ending it.

use clap::Subcommand;
use qianmo_proto::{ContractId, Lookup, ask, views::ContractView};

use super::{
    connect::Session,
    exit::{Exit, Fault},
    list,
    output::{Facts, Output, Rows},
    pick::pick,
    shell::Shell,
    terms,
};
use crate::net::client::Client;

/// What is in force, what is left of it, and ending it
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the contracts that you may see
    Ls(list::InState),
    /// Shows a contract with its terms and what is left of it
    Show {
        /// The contract, or the beginning of its id
        id: String,
    },
    /// Ends a contract and stops its jobs (steward, or its consumer)
    Revoke {
        /// The contract, or the beginning of its id
        id: String,
        /// Why; the other side reads it
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let client = Session::open(shell).await?.target().await?;
    match command {
        Command::Ls(args) => {
            let (lookup, ask) = (args.lookup(shell)?, |lookup| ask::ContractLs { lookup });
            let all: Vec<ContractView> = list::list(&client, lookup, &args.narrow.length, shell, ask).await?;
            shell.out.show(&all, || table(shell.out, &all))?;
        }
        Command::Show { id } => {
            let view = find(&client, &id).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
        Command::Revoke { id, reason } => {
            let id = find(&client, &id).await?.id;
            let view: ContractView = client.call(ask::ContractRevoke { id, reason }).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
    }
    Ok(Exit::Done)
}

/// The contract with this id, or the only one that begins so.
async fn find(client: &Client, given: &str) -> Result<ContractView, Fault> {
    if let Ok(id) = given.parse::<ContractId>() {
        return Ok(client.call(ask::ContractShow { id }).await?);
    }
    let all: Vec<ContractView> =
        list::every(client, Lookup::by_id(given), |lookup| ask::ContractLs { lookup }).await?;
    pick("contract", given, &all, |view| view.id.clone()).cloned()
}

fn table(out: Output, all: &[ContractView]) -> String {
    let mut rows = Rows::new(&[
        out.label("contract"),
        out.label("state"),
        out.label("consumer"),
        out.label("dataset"),
        out.label("runs"),
        out.label("until"),
    ])
    .right(4);
    for view in all {
        let terms = &view.terms;
        let runs = format!("{}/{}", view.runs_used, terms.runs);
        let until = out.time(terms.until_ms);
        rows.add([
            &view.id,
            &out.lang.word("state", view.state.as_str()),
            &view.consumer,
            &terms.dataset,
            &runs,
            &until,
        ]);
    }
    rows.text()
}

/// One contract with its terms.
pub(crate) fn show(out: Output, view: &ContractView) -> String {
    let facts = Facts::of(&[
        (out.label("contract"), &view.id),
        (out.label("state"), &out.lang.word("state", view.state.as_str())),
        (out.label("consumer"), &view.consumer),
        (out.label("steward"), &view.steward),
        (out.label("signed"), &out.time(view.at_ms)),
        (out.label("runs-used"), &view.runs_used),
    ])
    .and_maybe(out.label("reason"), view.reason.as_ref().map(|why| why as _));
    terms::add(facts, out, &view.terms, &view.models).text()
}
