//! `qianmo init`: a node's folder with key, configuration and certificate request.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use qianmo_certs::Host;
use qianmo_crypto::random;
use qianmo_node::config::{self, Config};
use qianmo_proto::{Identity, Name, Role};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    exit::{Exit, Fault, write_file, write_private},
    foreign,
    id::{Passphrase, PassphraseArgs, write_key_and_request},
    lang::Lang,
    shell::{Shell, private_dir},
    words::msg,
};

/// Name of the request in a node's folder.
pub(crate) const REQUEST: &str = "node.csr";

/// Makes a node's folder: key, configuration, certificate request
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// Folder of the node
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The department whose node this is
    #[arg(long)]
    department: Name,
    /// The node's name within the department
    #[arg(long, default_value = "main")]
    name: Name,
    /// The department's title for people
    #[arg(long)]
    title: Option<String>,
    /// A further host name or address of the node, for its certificate; may be repeated
    #[arg(long, value_name = "HOST")]
    host: Vec<Host>,
    /// UDP address for peers and people; port 0 takes any free one
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:7400")]
    listen: SocketAddr,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    let identity = Identity::new(command.department.clone(), Role::Node, command.name.clone());
    let title = command.title.clone().unwrap_or_else(|| command.department.to_string());
    let passphrase = command.passphrase.read()?;
    make(
        &command.dir,
        &identity,
        &title,
        command.listen,
        &command.host,
        passphrase.as_ref(),
        shell.out.lang,
    )?;
    let request = command.dir.join(REQUEST);
    let view = json!({"node": identity, "dir": command.dir, "request": request});
    shell.out.show(&view, || {
        let next = msg("init-next").with("dir", command.dir.display());
        format!("{identity}\n{}\n{}", request.display(), shell.out.say(&next))
    })?;
    Ok(Exit::Done)
}

/// Makes the folder of the node `identity`. What is there already is never overwritten.
pub(crate) fn make(
    dir: &Path,
    identity: &Identity,
    title: &str,
    listen: SocketAddr,
    hosts: &[Host],
    passphrase: Option<&Passphrase>,
    lang: Lang,
) -> Result<(), Fault> {
    let file = dir.join(config::FILE);
    let keys = dir.join("keys");
    if file.exists() || keys.exists() {
        return Err(Fault::input(msg("init-there").with("dir", dir.display())));
    }
    for folder in [dir, &keys, &dir.join("data")] {
        private_dir(folder)?;
    }
    write_key_and_request(&keys.join("node.key"), &dir.join(REQUEST), identity, hosts, passphrase)?;
    let mut kek = Zeroizing::new([0u8; 16]);
    random::fill(kek.as_mut()).map_err(|e| Fault::failed(foreign::crypto(&e)))?;
    write_private(&keys.join("kek"), Zeroizing::new(hex::encode(kek.as_ref())).as_bytes())?;
    let passphrase = passphrase.map(|passphrase| passphrase.file.as_path());
    let sample = match lang {
        Lang::En => Config::sample(identity, title, listen, passphrase),
        Lang::Zh => Config::sample_in_chinese(identity, title, listen, passphrase),
    };
    write_file(&file, sample.as_bytes())
}
