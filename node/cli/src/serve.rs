//! `qianmo serve`: runs a node until it is told to stop.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use qianmo_net::clock::{Clock, StandingClock};
use qianmo_node::{
    config::Config,
    fault::{CrashPoint, Faults},
    node::{Node, ServeOptions},
    telemetry,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    exit::{Exit, Fault, write_file},
    foreign::{self, io_error},
    shell::{Shell, private_dir},
    words::msg,
};

/// Runs a node until SIGTERM or Ctrl-C
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// Folder of the node
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Stop when standard input ends: a parent that dies leaves no node behind
    #[arg(long, hide = true)]
    stop_with_stdin: bool,
    /// Die at a step of a job, for crash tests; debug builds only
    #[arg(long, hide = true)]
    crash_at: Option<CrashPoint>,
    /// Take the time in this file for the time, for tests that jump; debug builds only
    #[arg(long, hide = true, value_name = "FILE")]
    clock: Option<PathBuf>,
}

impl Command {
    /// A program in use has no faults and no time of its own.
    fn refuse_tests(&self) -> Result<(), Fault> {
        if !cfg!(debug_assertions) && (self.crash_at.is_some() || self.clock.is_some()) {
            return Err(Fault::input(msg("serve-for-tests")));
        }
        Ok(())
    }

    /// The time that the node goes by.
    fn clock(&self, shell: &Shell) -> Arc<dyn Clock> {
        match &self.clock {
            Some(file) => Arc::new(StandingClock::new(file.clone())),
            None => Arc::clone(&shell.clock),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    command.refuse_tests()?;
    let config = Config::load(&command.dir).map_err(|e| Fault::input(foreign::other(&e)))?;
    telemetry::init(shell.flags.verbose, shell.out.json);
    let options = ServeOptions { faults: Faults { crash_at: command.crash_at }, ..ServeOptions::default() };
    let dir = config.dir.clone();
    let mut node = Node::bind(config, command.clock(shell), options)
        .await
        .map_err(|e| Fault::failed(foreign::other(&e)))?;
    let address = announce(&dir, node.address())?;
    shell.out.note(&shell.out.say(&msg("serve-listening").with("address", node.address())));
    let stopped = tokio::select! {
        () = node.join() => Err(Fault::failed(msg("serve-socket"))),
        stop = told_to_stop(command.stop_with_stdin) => stop,
    };
    node.shutdown().await;
    // Gone already if somebody cleaned up: nothing to complain about.
    let _ = std::fs::remove_file(address);
    stopped.map(|()| Exit::Done)
}

/// Where a node writes the address it listens on, below its folder.
pub(crate) const ADDRESS: &str = "run/address";

/// Writes the bound address: with port 0 nobody else knows it. The file appears when the node listens.
fn announce(dir: &Path, address: SocketAddr) -> Result<PathBuf, Fault> {
    let file = dir.join(ADDRESS);
    private_dir(&dir.join("run"))?;
    write_file(&file, address.to_string().as_bytes())?;
    Ok(file)
}

async fn told_to_stop(with_stdin: bool) -> Result<(), Fault> {
    let listen =
        |kind| signal(kind).map_err(|e| Fault::failed(msg("serve-signals").saying("error", io_error(&e))));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_end(), if with_stdin => {}
    }
    Ok(())
}

/// Waits for the end of standard input. A thread of its own: a blocked read must not hold up the shutdown.
async fn stdin_end() {
    let (ended, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Nobody waits any more if a signal came first; an error ends the input, too.
        let _ = ended.send(read.is_ok());
    });
    let _ = wait.await;
}
