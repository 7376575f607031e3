//! Gives a node that does not run a long past, to measure starts and lists with.
//!
//! `cargo run -p qianmo-trail --example past NODE-FOLDER TABLES CONTRACTS REQUESTS JOBS` appends so many datasets (of 60
//! fields), contracts, open requests and jobs (two entries each) to the trail of a folder that `qianmo init` made. None
//! of their documents exists, so nothing of it can be run or fetched, and `audit verify` says VERIFIED.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qianmo_crypto::keys::SoftKeys;
use qianmo_crypto::sm2::SecretKey;
use qianmo_crypto::sm3::{self, Digest};
use qianmo_trail::event::{Actor, Outcome};
use qianmo_trail::storage::FileStorage;
use qianmo_trail::{EventDraft, Stage, Trail};
use serde_json::{Value, json};

/// Entries of one commit.
const BATCH: usize = 1_000;
const CONSUMER: &str = "qianmo://health-commission/consumer/chen";
/// 2026-01-01, and a time long after it.
const BEGIN_MS: i64 = 1_767_225_600_000;
const UNTIL_MS: i64 = 4_102_444_800_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("name the node's folder")?);
    let mut number =
        || args.next().ok_or("give four numbers")?.parse::<u64>().map_err(Box::<dyn Error>::from);
    let (tables, contracts, requests, jobs) = (number()?, number()?, number()?, number()?);
    let mut past = Past::open(&dir)?;
    (0..tables).try_for_each(|n| past.table(n))?;
    (0..contracts + requests).try_for_each(|n| past.request(n, n < contracts, tables))?;
    (0..jobs).try_for_each(|n| past.job(n, contracts, tables))?;
    past.commit()?;
    println!("{} entries", past.trail.size());
    Ok(())
}

/// A trail that grows.
struct Past {
    trail: Trail,
    department: String,
    node: String,
    waiting: Vec<Vec<u8>>,
}

/// The digest that stands for a document that is not there.
fn digest(what: &str, n: u64) -> Digest {
    sm3::digest(format!("{what} {n}").as_bytes())
}

/// The id of number `n`.
fn id(prefix: &str, n: u64) -> String {
    let kind = if prefix == "ctr" { "req" } else { prefix };
    format!("{prefix}-{:.20}", digest(kind, n).to_string())
}

impl Past {
    fn open(dir: &Path) -> Result<Self, Box<dyn Error>> {
        let config = std::fs::read_to_string(dir.join("qianmo.toml"))?;
        let node = config.split('"').find(|part| part.starts_with("qianmo://"));
        let department = config.lines().find_map(|line| line.trim().strip_prefix("department = "));
        let department = department.ok_or("qianmo.toml names no department")?.trim_matches('"').to_owned();
        let node = node.map_or_else(|| format!("qianmo://{department}/node/main"), str::to_owned);
        let secret = SecretKey::from_pem(&std::fs::read_to_string(dir.join("keys/node.key"))?, None)?;
        let keys = Arc::new(SoftKeys::new(secret, [0; 16].into()));
        let (trail, _) = Trail::open(FileStorage::open(dir.join("trail"))?, &node, keys, BEGIN_MS)?;
        Ok(Self { trail, department, node, waiting: Vec::new() })
    }

