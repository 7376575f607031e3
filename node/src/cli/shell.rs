//! What every command is handed: how to print, what time it is, whom to speak for and to.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clap::Args;
use qianmo_proto::{Identity, Name};

use super::{env, exit::Fault, lang::Lang, output::Output};
use crate::{clock::Clock, net::client::Client};

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Flags {
    /// Context to use instead of the current one (see `qianmo context`)
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) context: Option<Name>,
    /// Folder with your id.key, id.crt, root.crt and crl.pem
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) identity: Option<PathBuf>,
    /// File with the passphrase of your key; `id new` and `init` encrypt the new key with it
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Your home node, qianmo://department/node/name
    #[arg(long, global = true, value_name = "URI", help_heading = "Global options")]
    pub(crate) node: Option<Identity>,
    /// Where the home node listens
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Global options")]
    pub(crate) address: Option<String>,
    /// Ask this department's node; the home node knows its address
    #[arg(long, global = true, value_name = "DEPARTMENT", help_heading = "Global options")]
    pub(crate) on: Option<Name>,
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

/// The surroundings of a command.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) out: Output,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) flags: Flags,
    links: Arc<Mutex<Vec<Client>>>,
}

impl Shell {
    /// The surroundings that `flags` and the environment ask for.
    pub(crate) fn new(flags: Flags, clock: Arc<dyn Clock>) -> Self {
        let out = Output { json: flags.json, lang: flags.lang.unwrap_or_else(env::lang) };
        Self { out, clock, flags, links: Arc::default() }
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
        .map_err(|e| Fault::file(dir, "made", &e))
}
