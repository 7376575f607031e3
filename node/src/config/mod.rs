//! One TOML a node. Unknown keys are refused, all mistakes are reported at once, and what comes out is
//! typed: nothing behind this module parses a setting again.

mod raw;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use qianmo_crypto::tls::Group;
use qianmo_proto::{Identity, Role};

use crate::words::counted;
use raw::RawConfig;

/// Name of the configuration file in a node's folder.
pub const FILE: &str = "qianmo.toml";

/// A node's settings, validated. Paths are absolute or relative to the node's folder, resolved.
#[derive(Debug, Clone)]
pub struct Config {
    /// The node's folder.
    pub dir: PathBuf,
    /// Who the node is.
    pub identity: Identity,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The department's title for people.
    pub title: String,
    /// Certificate, key, roots, CRL.
    pub files: Files,
    /// Seconds a CRL is still taken after its nextUpdate; 0 by default: none.
    pub crl_grace_s: u64,
    /// How often peers are asked for newer CRLs; none: never.
    pub crl_fetch: Option<Duration>,
    /// Key-exchange groups offered and accepted, best first.
    pub groups: Vec<Group>,
    /// How much the node takes on at once.
    pub limits: Limits,
    /// Disclosure rules.
    pub egress: Egress,
    /// Models: where they run and how far.
    pub sandbox: Sandbox,
    /// Extra Cedar policies, or none.
    pub policies: Option<PathBuf>,
}

/// Files of the node's identity and trust.
#[derive(Debug, Clone)]
pub struct Files {
    /// PKCS#8 key, PEM, mode 0600.
    pub key: PathBuf,
    /// The passphrase of an encrypted key, mode 0600.
    pub passphrase: Option<PathBuf>,
    /// Key-encryption key of data at rest, 16 bytes in hex, mode 0600.
    pub kek: PathBuf,
    /// The node's certificate, PEM.
    pub certificate: PathBuf,
    /// The federation's roots, PEM.
    pub roots: PathBuf,
    /// The federation's CRL, PEM; re-read when it changes.
    pub crl: PathBuf,
}

/// How much the node takes on at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one identity.
    pub connections_per_identity: usize,
    /// Jobs that run at once.
    pub jobs: usize,
    /// Jobs that wait or run; more are refused.
    pub jobs_queued: usize,
    /// Longest reading of a dataset that is to be listed.
    pub check: Duration,
    /// How long a peer may take to answer a search, or a first call.
    pub search: Duration,
    /// How long a peer may stall in the middle of a request or an answer.
    pub stall: Duration,
}

/// Disclosure rules that hold for every contract.
#[derive(Debug, Clone, Copy)]
pub struct Egress {
    /// Fewest contributors to a released cell (design section 13).
    pub min_cell: u32,
    /// Most parameters per row (DataSHIELD's nfilter.glm).
    pub parameters_per_row: f64,
    /// Most bytes of one result document.
    pub max_bytes: u64,
}

/// Limits of one job's run.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox {
    /// Fuel of one job.
    pub fuel: u64,
    /// Memory of one job, bytes.
    pub memory: u64,
    /// Wall time of one job, seconds.
    pub wall_s: u64,
    /// Memory of one job's queries, bytes.
    pub query_memory: u64,
}

/// Everything wrong with a configuration, at once.
#[derive(Debug)]
pub struct ConfigError {
    file: PathBuf,
    mistakes: Vec<String>,
}

impl ConfigError {
    fn one(file: &Path, mistake: String) -> Self {
        Self { file: file.to_owned(), mistakes: vec![mistake] }
    }

    /// What is wrong, one sentence each.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mistakes = counted(self.mistakes.len() as u64, "mistake");
        write!(f, "{} has {mistakes}:", self.file.display())?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  - {mistake}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads `dir/qianmo.toml`.
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        let file = dir.join(FILE);
        let text = std::fs::read_to_string(&file).map_err(|e| {
            ConfigError::one(&file, format!("cannot be read: {e}; make a node folder with `qianmo init`"))
        })?;
        Self::parse(dir, &text)
    }

    /// Validates the text of a configuration that belongs to the folder `dir`.
    pub fn parse(dir: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = dir.join(FILE);
        let raw: RawConfig =
            toml::from_str(text).map_err(|e| ConfigError::one(&file, e.to_string().trim().to_owned()))?;
        let mut mistakes = Vec::new();
        let config = raw.validate(dir, &mut mistakes);
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(ConfigError { file, mistakes }),
        }
    }

    /// The text of a new node's configuration, every setting explained.
    pub fn sample(identity: &Identity, title: &str, listen: SocketAddr, passphrase: Option<&Path>) -> String {
        filled(include_str!("sample.toml"), identity, title, listen, passphrase)
    }

    /// The same with its explanations in Chinese.
    pub fn sample_in_chinese(
        identity: &Identity,
        title: &str,
        listen: SocketAddr,
        passphrase: Option<&Path>,
    ) -> String {
        filled(include_str!("sample.zh.toml"), identity, title, listen, passphrase)
    }

    /// Folder of the trail.
    pub fn trail_dir(&self) -> PathBuf {
        self.dir.join("trail")
    }

    /// Folder of the blobs.
    pub fn blob_dir(&self) -> PathBuf {
        self.dir.join("blobs")
    }

    /// Folder under which relative source paths of descriptors lie.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The newest list of revoked certificates that the node has used: an older one is refused even after a restart.
    pub fn newest_crl(&self) -> PathBuf {
        self.dir.join("trust/newest-crl.pem")
    }

    /// Folder of the index.
    pub fn index_dir(&self) -> PathBuf {
        self.dir.join("index")
    }
}

/// `template` with the node's own words in it.
fn filled(
    template: &str,
    identity: &Identity,
    title: &str,
    listen: SocketAddr,
    passphrase: Option<&Path>,
) -> String {
    debug_assert_eq!(identity.role(), Role::Node);
    let passphrase = match passphrase {
        Some(file) => format!("passphrase = {}", toml::Value::from(file.display().to_string())),
        None => "# passphrase = \"keys/passphrase\"".to_owned(),
    };
    template
        .replace("@department@", identity.department().as_str())
        .replace("@name@", identity.name().as_str())
        .replace("@title@", &title.replace(['"', '\\'], ""))
        .replace("@listen@", &listen.to_string())
        .replace("@passphrase@", &passphrase)
}

#[cfg(test)]
mod tests;
