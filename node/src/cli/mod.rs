//! The command line: `qianmo <noun> <verb>`, one file a command group.
//!
//! Results go to standard output, all else to standard error; `--json` prints one document. Exit codes are
//! those of docs/exit-codes.md.

mod audit;
mod ca;
mod catalog;
mod config;
mod connect;
mod context;
mod contract;
mod data;
mod demo;
mod env;
mod exit;
mod id;
mod init;
mod job;
mod lang;
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

use std::{process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand, error::ErrorKind};

use self::{
    exit::{Exit, Fault},
    lang::Lang,
    output::Output,
    shell::{Flags, Shell},
};
use crate::{clock::SystemClock, telemetry};

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
    #[command(subcommand)]
    Node(node::Command),
    #[command(subcommand)]
    Peer(peer::Command),
    #[command(subcommand)]
    Data(data::Command),
    #[command(subcommand)]
    Catalog(catalog::Command),
    #[command(subcommand)]
    Model(model::Command),
    #[command(subcommand)]
    Request(request::Command),
    #[command(subcommand)]
    Contract(contract::Command),
    #[command(subcommand)]
    Job(job::Command),
    Run(run::Command),
    #[command(subcommand)]
    Result(result::Command),
    #[command(subcommand)]
    Audit(audit::Command),
}

/// The program, from command line to exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return usage(&e).into(),
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
        .map_err(|e| Fault::failed(format!("the threads do not start: {e}")))
}

/// clap's words and places for them, our exit codes: its own 2 means TAMPERED here.
fn usage(e: &clap::Error) -> Exit {
    if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Nobody is left to tell if the terminal is gone.
        let _ = e.print();
        return Exit::Done;
    }
    if env::asks_for_json() {
        let message = e.to_string();
        let message = message.trim().trim_start_matches("error: ");
        Output { json: true, lang: Lang::En }.fault(&Fault::input(message));
    } else {
        let _ = e.print();
    }
    Exit::BadInput
}

async fn dispatch(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::Demo(command) => demo::run(command, shell).await,
        Command::Ca(command) => ca::run(&command, shell),
        Command::Init(command) => init::run(&command, shell),
        Command::Id(command) => id::run(&command, shell),
        Command::Config(command) => config::run(&command, shell),
        Command::Serve(command) => serve::run(command, shell).await,
        Command::Context(command) => context::run(&command, shell),
        Command::Node(command) => node::run(command, shell).await,
        Command::Peer(command) => peer::run(command, shell).await,
        Command::Data(command) => data::run(command, shell).await,
        Command::Catalog(command) => catalog::run(command, shell).await,
        Command::Model(command) => model::run(command, shell).await,
        Command::Request(command) => request::run(command, shell).await,
        Command::Contract(command) => contract::run(command, shell).await,
        Command::Job(command) => job::run(command, shell).await,
        Command::Run(command) => run::run(command, shell).await,
        Command::Result(command) => result::run(command, shell).await,
        Command::Audit(command) => audit::run(command, shell).await,
    }
}
