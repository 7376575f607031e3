//! The hospitals' nodes: processes of this same program.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Child, time};

use super::cast::{Cast, HOSPITALS};
use crate::{
    env,
    exit::{Doing, Fault, read_text},
    foreign::io_error,
    serve::ADDRESS,
    words::{Message, msg},
};

/// How long a node may take to listen: its self-test and the engine's start, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often a starting node is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a node may take to stop in good order before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// The running nodes, in the order of [`HOSPITALS`].
pub(super) struct Nodes {
    children: Vec<Child>,
    addresses: Vec<String>,
}

impl Nodes {
    /// Starts all nodes and returns when they listen. Nodes to be kept do not depend on this process; others
    /// stop with the pipe to it, however it ends.
    pub(super) async fn start(cast: &Cast, keep: bool) -> Result<Self, Fault> {
        let program = env::program()?;
        let mut nodes = Self { children: Vec::new(), addresses: Vec::new() };
        for hospital in &HOSPITALS {
            nodes.children.push(spawn(&program, &cast.node_dir(hospital), keep)?);
        }
        for (hospital, child) in HOSPITALS.iter().zip(&mut nodes.children) {
            nodes.addresses.push(address(child, &cast.node_dir(hospital)).await?);
        }
        Ok(nodes)
    }

    /// Where they listen.
    pub(super) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Stops all: first the pipes close, which each takes as a request to stop; who does not is killed.
    pub(super) async fn stop(&mut self) {
        for child in &mut self.children {
            if child.stdin.take().is_none() {
                // A node to be kept has no pipe; this one is not to be kept after all.
                let _ = child.start_kill();
            }
        }
        for child in &mut self.children {
            if time::timeout(STOP_LIMIT, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }

    /// Gives the nodes up; returns their process ids.
    pub(super) fn leave_running(&self) -> Vec<u32> {
        self.children.iter().filter_map(Child::id).collect()
    }
}

fn spawn(program: &Path, dir: &Path, keep: bool) -> Result<Child, Fault> {
    let log = log(dir);
    let file = File::create(&log).map_err(|e| Fault::file(&log, Doing::Write, &e))?;
    let mut command = tokio::process::Command::new(program);
    command.arg("serve").arg("-v").arg("--dir").arg(dir);
    // A group of its own: Ctrl-C reaches this process alone, which then stops the nodes in good order.
    command.process_group(0).stdout(Stdio::null()).stderr(file);
    if keep {
        command.stdin(Stdio::null());
    } else {
        command.arg("--stop-with-stdin").stdin(Stdio::piped()).kill_on_drop(true);
    }
    command.spawn().map_err(|e| {
        Fault::failed(msg("demo-no-program").with("program", program.display()).saying("error", io_error(&e)))
    })
}

fn log(dir: &Path) -> PathBuf {
    dir.join("node.log")
}

/// Waits until the node has written its address, or tells why it never will.
async fn address(child: &mut Child, dir: &Path) -> Result<String, Fault> {
    let file = dir.join(ADDRESS);
    let listening = async {
        let mut look = time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            if file.exists() {
                return read_text(&file);
            }
            if !matches!(child.try_wait(), Ok(None)) {
                return Err(did_not_start(dir, msg("demo-ended")));
            }
        }
    };
    time::timeout(START_LIMIT, listening)
        .await
        .unwrap_or_else(|_| Err(did_not_start(dir, msg("demo-too-long"))))
}

fn did_not_start(dir: &Path, how: Message) -> Fault {
    let log = read_text(&log(dir)).unwrap_or_default();
    let last: Vec<&str> = log.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Fault::failed(
        msg("demo-no-start").with("dir", dir.display()).saying("how", how).with("last", last.join("\n")),
    )
}
