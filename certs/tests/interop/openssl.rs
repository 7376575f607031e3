//! The `openssl` program of version 4, working in a folder of its own.

use std::{env, fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::process::Process;

#[path = "../../../tests/openssl/src/find.rs"]
mod find;

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
        let Some(program) = find::openssl_4() else {
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
