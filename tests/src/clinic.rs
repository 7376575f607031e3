//! A node with everything on it that most tests need: a dataset, a model, people of every role.

use std::{
    fmt::Write as _,
    fs,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    ContractId, JobOrder, World, ask,
    views::{ContractView, JobState, JobView},
};
use qianmo_sandbox::shipped;

use crate::{
    deal::{self, Ask},
    federation::Federation,
    guests::{counter, guest},
    node::Node,
    person::Person,
    program::workspace,
    session::Session,
    wait::eventually,
};

/// The clinic's dataset.
const DATASET: &str = "hospital-a/screening";

/// Rows of the clinic's dataset: deploy/demo/screening-a.csv.
pub const SCREENING_ROWS: u64 = 120;

/// A federation with one node, `hospital-a`, which lists `screening` (120 rows) and knows the model `count`.
#[derive(Debug)]
pub struct Clinic {
    // Declared, and so dropped, before the federation: the node is killed before its folder goes.
    /// The node.
    pub node: Node,
    li: Person,
    chen: Person,
    ops: Person,
    sun: Person,
    /// Its federation.
    pub federation: Federation,
}

impl Clinic {
    /// The one that tests of a process share; it goes with its last user.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Clinic>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let clinic = Arc::new(Self::new());
            *shared = Arc::downgrade(&clinic);
            clinic
        })
    }

    /// One of its own.
    ///
    /// # Panics
    /// If it cannot be made.
    #[expect(clippy::new_without_default, reason = "it starts programs")]
    pub fn new() -> Self {
        Self::with(|_| (), &[])
    }

    /// One whose node is first configured, and started with further flags.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn with(configure: impl FnOnce(&Node), flags: &[&str]) -> Self {
        let federation = Federation::new();
        let node = federation.node("hospital-a");
        let person = |department, role, name| federation.person(department, role, name);
        let (li, ops) = (person("hospital-a", "steward", "li"), person("hospital-a", "admin", "ops"));
        let (chen, sun) =
            (person("university", "consumer", "chen"), person("audit-office", "auditor", "sun"));
        configure(&node);
        node.start_with(flags);
        let clinic = Self { node, li, chen, ops, sun, federation };
        clinic.furnish();
        clinic
    }

    fn furnish(&self) {
        let rows = fs::read(workspace().join("deploy/demo/screening-a.csv")).unwrap();
        self.node.put_data("screening-a.csv", &rows);
        let header = rows.split(|byte| *byte == b'\n').next().unwrap();
        let columns: Vec<(&str, &str)> = std::str::from_utf8(header)
            .unwrap()
            .split(',')
            .map(|column| (column, if column == "benign" { "int64" } else { "float64" }))
            .collect();
        let listed = descriptor("screening", "screening-a.csv", &columns);
        let _ = self.steward().call(ask::DataAdd { descriptor: listed }).unwrap();
        self.consumer().push("count", World::Analysis, &counter()).unwrap();
    }

    const fn session<'a>(&'a self, person: &'a Person) -> Session<'a> {
        Session { person, node: &self.node }
    }

    /// Li, who answers for the data.
    pub const fn steward(&self) -> Session<'_> {
        self.session(&self.li)
    }

    /// Chen, who wants to know something.
    pub const fn consumer(&self) -> Session<'_> {
        self.session(&self.chen)
    }

    /// Who runs the node.
    pub const fn admin(&self) -> Session<'_> {
        self.session(&self.ops)
    }

    /// Sun, who reads the trail.
    pub const fn auditor(&self) -> Session<'_> {
        self.session(&self.sun)
    }

    /// The digest of `count`, which counts rows.
    pub fn counter(&self) -> Digest {
        sm3::digest(&counter())
    }

    /// Brings the shipped model `stats`. A debug build takes seconds to compile it.
    ///
    /// # Panics
    /// If the node does not take it.
    pub fn stats(&self) -> Digest {
        self.consumer().push("stats", World::Analysis, shipped::STATS).unwrap().digest
    }

    /// Brings the shipped model `glm`.
    ///
    /// # Panics
    /// If the node does not take it.
    pub fn glm(&self) -> Digest {
        self.consumer().push("glm", World::Federated, shipped::GLM).unwrap().digest
    }

    /// One run of `model` over the clinic's dataset.
    pub fn terms(&self, model: Digest) -> Ask {
        Ask::new(DATASET, model)
    }

    /// A contract as asked, signed by both.
    ///
    /// # Panics
    /// If the node refuses.
    pub fn contract(&self, ask: &Ask) -> ContractId {
        let request = self.consumer().ask(ask).unwrap();
        self.steward().approve(&request).unwrap().id
    }

    /// An order under `contract` that counts rows.
    pub fn count(&self, contract: &ContractId) -> JobOrder {
        self.run(contract, self.counter(), r#"{"of":"rows"}"#)
    }

    /// An order under `contract` for a model of one's choice.
    pub fn run(&self, contract: &ContractId, model: Digest, params: &str) -> JobOrder {
        deal::order(contract, &DATASET.parse().unwrap(), model, params)
    }

    /// An order for a round of a federated run of `glm`, which must be there.
    pub fn round(&self, contract: &ContractId, glm: Digest, run: u8, round: u32) -> JobOrder {
        deal::round(self.run(contract, glm, r#"{"target":"benign"}"#), run, round)
    }

    /// Brings a guest of the sandbox's tests to the node.
    ///
    /// # Panics
    /// If the node does not take it.
    pub fn bring(&self, name: &str) -> Digest {
        self.consumer().push(name, World::Analysis, &guest(name)).unwrap().digest
    }

    /// A job that runs, and does so until it is stopped, and the contract it runs under.
    ///
    /// # Panics
    /// If the node refuses.
    pub fn endless_job(&self) -> (JobView, ContractId) {
        let model = self.bring("loop_forever");
        let contract = self.contract(&self.terms(model));
        let order = self.chen.sign(&self.run(&contract, model, "{}"));
        let job: JobView = self.consumer().call(ask::JobRun { order, wait_ms: 0 }).unwrap();
        let show = || ask::JobShow { id: job.id.clone(), wait_ms: 0 };
        let runs = eventually("the job to run", || {
            let job: JobView = self.consumer().call(show()).unwrap();
            (job.state == JobState::Running).then_some(job)
        });
        (runs, contract)
    }

    /// The contract as its consumer sees it.
    ///
    /// # Panics
    /// If it is not there.
    pub fn see(&self, contract: &ContractId) -> ContractView {
        self.consumer().call(ask::ContractShow { id: contract.clone() }).unwrap()
    }

    /// Asserts that the node answers somebody who has done nothing wrong.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn still_serves(&self) {
        let peers = self.auditor().call(ask::PeerLs {}).unwrap();
        assert!(peers.len() < 10);
    }
}

/// A descriptor of `file` with these columns and types.
pub fn descriptor(name: &str, file: &str, columns: &[(&str, &str)]) -> String {
    let mut text = format!(
        r#"name = "{name}"
title = "乳腺癌筛查"
path = ["健康医疗", "疾病防控", "筛查记录", "乳腺筛查"]
sharing = "conditional"
update_cycle = "monthly"

[source]
kind = "csv"
path = "{file}"
"#
    );
    for (column, ty) in columns {
        write!(text, "\n[[field]]\nname = \"{column}\"\ntype = \"{ty}\"\ngrade = \"general-3\"\n").unwrap();
    }
    text
}
