//! `qianmo result`: fetching results, and letting held ones go or keeping them back.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use qianmo_proto::{
    JobId, ask,
    views::{JobView, PreviewView},
};
use serde_json::json;

use super::{
    checked,
    connect::Session,
    exit::{Exit, Fault, write_file, write_private},
    job, list, render,
    shell::Shell,
    words::msg,
};
use crate::{
    federated::{Fetched, fetch_result},
    net::client::Client,
};

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
    /// Shows a held result and what the rules found in it, before you decide (steward); recorded in the trail
    Show {
        /// The job, or the beginning of its id
        id: String,
        /// Write the exact bytes there
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
        Command::Show { id, out } => {
            let id = job::find(&client, &id).await?;
            preview(&client, id, out.as_deref(), shell).await?;
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

/// Shows what a steward decides on.
async fn preview(client: &Client, id: JobId, out: Option<&Path>, shell: &Shell) -> Result<(), Fault> {
    let (view, bytes): (PreviewView, Vec<u8>) = client.exchange(ask::ResultPreview { id }, &[]).await?;
    let document = checked::preview(&view, &bytes)?;
    if let Some(path) = out {
        write_private(path, &bytes)?;
    }
    shell.out.show(&json!({"preview": view, "result": document}), || {
        let (job, reasons) = (job::show(shell.out, &view.job), job::reasons(shell.out, &view.reasons));
        format!("{job}\n{reasons}\n{}", render::document(shell.out, &document))
    })
}

fn save(path: &Path, fetched: &Fetched) -> Result<(), Fault> {
    let mut receipt = path.as_os_str().to_owned();
    receipt.push(".receipt.json");
    let signed = serde_json::to_vec_pretty(&fetched.signed)
        .map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
    write_file(path, &fetched.bytes)?;
    write_file(Path::new(&receipt), &signed)
}
