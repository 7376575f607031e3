//! `qianmo config`: a look at a node's configuration without starting it.

use std::path::PathBuf;

use clap::Subcommand;
use qianmo_node::{
    config::Config,
    preflight::{self, Findings},
};
use serde_json::json;

use super::{
    exit::{Exit, Fault},
    foreign,
    output::Facts,
    shell::Shell,
    words::msg,
};

/// A node's configuration
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads qianmo.toml and all that the node needs to start, and tells every mistake at once
    Check {
        /// Folder of the node
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    let Command::Check { dir } = command;
    let config = Config::load(dir).map_err(|e| Fault::input(foreign::other(&e)))?;
    let found = preflight::check(&config, shell.now_ms());
    refuse(&config, &found)?;
    let endings: Vec<_> = found.endings.iter().map(|ending| ending.told(shell.now_ms())).collect();
    let warnings: Vec<&str> = endings.iter().map(|(en, zh)| shell.out.lang.pick(en, zh)).collect();
    let view = json!({
        "node": config.identity, "listen": config.listen, "title": config.title,
        "certificate_ends_ms": found.certificate_ends_ms, "warnings": warnings,
    });
    shell.out.show(&view, || {
        let sound = shell.out.say(&msg("config-sound"));
        let facts = Facts::of(&[
            (shell.out.label("node"), &config.identity),
            (shell.out.label("listens-on"), &config.listen),
            (shell.out.label("title"), &config.title),
        ])
        .text();
        format!("{facts}{sound}")
    })?;
    warnings.iter().for_each(|warning| shell.out.note(warning));
    Ok(Exit::Done)
}

/// All that would keep the node from starting.
fn refuse(config: &Config, found: &Findings) -> Result<(), Fault> {
    let mistakes = &found.mistakes;
    if mistakes.is_empty() {
        return Ok(());
    }
    let told: String = mistakes.iter().map(|mistake| format!("\n  - {mistake}")).collect();
    let text =
        msg("config-would-not-start").with("dir", config.dir.display()).count("mistakes", mistakes.len());
    Err(Fault::input(text.with("told", told)))
}
