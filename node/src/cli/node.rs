//! `qianmo node`: who a node is and how the connection to it is protected.

use clap::Subcommand;

use super::{
    connect::{Session, info},
    exit::{Exit, Fault},
    output::Facts,
    shell::Shell,
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
    shell.out.show(&view, || {
        Facts::of(&[
            (t("node", "节点"), &view.node),
            (t("version", "版本"), &view.version),
            (t("trail entries", "存证条目"), &view.trail_size),
            (t("key exchange", "密钥交换"), &view.group),
            (t("cipher suite", "密码套件"), &view.suite),
            (t("policies", "策略摘要"), &view.policies),
            (t("you are", "您的身份"), &view.caller),
        ])
        .text()
    })?;
    Ok(Exit::Done)
}
