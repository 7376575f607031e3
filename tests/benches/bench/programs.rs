//! Programs of their own: built by cargo if they are stale, run to their end, which is not waited for endlessly.

use std::{path::PathBuf, process::Stdio, time::Duration};

use qianmo_tests::{block_on, program, workspace};
use tokio::{process::Command, time::timeout};

use crate::Result;

/// A cold build of the rivals, or a gigabyte on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The folder of this build: `target/release`.
fn release() -> Result<PathBuf> {
    Ok(program().parent().ok_or("the program has no folder")?.to_owned())
}

/// Runs `command` and returns what it said; its errors pass through.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    block_on(async {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let ended = timeout(PATIENCE, child.wait_with_output()).await??;
        if ended.status.success() {
            Ok(String::from_utf8(ended.stdout)?)
        } else {
            Err(format!("{name} ended with {}", ended.status).into())
        }
    })
}

fn cargo(arguments: &[&str]) -> Result<String> {
    run(Command::new("cargo")
        .args(["build", "--release", "--quiet"])
        .args(arguments)
        .current_dir(workspace()))
}

/// An example of the workspace, built with the features that the product's crates have.
pub(crate) fn example(name: &str) -> Result<Command> {
    cargo(&["--workspace", "--example", name])?;
    Ok(Command::new(release()?.join("examples").join(name)))
}

/// The program in tests/rivals, which is a workspace of its own.
pub(crate) fn rivals() -> Result<Command> {
    let target = release()?.with_file_name("rivals");
    let folder = target.to_str().ok_or("the target folder's name is not UTF-8")?;
    cargo(&["--locked", "--manifest-path", "tests/rivals/Cargo.toml", "--target-dir", folder])?;
    Ok(Command::new(target.join("release/qianmo-rivals")))
}
