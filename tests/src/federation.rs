//! A federation in a temporary folder: its CA, its list of revoked certificates, its nodes and people.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use qianmo_certs::Ca;
use qianmo_proto::{Identity, Role};
use tempfile::TempDir;

use crate::{node::Node, person::Person, terminal::Terminal};

/// A federation. Drop it after its nodes.
#[derive(Debug)]
pub struct Federation {
    dir: TempDir,
    terminal: Terminal,
    /// The CA's folder belongs to one process at a time.
    ca: Mutex<()>,
}

impl Federation {
    /// Makes a CA and its first list of revoked certificates.
    ///
    /// # Panics
    /// If a command fails.
    #[expect(clippy::new_without_default, reason = "it starts programs")]
    pub fn new() -> Self {
        Self::called("Test federation")
    }

    /// [`Self::new`] with a title for the root certificate.
    ///
    /// # Panics
    /// If a command fails.
    pub fn called(title: &str) -> Self {
        let dir = TempDir::with_prefix("qianmo-test-").unwrap();
        let terminal = Terminal::new(dir.path(), dir.path().join("home"));
        terminal.ok(&["ca", "init", "--title", title]);
        terminal.ok(&["ca", "crl"]);
        Self { dir, terminal, ca: Mutex::new(()) }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A terminal in its folder, for somebody without an identity.
    pub const fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// The file of the root certificate.
    pub fn root(&self) -> PathBuf {
        self.dir().join("ca/root.crt")
    }

    /// Makes the folder of `department`'s node, certified, on any free port. It is not started.
    ///
    /// # Panics
    /// If a command fails.
    pub fn node(&self, department: &str) -> Node {
        let dir = self.dir().join("nodes").join(department);
        let path = dir.to_str().unwrap();
        let init = ["init", "--dir", path, "--department", department, "--listen", "127.0.0.1:0"];
        self.terminal.ok(&init);
        let identity = Identity::new(department.parse().unwrap(), Role::Node, "main".parse().unwrap());
        self.certify(&dir, "node.csr", &identity);
        Node::new(self.terminal.clone(), dir, identity)
    }

    /// Makes a person's folder, certified.
    ///
    /// # Panics
    /// If a command fails.
    pub fn person(&self, department: &str, role: &str, name: &str) -> Person {
        let dir = self.dir().join("people").join(format!("{department}.{role}.{name}"));
        let path = dir.to_str().unwrap();
        self.terminal.ok(&[
            "id",
            "new",
            "--dir",
            path,
            "--department",
            department,
            "--role",
            role,
            "--name",
            name,
        ]);
        let home = self.dir().join("homes").join(format!("{department}.{role}.{name}"));
        let identity = format!("qianmo://{department}/{role}/{name}").parse().unwrap();
        self.certify(&dir, "id.csr", &identity);
        Person::new(Terminal::new(self.dir(), home), dir, identity)
    }

    /// Signs the request of `identity` in `dir` and puts root and list of revoked certificates beside it.
    fn certify(&self, dir: &Path, request: &str, identity: &Identity) {
        let turn = self.ca.lock().unwrap_or_else(PoisonError::into_inner);
        let (request, expected) = (dir.join(request), identity.to_string());
        self.terminal.ok(&["ca", "issue", request.to_str().unwrap(), "--expect", &expected, "--yes"]);
        drop(turn);
        fs::copy(self.root(), dir.join("root.crt")).unwrap();
        fs::copy(self.dir().join("crl.pem"), dir.join("crl.pem")).unwrap();
    }

    /// Works with the CA by its library, for what no command would do: certificates and lists of the past.
    ///
    /// # Panics
    /// If the CA's folder is damaged.
    pub fn with_ca<T>(&self, work: impl FnOnce(&mut Ca) -> T) -> T {
        let _turn = self.ca.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.dir().join("ca");
        let mut ca = Ca::load(&dir).unwrap();
        let done = work(&mut ca);
        ca.save(&dir).unwrap();
        done
    }
}
