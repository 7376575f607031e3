//! `qianmo node`: who a node is and how the connection to it is protected.

use clap::Subcommand;
use qianmo_certs::ListInfo;
use qianmo_proto::views::{ListView, NodeView};

use super::{
    connect::{Session, info},
    exit::{Exit, Fault},
    output::Facts,
    shell::Shell,
};
use crate::{
    clock::rfc3339,
    expiry::{Ending, endings},
};

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
    let t = |en, zh| shell.out.t(en, zh);
    let until = view.certificate_ends_ms.map_or_else(String::new, rfc3339);
    let lists: Vec<String> = view.lists.iter().map(|list| rfc3339(list.next_update_ms)).collect();
    shell.out.show(&view, || {
        Facts::of(&[
            (t("node", "节点"), &view.node),
            (t("version", "版本"), &view.version),
            (t("trail entries", "存证条目"), &view.trail_size),
            (t("key exchange", "密钥交换"), &view.group),
            (t("cipher suite", "密码套件"), &view.suite),
            (t("policies", "策略摘要"), &view.policies),
            (t("certificate until", "证书有效期至"), &until),
            (t("revocation list until", "证书撤销列表有效期至"), &lists.join(", ")),
            (t("you are", "您的身份"), &view.caller),
        ])
        .text()
    })?;
    for ending in endings_of(&view, shell.now_ms()) {
        let (en, zh) = ending.told(shell.now_ms());
        shell.out.note(&format!("{}{}", t("the node's: ", "节点："), shell.out.t(&en, &zh)));
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
