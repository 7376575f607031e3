//! The file as written: every section with its defaults, and the way to the validated [`Config`].

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use qianmo_crypto::tls::Group;
use qianmo_policies::{MIN_CELL_DEFAULT, MIN_CELL_FLOOR};
use qianmo_proto::{Identity, Name, Role};
use serde::Deserialize;

use super::{Config, Egress, Files, Limits, Sandbox};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    node: RawNode,
    #[serde(default)]
    trust: RawTrust,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    egress: RawEgress,
    #[serde(default)]
    sandbox: RawSandbox,
    #[serde(default)]
    policies: RawPolicies,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNode {
    department: String,
    name: String,
    #[serde(default)]
    title: String,
    listen: String,
    #[serde(default = "default_key")]
    key: PathBuf,
    #[serde(default)]
    passphrase: Option<PathBuf>,
    #[serde(default = "default_kek")]
    kek: PathBuf,
    #[serde(default = "default_certificate")]
    certificate: PathBuf,
    #[serde(default = "default_groups")]
    groups: Vec<String>,
}

fn default_key() -> PathBuf {
    "keys/node.key".into()
}

fn default_kek() -> PathBuf {
    "keys/kek".into()
}

fn default_certificate() -> PathBuf {
    "node.crt".into()
}

fn default_groups() -> Vec<String> {
    vec!["curveSM2MLKEM768".to_owned(), "curveSM2".to_owned()]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTrust {
    roots: PathBuf,
    crl: PathBuf,
    crl_grace_s: u64,
    crl_fetch_s: u64,
}

impl Default for RawTrust {
    fn default() -> Self {
        Self { roots: "root.crt".into(), crl: "crl.pem".into(), crl_grace_s: 0, crl_fetch_s: 60 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    connections: usize,
    connections_per_identity: usize,
    jobs: usize,
    jobs_queued: usize,
    check_s: u64,
    search_s: u64,
    stall_s: u64,
}

impl Default for RawLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            connections: 1024,
            connections_per_identity: 32,
            jobs: cores,
            jobs_queued: 256,
            check_s: 60,
            search_s: 2,
            stall_s: 20,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawEgress {
    min_cell: u32,
    parameters_per_row: f64,
    max_bytes: u64,
}

impl Default for RawEgress {
    fn default() -> Self {
        Self { min_cell: MIN_CELL_DEFAULT, parameters_per_row: 0.33, max_bytes: 1 << 20 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSandbox {
    fuel: u64,
    memory_mib: u64,
    wall_s: u64,
    query_memory_mib: u64,
}

impl Default for RawSandbox {
    fn default() -> Self {
        Self { fuel: 1_000_000_000_000, memory_mib: 512, wall_s: 600, query_memory_mib: 512 }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPolicies {
    file: Option<PathBuf>,
}

impl RawConfig {
    /// Checks everything and notes every mistake; none only where no [`Config`] can be built at all.
    pub(super) fn validate(self, dir: &Path, mistakes: &mut Vec<String>) -> Option<Config> {
        self.check_numbers(mistakes);
        let department = note("node.department", self.node.department.parse::<Name>(), mistakes);
        let name = note("node.name", self.node.name.parse::<Name>(), mistakes);
        let listen = note("node.listen (host:port)", self.node.listen.parse(), mistakes);
        let groups = parse_groups(&self.node.groups, mistakes);
        let department = department?;
        let title = if self.node.title.is_empty() { department.to_string() } else { self.node.title };
        Some(Config {
            dir: dir.to_owned(),
            identity: Identity::new(department, Role::Node, name?),
            listen: listen?,
            title,
            files: Files {
                key: dir.join(self.node.key),
                passphrase: self.node.passphrase.map(|file| dir.join(file)),
                kek: dir.join(self.node.kek),
                certificate: dir.join(self.node.certificate),
                roots: dir.join(self.trust.roots),
                crl: dir.join(self.trust.crl),
            },
            crl_grace_s: self.trust.crl_grace_s,
            crl_fetch: (self.trust.crl_fetch_s > 0).then(|| Duration::from_secs(self.trust.crl_fetch_s)),
            groups,
            limits: Limits {
                connections: self.limits.connections,
                connections_per_identity: self.limits.connections_per_identity,
                jobs: self.limits.jobs,
                jobs_queued: self.limits.jobs_queued,
                check: Duration::from_secs(self.limits.check_s),
                search: Duration::from_secs(self.limits.search_s),
                stall: Duration::from_secs(self.limits.stall_s),
            },
            egress: Egress {
                min_cell: self.egress.min_cell,
                parameters_per_row: self.egress.parameters_per_row,
                max_bytes: self.egress.max_bytes,
            },
            sandbox: Sandbox {
                fuel: self.sandbox.fuel,
                memory: self.sandbox.memory_mib << 20,
                wall_s: self.sandbox.wall_s,
                query_memory: self.sandbox.query_memory_mib << 20,
            },
            policies: self.policies.file.map(|file| dir.join(file)),
        })
    }

    fn check_numbers(&self, mistakes: &mut Vec<String>) {
        let mut within = |name: &str, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                mistakes.push(format!("{name} is {value}; it must be from {least} to {most}"));
            }
        };
        let limits = &self.limits;
        within("limits.connections", limits.connections as u64, 1, 1_000_000);
        within("limits.connections_per_identity", limits.connections_per_identity as u64, 1, 1_000_000);
        within("limits.jobs", limits.jobs as u64, 1, 1_024);
        within("limits.jobs_queued", limits.jobs_queued as u64, 1, 1_000_000);
        // Twice this is less than a client waits for an answer.
        within("limits.check_s", limits.check_s, 1, 540);
        // Below what a client waits for an answer.
        within("limits.search_s", limits.search_s, 1, 30);
        within("limits.stall_s", limits.stall_s, 1, 600);
        within("egress.min_cell", u64::from(self.egress.min_cell), u64::from(MIN_CELL_FLOOR), 1_000_000);
        within("egress.max_bytes", self.egress.max_bytes, 1, 32 << 20);
        within("sandbox.fuel", self.sandbox.fuel, 1, u64::MAX);
        within("sandbox.memory_mib", self.sandbox.memory_mib, 1, 4_096);
        within("sandbox.wall_s", self.sandbox.wall_s, 1, 86_400);
        within("sandbox.query_memory_mib", self.sandbox.query_memory_mib, 16, 1 << 20);
        within("trust.crl_fetch_s", self.trust.crl_fetch_s, 0, 86_400);
        within("trust.crl_grace_s", self.trust.crl_grace_s, 0, 30 * 86_400);
        let share = self.egress.parameters_per_row;
        if !(share > 0.0 && share <= 1.0) {
            mistakes.push(format!("egress.parameters_per_row is {share}; it must be above 0 and at most 1"));
        }
    }
}

fn note<T, E: std::fmt::Display>(key: &str, parsed: Result<T, E>, mistakes: &mut Vec<String>) -> Option<T> {
    parsed.map_err(|e| mistakes.push(format!("{key}: {e}"))).ok()
}

fn parse_groups(names: &[String], mistakes: &mut Vec<String>) -> Vec<Group> {
    let mut groups = Vec::new();
    for name in names {
        match name.as_str() {
            "curveSM2" => groups.push(Group::CurveSm2),
            "curveSM2MLKEM768" => groups.push(Group::CurveSm2MlKem768),
            other => mistakes
                .push(format!("node.groups: {other:?} is not a group; use curveSM2MLKEM768 and curveSM2")),
        }
    }
    if names.is_empty() {
        mistakes.push("node.groups is empty; leave it out for the default".to_owned());
    }
    groups
}
