//! `qianmo audit`: reading and verifying a trail, at its node or from a copy of its folder.

mod memory;
mod verify;

use clap::{Args, Subcommand};
use qianmo_proto::{ask, views::AuditPage};
use serde_json::Value;

pub(crate) use self::{memory::Memory, verify::verify_node};
use super::{
    connect::Session,
    exit::{Exit, Fault},
    output::{Output, Rows, clean},
    shell::Shell,
    words::msg,
};

/// Reading and verifying a trail
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists entries, the newest by default (auditor, steward, admin)
    Ls(LsArgs),
    /// Shows one entry in full
    Show {
        /// Its number, from 0
        seq: u64,
    },
    /// Verifies the whole trail: exit code 0 VERIFIED, 2 TAMPERED, 3 INCONCLUSIVE
    Verify(verify::VerifyArgs),
}

/// Which entries.
#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// Number of the first entry; without it, the newest ones
    #[arg(long)]
    from: Option<u64>,
    /// How many
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::Ls(args) => {
            let client = Session::open(shell).await?.target().await?;
            let page: AuditPage = client.call(ask::AuditLs { from: args.from, limit: args.limit }).await?;
            shell.out.show(&page, || table(shell.out, &page))?;
            Ok(Exit::Done)
        }
        Command::Show { seq } => {
            let client = Session::open(shell).await?.target().await?;
            let page: AuditPage = client.call(ask::AuditLs { from: Some(seq), limit: 1 }).await?;
            let entry = page.entries.first().filter(|_| page.from == seq).ok_or_else(|| {
                Fault::input(msg("audit-no-entry").with("seq", seq).with("size", page.size))
            })?;
            shell.out.show(entry, || pretty(entry.get()))?;
            Ok(Exit::Done)
        }
        Command::Verify(args) => verify::run(&args, shell).await,
    }
}

fn pretty(entry: &str) -> String {
    let parsed = serde_json::from_str::<Value>(entry).and_then(|value| serde_json::to_string_pretty(&value));
    clean(&parsed.unwrap_or_else(|_| entry.to_owned()))
}

fn table(out: Output, page: &AuditPage) -> String {
    let mut rows = Rows::new(&[
        out.label("seq"),
        out.label("time"),
        out.label("stage"),
        out.label("action"),
        out.label("actor"),
        out.label("target"),
        out.label("outcome"),
    ])
    .right(0);
    for (seq, entry) in (page.from..).zip(&page.entries) {
        let event: Value = serde_json::from_str(entry.get()).unwrap_or_default();
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let time = event.get("time_ms").and_then(Value::as_i64).map(|ms| out.time(ms)).unwrap_or_default();
        let (result, code) = (text("/outcome/result"), text("/outcome/code"));
        let outcome = format!("{result} {code}");
        let (stage, action) = (text("/stage"), text("/action"));
        let stage = out.lang.word("stage", &stage);
        rows.add([&seq, &time, &stage, &action, &text("/actor/id"), &text("/target/name"), &outcome.trim()]);
    }
    format!("{}{}\n", rows.text(), out.say(&msg("audit-size").count("size", page.size)))
}
