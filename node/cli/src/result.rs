//! `qianmo result`: fetching results, and letting held ones go or keeping them back.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use qianmo_proto::{ask, views::JobView};
use serde_json::json;

use super::{
    connect::Session,
    exit::{Exit, Fault, write_file},
    job, list, render,
    shell::Shell,
    words::msg,
};
use crate::federated::{Fetched, fetch_result};

/// Fetching results, and letting held ones go or keeping them back
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists your results, or with --held those that wait for a steward
    Ls {
        /// Held results only
        #[arg(long)]
        held: bool,
        #[command(flatten)]
        narrow: list::Narrow,
    },
    /// Fetches a released result and checks the node's receipt for it
    Get {
        /// The job, or the beginning of its id
        id: String,
        /// Write the exact bytes there, and the signed receipt beside them (FILE.receipt.json)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Lets a held result go (steward)
    Release {
        /// The job, or the beginning of its id
        id: String,
        /// Why; it goes into the trail
        #[arg(long)]
        reason: String,
    },
    /// Keeps a held result back for good (steward)
    Withhold {
        /// The job, or the beginning of its id
        id: String,
        /// Why; the consumer reads it
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let session = Session::open(shell).await?;
    let client = session.target().await?;
    match command {
        Command::Ls { held, narrow } => {
            let (lookup, ask) = (narrow.lookup(shell)?, |lookup| ask::ResultLs { held, lookup });
            let all: Vec<JobView> = list::list(&client, lookup, &narrow.length, shell, ask).await?;
            shell.out.show(&all, || job::table(shell.out, &all))?;
        }
        Command::Get { id, out } => {
            let id = job::find(&client, &id).await?;
            let fetched = fetch_result(&client, &id, None, &session.person.trust, shell.now_ms()).await?;
            if let Some(path) = &out {
                save(path, &fetched)?;
            }
            shell.out.show(&json!({"receipt": fetched.receipt, "result": fetched.document}), || {
                render::document(shell.out, &fetched.document)
            })?;
        }
        Command::Release { id, reason } => {
            let id = job::find(&client, &id).await?;
            let view: JobView = client.call(ask::ResultRelease { id, reason }).await?;
            shell.out.show(&view, || job::show(shell.out, &view))?;
        }
        Command::Withhold { id, reason } => {
            let id = job::find(&client, &id).await?;
            let view: JobView = client.call(ask::ResultWithhold { id, reason }).await?;
            shell.out.show(&view, || job::show(shell.out, &view))?;
        }
    }
    Ok(Exit::Done)
}

fn save(path: &Path, fetched: &Fetched) -> Result<(), Fault> {
    let mut receipt = path.as_os_str().to_owned();
    receipt.push(".receipt.json");
    let signed = serde_json::to_vec_pretty(&fetched.signed)
        .map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
    write_file(path, &fetched.bytes)?;
    write_file(Path::new(&receipt), &signed)
}
