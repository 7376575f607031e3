//! What every command is handed: how to print, what time it is, whom to speak for and to.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clap::{Args, Subcommand};
use qianmo_proto::{Identity, Name};

use super::{
    env,
    exit::{Doing, Fault},
    lang::Lang,
    output::Output,
};
use crate::{clock::Clock, net::client::Client};

/// Flags that every command takes. A command takes no flag that it does not read: what only some read is in a group of
/// its own below.
#[derive(Debug, Clone, Args)]
pub(crate) struct Flags {
    /// Print one JSON document; errors go to standard error as JSON, too
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Language of messages; by default your locale's
    #[arg(long, global = true, value_name = "LANG", help_heading = "Global options")]
    pub(crate) lang: Option<Lang>,
    /// Tell more on standard error; -vv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
}

/// Who the user is and which node is meant: flags of every command that asks a node.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Reach {
    /// Context to use instead of the current one (see `qianmo context`)
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection options")]
    pub(crate) context: Option<Name>,
    /// Folder with your id.key, id.crt, root.crt and crl.pem
    #[arg(long, global = true, value_name = "DIR", help_heading = "Connection options")]
    pub(crate) identity: Option<PathBuf>,
    /// File with the passphrase of your key
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection options")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Your home node, qianmo://department/node/name
    #[arg(long, global = true, value_name = "URI", help_heading = "Connection options")]
    pub(crate) node: Option<Identity>,
    /// Where the home node listens
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Connection options")]
    pub(crate) address: Option<String>,
    /// Ask this department's node; the home node knows its address
    #[arg(long, global = true, value_name = "DEPARTMENT", help_heading = "Connection options")]
    pub(crate) on: Option<Name>,
}

impl Reach {
    /// The first flag that was given, for what reads none of them.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--context", self.context.is_some()),
            ("--identity", self.identity.is_some()),
            ("--passphrase-file", self.passphrase_file.is_some()),
            ("--node", self.node.is_some()),
            ("--address", self.address.is_some()),
            ("--on", self.on.is_some()),
        ];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}

// A group of commands that ask a node. (A doc comment would become their help.)
#[derive(Debug, Args)]
pub(crate) struct Nodes<C: Subcommand> {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) command: C,
}

// One command that asks nodes.
#[derive(Debug, Args)]
pub(crate) struct AtNodes<C: Args> {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) command: C,
}

/// Who the user is: flags of a command that reads the user's files and asks no node.
#[derive(Debug, Clone, Args)]
pub(crate) struct Who {
    /// Context to use instead of the current one (see `qianmo context`)
    #[arg(long, value_name = "NAME", conflicts_with = "identity")]
    pub(crate) context: Option<Name>,
    /// Folder with your id.key, id.crt, root.crt and crl.pem
    #[arg(long, value_name = "DIR")]
    pub(crate) identity: Option<PathBuf>,
    /// File with the passphrase of your key
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl From<Who> for Reach {
    fn from(who: Who) -> Self {
        let Who { context, identity, passphrase_file } = who;
        Self { context, identity, passphrase_file, ..Self::default() }
    }
}

/// The surroundings of a command.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) out: Output,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) flags: Flags,
    pub(crate) reach: Reach,
    links: Arc<Mutex<Vec<Client>>>,
}

impl Shell {
    /// The surroundings that `flags` and the environment ask for.
    pub(crate) fn new(flags: Flags, clock: Arc<dyn Clock>) -> Self {
        let out = Output { json: flags.json, lang: flags.lang.unwrap_or_else(env::lang) };
        Self { out, clock, flags, reach: Reach::default(), links: Arc::default() }
    }

    /// The same surroundings for a command that asks nodes, or reads who the user is.
    pub(crate) fn reaching(&self, reach: impl Into<Reach>) -> Self {
        Self { reach: reach.into(), ..self.clone() }
    }

    /// UNIX milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Notes a connection that this command has opened.
    pub(crate) fn opened(&self, client: &Client) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).push(client.clone());
    }

    /// Says goodbye on every connection. A node that does not hear it counts the connection against its caller
    /// until the idle timeout.
    pub(crate) async fn hang_up(&self) {
        let links = std::mem::take(&mut *self.links.lock().unwrap_or_else(PoisonError::into_inner));
        futures::future::join_all(links.into_iter().map(Client::close)).await;
    }

    /// The folder of contexts and remembered checkpoints.
    pub(crate) fn home(&self) -> Result<PathBuf, Fault> {
        env::home()
    }
}

/// Makes a folder that only its owner may enter.
pub(crate) fn private_dir(dir: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|e| Fault::file(dir, Doing::Make, &e))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, error::ErrorKind};

    use crate::Cli;

    const REACH: [(&str, &str); 6] = [
        ("--context", "li"),
        ("--identity", "li"),
        ("--passphrase-file", "li.txt"),
        ("--node", "qianmo://a/node/main"),
        ("--address", "127.0.0.1:1"),
        ("--on", "a"),
    ];

    /// What a command that asks no node reads of these flags; every other command asks one and reads them all.
    fn offline(command: &str) -> Option<&'static [&'static str]> {
        match command {
            "demo" | "serve" | "config check" | "ca show" | "context use" | "context ls" | "context rm" => {
                Some(&[])
            }
            "init" | "id new" | "ca init" | "ca issue" | "ca ls" | "ca revoke" | "ca crl" => {
                Some(&["--passphrase-file"])
            }
            "id show" => Some(&["--context", "--identity", "--passphrase-file"]),
            "context add" => Some(&["--identity", "--passphrase-file", "--node", "--address"]),
            _ => None,
        }
    }

    /// Every command that is not a group.
    fn leaves(command: &clap::Command, path: &str, all: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            let path = format!("{path} {}", sub.get_name());
            if sub.has_subcommands() { leaves(sub, &path, all) } else { all.push(path.trim().to_owned()) }
        }
    }

    #[test]
    fn a_command_takes_no_flag_that_it_does_not_read() {
        let mut all = Vec::new();
        leaves(&Cli::command(), "", &mut all);
        assert!(all.len() > 40, "{all:?}");
        for command in all {
            for (flag, value) in REACH {
                let args = ["qianmo"].into_iter().chain(command.split(' ')).chain([flag, value]);
                let parsed = Cli::command().try_get_matches_from(args);
                let taken = parsed.as_ref().err().is_none_or(|e| e.kind() != ErrorKind::UnknownArgument);
                let read = offline(&command).is_none_or(|flags| flags.contains(&flag));
                assert_eq!(taken, read, "qianmo {command} {flag}");
            }
        }
    }
}
