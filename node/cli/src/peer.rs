//! `qianmo peer`: the nodes that a node knows.

use clap::Subcommand;
use qianmo_proto::{
    Identity, ask,
    views::{Done, PeerAdded, PeerView},
};

use super::{
    connect::{Session, resolve},
    exit::{Exit, Fault},
    output::Rows,
    shell::Shell,
    words::msg,
};

/// The nodes that a node knows
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes another node known (admin)
    Add {
        /// The other node, qianmo://department/node/name
        peer: Identity,
        /// Where it listens, host:port
        at: String,
    },
    /// Lists the nodes known
    Ls,
    /// Forgets a node (admin)
    Rm {
        /// The node
        peer: Identity,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let session = Session::open(shell).await?;
    let client = session.target().await?;
    match command {
        Command::Add { peer, at } => {
            resolve(&at).await?;
            let view: PeerAdded = client.call(ask::PeerAdd { node: peer, address: at }).await?;
            shell.out.show(&view, || added(shell, &view))?;
        }
        Command::Ls => {
            let peers: Vec<PeerView> = client.call(ask::PeerLs {}).await?;
            shell.out.show(&peers, || table(shell, &peers))?;
        }
        Command::Rm { peer } => {
            let done: Done = client.call(ask::PeerRm { node: peer.clone() }).await?;
            shell.out.show(&done, || shell.out.say(&msg("peer-forgotten").with("peer", &peer)))?;
        }
    }
    Ok(Exit::Done)
}

/// The peer, and what was found at its address.
fn added(shell: &Shell, view: &PeerAdded) -> String {
    let table = table(shell, std::slice::from_ref(&view.peer));
    let told = match &view.error {
        None => msg("peer-answers"),
        Some(error) => msg("peer-silent").with("error", shell.out.error(error)),
    };
    format!("{table}{}", shell.out.say(&told))
}

fn table(shell: &Shell, peers: &[PeerView]) -> String {
    let mut rows = Rows::new(&[shell.out.label("node"), shell.out.label("address")]);
    for peer in peers {
        rows.add([&peer.node, &peer.address]);
    }
    rows.text()
}
