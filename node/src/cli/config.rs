//! `qianmo config`: a look at a node's configuration without starting it.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{
    exit::{Exit, Fault},
    output::Facts,
    shell::Shell,
};
use crate::config::Config;

/// A node's configuration
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads qianmo.toml and tells every mistake in it at once
    Check {
        /// Folder of the node
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    let Command::Check { dir } = command;
    let config = Config::load(dir).map_err(|e| Fault::input(e.to_string()))?;
    let view = json!({"node": config.identity, "listen": config.listen, "title": config.title});
    shell.out.show(&view, || {
        let sound = shell.out.t("the configuration is sound", "配置无误");
        let facts = Facts::of(&[
            (shell.out.t("node", "节点"), &config.identity),
            (shell.out.t("listens on", "监听地址"), &config.listen),
            (shell.out.t("title", "名称"), &config.title),
        ])
        .text();
        format!("{facts}{sound}")
    })?;
    Ok(Exit::Done)
}
