//! The `openssl` program of version 4, working in a folder of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::process::Process;

/// The user id of certificates and of everything that names no other, as OpenSSL wants to be told.
pub(crate) const DIST_ID: &str = "distid:1234567812345678";

/// OpenSSL 4 and a folder for its files.
pub(crate) struct Openssl {
    program: PathBuf,
    dir: TempDir,
}

impl Openssl {
    /// The program if it is here; a loud word, or a failure where it is required, if not.
    pub(crate) fn find() -> Option<Self> {
        let named = env::var_os("QIANMO_OPENSSL4").map(PathBuf::from);
        let Some(program) = named.or_else(in_cache).filter(|program| is_version_4(program)) else {
            assert!(
                env::var_os("QIANMO_REQUIRE_OPENSSL4").is_none(),
                "OpenSSL 4 is required here; build it with tests/openssl"
            );
            eprintln!("SKIPPED: no OpenSSL 4 on this machine; build it with tests/openssl to have it asked");
            return None;
        };
        Some(Self { program, dir: TempDir::new().unwrap() })
    }

    /// Runs a command whose arguments have no spaces, and gives what it printed on both outputs.
    pub(crate) fn ok(&self, arguments: &str) -> String {
        let (status, _, text) = self.start(arguments).finish();
        assert!(status.success(), "openssl {arguments}: {text}");
        text
    }

    /// Runs a command that must fail, and gives what it printed.
    pub(crate) fn refuses(&self, arguments: &str) -> String {
        let (status, _, text) = self.start(arguments).finish();
        assert!(!status.success(), "openssl {arguments} should have failed: {text}");
        text
    }

    /// Runs a command and gives its standard output as bytes.
    pub(crate) fn bytes(&self, arguments: &str) -> Vec<u8> {
        let (status, out, text) = self.start(arguments).finish();
        assert!(status.success(), "openssl {arguments}: {text}");
        out
    }

    /// Starts a command that talks with others.
    pub(crate) fn start(&self, arguments: &str) -> Process {
        Process::start(
            Command::new(&self.program).args(arguments.split_ascii_whitespace()).current_dir(self.dir.path()),
        )
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.dir.path().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }
}

/// Where `tests/openssl` leaves it; the newest if there are several.
fn in_cache() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    let tools = fs::read_dir(cache.join("qianmo/tools")).ok()?;
    let programs = tools
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("openssl-4")));
    programs.map(|path| path.join("bin/openssl")).filter(|program| program.is_file()).max()
}

fn is_version_4(program: &Path) -> bool {
    let output = Command::new(program).arg("version").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"OpenSSL 4."))
}