    fn add(
        &mut self,
        actor: &str,
        action: &str,
        about: (&str, Stage),
        body: Value,
    ) -> Result<(), Box<dyn Error>> {
        let seq = self.trail.size() + self.waiting.len() as u64;
        let time_ms = BEGIN_MS + i64::try_from(seq)? * 1_000;
        let (id, stage) = about;
        let mut draft =
            EventDraft::new(id, stage, time_ms, Actor { id: actor.to_owned(), cert: None }, action.parse()?);
        draft.outcome = (stage == Stage::Outcome).then_some(Outcome::OK);
        draft.body = Some(body);
        self.waiting.push(draft.into_event(seq).to_entry()?);
        if self.waiting.len() >= BATCH { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), Box<dyn Error>> {
        let waiting = std::mem::take(&mut self.waiting);
        self.trail.append(&waiting, BEGIN_MS)?;
        Ok(())
    }

    fn dataset(&self, n: u64) -> String {
        format!("{}/table-{n:05}", self.department)
    }

    fn steward(&self) -> String {
        format!("qianmo://{}/steward/li", self.department)
    }

    fn table(&mut self, n: u64) -> Result<(), Box<dyn Error>> {
        let fields: Vec<_> = (0..60)
            .map(|field| {
                json!({"name": format!("field-{field:02}"), "type": "float64", "grade": "general-2",
                    "sensitivity": "none", "nullable": false, "description": format!("a measured value, number {field}")})
            })
            .collect();
        let meta = json!({"id": self.dataset(n), "title": format!("第 {n} 张表"), "provider": "第一人民医院",
            "path": ["健康医疗", "疾病防控", "筛查记录", format!("表 {n}")], "description": "a generated table",
            "grade": "general-3", "sharing": "conditional", "update_cycle": "monthly", "fields": fields, "rows_about": 12000});
        let body = json!({"fact": "data-added", "meta": meta, "descriptor": digest("descriptor", n)});
        self.add(&self.steward(), "data.add", (&format!("data.add:{n}"), Stage::Fact), body)
    }

    fn request(&mut self, n: u64, granted: bool, tables: u64) -> Result<(), Box<dyn Error>> {
        let fields: Vec<_> = (0..20).map(|field| format!("field-{field:02}")).collect();
        let terms = json!({"v": 1, "dataset": self.dataset(n % tables.max(1)), "fields": fields,
            "models": [digest("model", 0)], "params": null, "purpose": "a study of generated tables",
            "basis": "Data Sharing Rules, article 20", "case_number": format!("HC-{}", n % 500), "until_ms": UNTIL_MS,
            "runs": 1000, "rounds": 50, "output": {"kinds": ["aggregate"], "min_cell": 10, "strings": true},
            "nonce": digest("nonce", n)});
        let body = json!({"fact": "contract-requested", "id": id("req", n), "terms": terms,
            "terms_digest": digest("req", n), "document": digest("document", n)});
        self.add(CONSUMER, "request.new", (&format!("request.new:{n}"), Stage::Fact), body)?;
        if !granted {
            return Ok(());
        }
        let body = json!({"fact": "contract-finalized", "request": id("req", n), "contract": id("ctr", n),
            "steward": self.steward(), "document": digest("approval", n)});
        self.add(&self.steward(), "request.approve", (&format!("request.approve:{n}"), Stage::Fact), body)
    }

    fn job(&mut self, n: u64, contracts: u64, tables: u64) -> Result<(), Box<dyn Error>> {
        let (job, contract) = (id("job", n), n % contracts.max(1));
        let reason = |by: &str, rule: &str| {
            json!({"by": by, "rule": rule, "text": "kept: what a rule has found, in a sentence of usual length",
                "text_zh": "符合：规则的结论，通常长度的一句话"})
        };
        let body = json!({"fact": "job-intended", "job": job, "order": digest("order", n), "signed": digest("signed", n),
            "contract": id("ctr", contract), "dataset": self.dataset(contract % tables.max(1)),
            "model": digest("model", 0), "round": null, "output": "aggregate", "key_exchange": "curveSM2MLKEM768",
            "charged": true, "reasons": [reason("policy", "contract"), reason("policy", "auto-release")],
            "obligations": [["fields", "field-00,field-01,field-02"], ["output", "aggregate"], ["min_cell", "10"]]});
        self.add(CONSUMER, "job.run", (&job, Stage::Intent), body)?;
        let rules = ["samples", "min-cell", "parameters", "output-size", "strings", "review"];
        let body = json!({"fact": "job-ended", "job": job,
            "end": {"end": "released", "result": digest("result", n), "bytes": 454, "rows": 3},
            "reasons": rules.map(|rule| reason("egress", rule)), "rows_read": 120, "fuel": 37087, "log": null});
        let node = self.node.clone();
        self.add(&node, "job.run", (&job, Stage::Outcome), body)
    }
}
