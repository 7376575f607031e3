//! `qianmo demo`: the whole of Qianmo on one machine, with nothing but this program. Three hospitals train one
//! model together; their rows stay where they are. Real nodes in processes of their own, real certificates,
//! real contracts.

mod cast;
mod nodes;
mod story;
mod summary;

use std::path::{Path, PathBuf};

use clap::Args;
use qianmo_crypto::random;

use self::{
    cast::Cast,
    nodes::Nodes,
    summary::{Kept, Summary},
};
use super::{
    env,
    exit::{Doing, Exit, Fault},
    foreign,
    output::Output,
    shell::{Shell, private_dir},
    words::msg,
};
use crate::clock::Stopwatch;

/// Options of the demo.
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// Folder for the federation; by default a temporary one that is removed at the end
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Leave the nodes running, and print the next commands to try
    #[arg(long)]
    keep: bool,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let watch = Stopwatch::start();
    let stage = Stage::set(command.dir.as_deref(), command.keep)?;
    let out = shell.out;
    out.note(&out.say(&msg("demo-folder").with("dir", stage.dir.display())));
    let cast = Cast::assemble(&stage.dir, shell)?;
    let mut nodes = Nodes::start(&cast, command.keep).await?;
    // A handler that cannot be set leaves Ctrl-C to end the program; the nodes then stop with their pipe.
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let told = tokio::select! {
        told = story::tell(&cast, &nodes, shell) => told,
        () = interrupted => Err(Fault::new(Exit::Interrupted, msg("demo-interrupted"))),
    };
    match told {
        Ok(summary) => finish(summary, &cast, &mut nodes, command.keep, shell, watch).await,
        Err(fault) => {
            nodes.stop().await;
            Err(fault)
        }
    }
}

/// Shows the summary; stops the nodes, or leaves them running with the next commands to try.
async fn finish(
    mut summary: Summary,
    cast: &Cast,
    nodes: &mut Nodes,
    keep: bool,
    shell: &Shell,
    watch: Stopwatch,
) -> Result<Exit, Fault> {
    summary.took_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    if keep {
        cast.write_contexts(nodes)?;
        summary.kept = Some(Kept { home: cast.dir.join(cast::HOME), pids: nodes.leave_running() });
    } else {
        nodes.stop().await;
    }
    shell.out.show(&summary, || summary.text(shell.out))?;
    if let Some(kept) = &summary.kept {
        shell.out.note(&next_steps(shell.out, kept)?);
    }
    Ok(summary.exit())
}

/// The folder in which it all happens. A temporary one is removed with its last holder.
struct Stage {
    dir: PathBuf,
    temporary: bool,
}

impl Stage {
    fn set(dir: Option<&Path>, keep: bool) -> Result<Self, Fault> {
        let (dir, temporary) = match dir {
            Some(dir) => (env::absolute(dir).map_err(|e| Fault::file(dir, Doing::Find, &e))?, false),
            None => (env::temporary().join(format!("qianmo-demo-{}", suffix()?)), !keep),
        };
        private_dir(&dir)?;
        let mut entries = std::fs::read_dir(&dir).map_err(|e| Fault::file(&dir, Doing::Read, &e))?;
        if entries.next().is_some() {
            return Err(Fault::input(msg("demo-not-empty").with("dir", dir.display())));
        }
        Ok(Self { dir, temporary })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is left to the system's own cleaning of temporary folders.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn suffix() -> Result<String, Fault> {
    let mut bytes = [0; 6];
    random::fill(&mut bytes).map_err(|e| Fault::failed(foreign::crypto(&e)))?;
    Ok(hex::encode(bytes))
}

fn next_steps(out: Output, kept: &Kept) -> Result<String, Fault> {
    let program = env::program()?;
    let program = program.display();
    let pids: Vec<_> = kept.pids.iter().map(ToString::to_string).collect();
    Ok(format!(
        "\n{}\n  export QIANMO_HOME={}\n  {program} catalog search 乳腺\n  {program} contract ls --on hospital-b\n  \
         {program} job ls\n  {program} job ls --context wang\n  {program} audit ls --context sun\n  \
         {program} audit verify --context sun --on hospital-c\n{}\n  kill {}",
        out.say(&msg("demo-try")),
        kept.home.display(),
        out.say(&msg("demo-stop")),
        pids.join(" ")
    ))
}
