//! Builds the `openssl` program of OpenSSL 4 from the sources in the crate `openssl-src`, once.
//!
//! `qianmo-openssl FOLDER` leaves `FOLDER/openssl-<version>/bin/openssl` and prints its path. What is there already is
//! not built again. Needs perl, make and a C compiler.
//!
//! The program is a test peer and a rival in benchmarks (`certs/tests/interop`, `crypto/benches`). Nothing links its
//! libraries.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The crate ships no openssl.cnf, and `req` and `ca` want one.
const CONFIG: &str = "[req]\ndistinguished_name = dn\n[dn]\n";

fn main() -> ExitCode {
    match run() {
        Ok(program) => {
            println!("{}", program.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("qianmo-openssl: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<PathBuf> {
    let folder = env::args_os().nth(1).ok_or("name the folder that shall hold it")?;
    // The crate's own version comes first: 400.0.2+4.0.3.
    let (_, version) =
        openssl_src::version().split_once('+').ok_or("openssl-src does not say what it ships")?;
    let folder = std::path::absolute(folder)?.join(format!("openssl-{version}"));
    let program = folder.join("bin/openssl");
    if !program.is_file() {
        build(&folder, &program)?;
    }
    Ok(program)
}

/// Configures and builds outside the source folder. The program is moved into place last, so a build that was cut
/// short is done again.
fn build(folder: &Path, program: &Path) -> Result<()> {
    let (work, settings) = (folder.join("build"), folder.join("ssl"));
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    for needed in [&work, &settings, &folder.join("bin")] {
        fs::create_dir_all(needed)?;
    }
    fs::write(settings.join("openssl.cnf"), CONFIG)?;
    eprintln!("building OpenSSL in {}: about four minutes of CPU time", work.display());
    let configure = openssl_src::source_dir().join("Configure");
    succeed(
        Command::new("perl")
            .arg(configure)
            .args(["no-shared", "no-module", "no-tests", "no-docs", "no-legacy"])
            .arg(format!("--openssldir={}", settings.display()))
            .current_dir(&work),
    )?;
    // Two jobs: the machine is shared, and this runs once.
    for target in ["build_generated", "apps/openssl"] {
        succeed(Command::new("make").args(["-s", "-j2", target]).current_dir(&work))?;
    }
    fs::rename(work.join("apps/openssl"), program)?;
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Runs a command, and shows what it printed if it fails.
fn succeed(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    Err(format!("{}\n{command:?}: {}", String::from_utf8_lossy(&printed), output.status).into())
}
