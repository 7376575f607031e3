//! `qianmo node`: who a node is and how the connection to it is protected.

use clap::Subcommand;
use qianmo_certs::ListInfo;
use qianmo_proto::views::{ListView, NodeView};

use super::{
    connect::{Session, info},
    exit::{Exit, Fault},
    output::Facts,
    shell::Shell,
    words::msg,
};
use crate::expiry::{Ending, endings};

/// Who a node is
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the node, its version and trail, and how the connection is protected
    Show,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let Command::Show = command;
    let view = info(&Session::open(shell).await?.target().await?).await?;
    let out = shell.out;
    let until = view.certificate_ends_ms.map_or_else(String::new, |ms| out.time(ms));
    let lists: Vec<String> = view.lists.iter().map(|list| out.time(list.next_update_ms)).collect();
    shell.out.show(&view, || {
        Facts::of(&[
            (out.label("node"), &view.node),
            (out.label("version"), &view.version),
            (out.label("trail-entries"), &view.trail_size),
            (out.label("key-exchange"), &view.group),
            (out.label("cipher-suite"), &view.suite),
            (out.label("policies"), &view.policies),
            (out.label("certificate-until"), &until),
            (out.label("list-until"), &lists.join(", ")),
            (out.label("you-are"), &view.caller),
        ])
        .text()
    })?;
    for ending in endings_of(&view, shell.now_ms()) {
        let (en, zh) = ending.told(shell.now_ms());
        shell.out.note(&out.say(&msg("ending-of-node").with("what", out.lang.pick(&en, &zh))));
    }
    Ok(Exit::Done)
}

/// What of the node's ends soon, as far as it says.
fn endings_of(view: &NodeView, now_ms: i64) -> Vec<Ending> {
    let info = |list: &ListView| {
        let ListView { issuer, number, this_update_ms, next_update_ms } = list.clone();
        ListInfo { issuer, number, this_update_ms, next_update_ms }
    };
    let lists: Vec<ListInfo> = view.lists.iter().map(info).collect();
    endings(view.certificate_ends_ms.unwrap_or(i64::MAX), &lists, now_ms)
}
