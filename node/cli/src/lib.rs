#![forbid(unsafe_code)]
//! The command line: `qianmo <noun> <verb>`, one file a command group.
//!
//! Results go to standard output, all else to standard error; `--json` prints one document. Exit codes are
//! those of docs/exit-codes.md.

mod audit;
mod ca;
mod catalog;
mod checked;
mod config;
mod connect;
mod context;
mod contract;
mod data;
mod demo;
mod env;
mod exit;
mod foreign;
mod foresight;
mod help;
mod id;
mod init;
mod job;
mod lang;
mod list;
mod locate;
mod model;
mod node;
mod output;
mod params;
mod peer;
mod pick;
mod render;
mod request;
mod result;
mod run;
mod serve;
mod shell;
mod terms;
mod when;
mod words;

use std::{process::ExitCode, sync::Arc};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind};

use self::{
    exit::{Exit, Fault},
    lang::Lang,
    output::Output,
    shell::{AtNodes, Flags, Nodes, Shell},
    words::msg,
};
use qianmo_certs::files;
use qianmo_client::federated;
use qianmo_net::{
    self as net,
    clock::{self, SystemClock},
    keys,
};
use qianmo_node::{expiry, telemetry};

/// Privacy-preserving data exchange between city departments: the data stay, the models travel.
///
/// Exit codes: 0 done, 1 failed, 2 tampered, 3 inconclusive, 4 refused, 5 unreachable, 6 held,
/// 7 bad input, 8 try later, 9 incomplete, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "qianmo", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the whole of Qianmo on this machine: three hospitals, one model, no data moved
    Demo(demo::Command),
    #[command(subcommand)]
    Ca(ca::Command),
    Init(init::Command),
    #[command(subcommand)]
    Id(id::Command),
    #[command(subcommand)]
    Config(config::Command),
    Serve(serve::Command),
    #[command(subcommand)]
    Context(context::Command),
    Node(Nodes<node::Command>),
    Peer(Nodes<peer::Command>),
    Data(Nodes<data::Command>),
    Catalog(Nodes<catalog::Command>),
    Model(Nodes<model::Command>),
    Request(Nodes<request::Command>),
    Contract(Nodes<contract::Command>),
    Job(Nodes<job::Command>),
    Run(AtNodes<run::Command>),
    Result(Nodes<result::Command>),
    Audit(Nodes<audit::Command>),
}

/// The program, from command line to exit code.
pub fn main() -> ExitCode {
    let lang = env::asks_for_lang().unwrap_or_else(env::lang);
    let matches = help::spoken(Cli::command(), lang).try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(e) => return usage(&e, lang).into(),
    };
    let shell = Shell::new(cli.flags, Arc::new(SystemClock));
    if shell.flags.verbose > 0 {
        telemetry::init(shell.flags.verbose, shell.out.json);
    }
    let ended = runtime().and_then(|runtime| {
        let ended = runtime.block_on(async {
            let ended = dispatch(cli.command, &shell).await;
            shell.hang_up().await;
            ended
        });
        // Its end would wait for a job that has outlived a node's shutdown; such a job is taken up again.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(exit) => exit.into(),
        Err(fault) => {
            shell.out.fault(&fault);
            fault.exit().into()
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Fault::failed(msg("no-threads").saying("error", foreign::io_error(&e))))
}

/// clap's words and places for them, our exit codes: its own 2 means TAMPERED here.
fn usage(e: &clap::Error, lang: Lang) -> Exit {
    if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        output::print(&help::page(&e.render(), lang));
        return Exit::Done;
    }
    let json = env::asks_for_json();
    match (e.kind(), lang) {
        _ if json => Output { json, lang }.fault(&Fault::input(help::mistake(e))),
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, Lang::Zh) => {
            output::print_aside(&help::page(&e.render(), lang));
        }
        (_, Lang::Zh) => output::print_aside(&help::told(e, lang)),
        // Nobody is left to tell if the terminal is gone.
        (_, Lang::En) => drop(e.print()),
    }
    Exit::BadInput
}

async fn dispatch(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::Demo(command) => demo::run(command, shell).await,
        Command::Ca(command) => ca::run(&command, shell),
        Command::Init(command) => init::run(&command, shell),
        Command::Id(command) => id::run(command, shell),
        Command::Config(command) => config::run(&command, shell),
        Command::Serve(command) => serve::run(command, shell).await,
        Command::Context(command) => context::run(&command, shell),
        Command::Node(at) => node::run(at.command, &shell.reaching(at.reach)).await,
        Command::Peer(at) => peer::run(at.command, &shell.reaching(at.reach)).await,
        Command::Data(at) => data::run(at.command, &shell.reaching(at.reach)).await,
        Command::Catalog(at) => catalog::run(at.command, &shell.reaching(at.reach)).await,
        Command::Model(at) => model::run(at.command, &shell.reaching(at.reach)).await,
        Command::Request(at) => request::run(at.command, &shell.reaching(at.reach)).await,
        Command::Contract(at) => contract::run(at.command, &shell.reaching(at.reach)).await,
        Command::Job(at) => job::run(at.command, &shell.reaching(at.reach)).await,
        Command::Run(at) => run::run(at.command, &shell.reaching(at.reach)).await,
        Command::Result(at) => result::run(at.command, &shell.reaching(at.reach)).await,
        Command::Audit(at) => audit::run(at.command, &shell.reaching(at.reach)).await,
    }
}
