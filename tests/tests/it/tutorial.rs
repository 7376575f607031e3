//! The first day of a federation, typed command by command: two hospitals, one consumer, one auditor.

use std::fs;

use qianmo_tests::{Node, Terminal, descriptor, workspace};
use serde_json::Value;
use tempfile::TempDir;

const HOSPITALS: [(&str, &str); 2] = [("hospital-a", "screening-a.csv"), ("hospital-b", "screening-b.csv")];
/// Department, role, name.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("hospital-a", "steward", "li"),
    ("hospital-b", "steward", "wang"),
    ("hospital-a", "admin", "ops-a"),
    ("hospital-b", "admin", "ops-b"),
    ("university", "consumer", "chen"),
    ("audit-office", "auditor", "sun"),
];
const WHY: [&str; 6] = ["--purpose", "筛查研究", "--basis", "政务数据共享条例 第二十条", "--case", "T-1"];
const TARGET: &str = r#"{"target":"benign"}"#;

#[test]
fn the_first_day_of_a_federation() {
    let town = Town::found();
    town.people_get_certificates();
    let nodes = town.nodes_start();
    town.people_keep_contexts(&nodes);
    town.admins_introduce_the_nodes(&nodes);
    town.stewards_list_data();
    town.the_consumer_finds_data_and_brings_models();
    let contracts = town.requests_are_answered();
    town.a_federated_run_fits_one_model(&contracts);
    let counting = town.an_analysis_is_released();
    town.held_results_wait_for_a_steward();
    town.a_contract_is_revoked(&counting);
    town.the_auditor_verifies(&nodes);
}

struct Town {
    // Kept for its drop.
    _dir: TempDir,
    terminal: Terminal,
}

impl Town {
    fn found() -> Self {
        let dir = TempDir::with_prefix("qianmo-tutorial-").unwrap();
        let terminal = Terminal::new(dir.path(), dir.path().join("home"));
        let made = terminal.ok(&["ca", "init", "--dir", "ca", "--title", "City federation"]);
        assert_eq!(made["fingerprint"].as_str().unwrap().len(), 64);
        terminal.ok(&["ca", "crl", "--dir", "ca", "--out", "crl.pem"]);
        Self { _dir: dir, terminal }
    }

    fn ok(&self, args: &[&str]) -> Value {
        self.terminal.ok(args)
    }

    /// A command of the person whose context has this name.
    fn by(&self, person: &str, args: &[&str]) -> Value {
        self.terminal.ok(&[args, &["--context", person]].concat())
    }

    /// Copies root and list of revoked certificates into a folder, as their owners would.
    fn equip(&self, folder: &str) {
        let dir = self.terminal.dir();
        fs::copy(dir.join("ca/root.crt"), dir.join(folder).join("root.crt")).unwrap();
        fs::copy(dir.join("crl.pem"), dir.join(folder).join("crl.pem")).unwrap();
    }

    fn people_get_certificates(&self) {
        for (department, role, name) in PEOPLE {
            self.ok(&[
                "id",
                "new",
                "--dir",
                name,
                "--department",
                department,
                "--role",
                role,
                "--name",
                name,
            ]);
            let identity = format!("qianmo://{department}/{role}/{name}");
            let issued = self.ok(&["ca", "issue", &format!("{name}/id.csr"), "--expect", &identity, "--yes"]);
            assert_eq!(issued["identity"], identity);
            self.equip(name);
            let shown = self.ok(&["id", "show", "--identity", name]);
            assert_eq!(shown["identity"], issued["identity"]);
        }
        assert_eq!(self.ok(&["ca", "ls"]).as_array().unwrap().len(), PEOPLE.len());
    }

    fn nodes_start(&self) -> Vec<Node> {
        let start = |(department, _): (&str, &str)| {
            let title = format!("{department} 医院");
            let init = ["init", "--dir", department, "--department", department, "--title", &title];
            self.ok(&[&init[..], &["--listen", "127.0.0.1:0"]].concat());
            let identity = format!("qianmo://{department}/node/main");
            self.ok(&["ca", "issue", &format!("{department}/node.csr"), "--expect", &identity, "--yes"]);
            self.equip(department);
            let checked = self.ok(&["config", "check", "--dir", department]);
            assert_eq!(checked["node"], identity);
            let dir = self.terminal.dir().join(department);
            let node = Node::new(self.terminal.clone(), dir, identity.parse().unwrap());
            node.start();
            node
        };
        HOSPITALS.into_iter().map(start).collect()
    }

    fn people_keep_contexts(&self, nodes: &[Node]) {
        for (department, _, name) in PEOPLE {
            let home = if department == "hospital-b" { &nodes[1] } else { &nodes[0] };
            let (node, address) = (home.identity().to_string(), home.address().to_string());
            let who = ["--identity", name, "--node", &node, "--address", &address];
            self.ok(&[&["context", "add", name], &who[..]].concat());
        }
        self.ok(&["context", "use", "chen"]);
        let contexts = self.ok(&["context", "ls"]);
        assert_eq!(contexts["current"], "chen");
        assert_eq!(contexts["contexts"].as_object().unwrap().len(), PEOPLE.len());
        let node = self.ok(&["node", "show"]);
        assert_eq!(node["caller"], "qianmo://university/consumer/chen");
        assert_eq!((&node["group"], &node["suite"]), (&"curveSM2MLKEM768".into(), &"TLS_SM4_GCM_SM3".into()));
    }

    fn admins_introduce_the_nodes(&self, nodes: &[Node]) {
        for (admin, other) in [("ops-a", &nodes[1]), ("ops-b", &nodes[0])] {
            let (node, address) = (other.identity().to_string(), other.address().to_string());
            self.by(admin, &["peer", "add", &node, &address]);
            let peers = self.by(admin, &["peer", "ls"]);
            assert_eq!((&peers[0]["node"], &peers[0]["address"]), (&node.into(), &address.into()));
        }
    }

    fn stewards_list_data(&self) {
        for ((department, file), steward) in HOSPITALS.into_iter().zip(["li", "wang"]) {
            let dir = self.terminal.dir();
            let rows = workspace().join("deploy/demo").join(file);
            fs::copy(&rows, dir.join(department).join("data").join(file)).unwrap();
            let rows = fs::read_to_string(rows).unwrap();
            let types = |column| (column, if column == "benign" { "int64" } else { "float64" });
            let columns: Vec<(&str, &str)> = rows.lines().next().unwrap().split(',').map(types).collect();
            let name = format!("{steward}.toml");
            fs::write(dir.join(&name), descriptor("screening", file, &columns)).unwrap();
            let listed = self.by(steward, &["data", "add", &name]);
            assert_eq!(listed["id"], format!("{department}/screening"));
            assert_eq!(listed["grade"], "general-3");
            assert_eq!(self.by(steward, &["data", "ls"]).as_array().unwrap().len(), 1);
            let shown = self.by(steward, &["data", "show", "screening"]);
            assert_eq!(shown["fields"].as_array().unwrap().len(), 31);
        }
    }

    fn the_consumer_finds_data_and_brings_models(&self) {
        let found = self.ok(&["catalog", "search", "乳腺"]);
        let ids: Vec<&str> =
            found["found"].as_array().unwrap().iter().map(|f| f["dataset"]["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["hospital-a/screening", "hospital-b/screening"]);
        assert_eq!(found["unanswered"], serde_json::json!([]));
        assert_eq!(self.ok(&["catalog", "search", "--local"])["found"].as_array().unwrap().len(), 1);
        let pushed = self.ok(&["model", "push", "glm", "--everywhere"]);
        assert!(pushed.as_array().unwrap().iter().all(|place| place["model"]["world"] == "federated"));
        self.ok(&["model", "push", "stats"]);
        let models = |on| self.ok(&["model", "ls", "--on", on]).as_array().unwrap().len();
        assert_eq!((models("hospital-a"), models("hospital-b")), (2, 1));
    }

    /// Asks for a contract; the request's id.
    fn ask(&self, dataset: &str, what: &[&str]) -> String {
        let asked = self.ok(&[&["request", "new", "--dataset", dataset], what, &WHY].concat());
        assert_eq!(asked["state"], "requested");
        asked["id"].as_str().unwrap().to_owned()
    }

    fn approve(&self, steward: &str, request: &str) -> String {
        let contract = self.by(steward, &["request", "approve", request, "--yes"]);
        assert_eq!(contract["state"], "finalized");
        contract["id"].as_str().unwrap().to_owned()
    }

    fn requests_are_answered(&self) -> Vec<String> {
        let what = ["--fields", "all", "--model", "glm", "--params", TARGET];
        let mut contracts = Vec::new();
        for ((department, _), steward) in HOSPITALS.into_iter().zip(["li", "wang"]) {
            let request = self.ask(&format!("{department}/screening"), &what);
            let waiting = self.by(steward, &["request", "ls"]);
            assert_eq!(waiting[0]["id"], request);
            let shown = self.by(steward, &["request", "show", &request]);
            assert_eq!(shown["terms"]["purpose"], "筛查研究");
            contracts.push(self.approve(steward, &request));
        }
        let unwanted = self.ask("hospital-a/screening", &what);
        self.by("li", &["request", "deny", &unwanted, "--reason", "one contract is enough"]);
        let denied = self.ok(&["request", "show", &unwanted]);
        assert_eq!(
            (&denied["state"], &denied["reason"]),
            (&"terminated".into(), &"one contract is enough".into())
        );
        let late = self.terminal.fails(&["request", "approve", &unwanted, "--yes", "--context", "li"]);
        late.is(7, "QM-1007", &["already"]);
        contracts
    }

    fn a_federated_run_fits_one_model(&self, contracts: &[String]) {
        let report = self.ok(&["run", "--model", "glm", "--params", TARGET]);
        let value = |name: &str| {
            let state = report["state"].as_array().unwrap();
            state.iter().find(|vector| vector["name"] == name).unwrap()["values"].clone()
        };
        // deploy/demo/README.md: rows of the two slices.
        assert_eq!(value("samples")[0], 120.0 + 189.0);
        assert_eq!(value("w").as_array().unwrap().len(), 31);
        assert!(value("accuracy")[0].as_f64().unwrap() > 0.97, "{report}");
        for site in report["sites"].as_array().unwrap() {
            assert_eq!(site[2]["table_rows"], 0, "rows left {}", site[0]);
        }
        for (contract, on) in contracts.iter().zip(["hospital-a", "hospital-b"]) {
            let shown = self.ok(&["contract", "show", contract, "--on", on]);
            assert_eq!(shown["runs_used"], 1, "a federated run is one run");
        }
        let spent = self.terminal.fails(&["run", "--model", "glm", "--params", TARGET]);
        spent.is(7, "", &["runs left"]);
        let rounds = report["rounds"].as_array().unwrap().len();
        assert_eq!(self.by("wang", &["job", "ls"]).as_array().unwrap().len(), rounds);
    }

    fn an_analysis_is_released(&self) -> String {
        let what = ["--fields", "mean_radius,benign", "--model", "stats", "--runs", "5"];
        let contract = self.approve("li", &self.ask("hospital-a/screening", &what));
        let listed = self.ok(&["contract", "ls"]);
        assert!(listed.as_array().unwrap().iter().any(|found| found["id"] == contract));
        let done = self.ok(&["job", "run", "--contract", &contract, "--params", r#"{"columns":["benign"]}"#]);
        assert_eq!(done["job"]["state"], "released");
        let columns = done["result"]["tables"][0]["columns"].as_array().unwrap();
        let cells = |name: &str| &columns.iter().find(|column| column["name"] == name).unwrap()["cells"];
        // deploy/demo/README.md: 49 of 120 are benign.
        assert_eq!(cells("sum")["float"][0], 49.0);
        assert_eq!(cells("count")["int"][0], 120);

        let job = done["job"]["id"].as_str().unwrap();
        assert_eq!(self.ok(&["job", "show", job])["state"], "released");
        assert_eq!(self.ok(&["job", "show", &job[..12]])["id"], job, "the beginning of an id is enough");
        let why = self.ok(&["job", "why", job]);
        assert_eq!(why["reasons"][0]["by"], "policy");
        assert!(why["obligations"].as_array().unwrap().iter().any(|bound| bound[0] == "min_cell"), "{why}");
        assert!(self.by("li", &["job", "logs", job])["lines"].is_array());
        self.terminal.fails(&["job", "stop", job]).is(7, "QM-1007", &["not running"]);
        let out = self.terminal.dir().join("result.json");
        let got = self.ok(&["result", "get", job, "--out", out.to_str().unwrap()]);
        assert_eq!(got["result"], done["result"]);
        assert_eq!(serde_json::from_slice::<Value>(&fs::read(out).unwrap()).unwrap(), done["result"]);
        contract
    }

    fn held_results_wait_for_a_steward(&self) {
        // A group of one patient may not leave.
        let what = ["--fields", "mean_radius", "--model", "stats", "--runs", "2"];
        let contract = self.approve("li", &self.ask("hospital-a/screening", &what));
        let held = || {
            let each = r#"{"group_by":"mean_radius","min_cell":1}"#;
            let ended = self.terminal.run(&["job", "run", "--contract", &contract, "--params", each]);
            assert_eq!(ended.exit, Some(6), "{ended}");
            let job = ended.answer();
            assert_eq!((&job["state"], &job["error"]["code"]), (&"held".into(), &"QM-1305".into()));
            job["id"].as_str().unwrap().to_owned()
        };
        let (good, bad) = (held(), held());
        self.terminal.fails(&["result", "get", &good]).is(6, "QM-1305", &["min-cell"]);
        assert_eq!(self.by("li", &["result", "ls", "--held"]).as_array().unwrap().len(), 2);
        assert_eq!(
            self.ok(&["result", "ls", "--held"]).as_array().unwrap().len(),
            0,
            "not the consumer's to decide"
        );

        self.by("li", &["result", "release", &good, "--reason", "all have consented"]);
        let got = self.ok(&["result", "get", &good]);
        assert_eq!(got["result"]["samples"], 120);
        self.by("li", &["result", "withhold", &bad, "--reason", "once is enough"]);
        self.terminal.fails(&["result", "get", &bad]).is(6, "QM-1306", &["keeps the result"]);
        let why = self.ok(&["job", "why", &bad]);
        let reasons = why["reasons"].as_array().unwrap();
        assert!(reasons.iter().any(|reason| reason["text"] == "once is enough"), "{why}");
    }

    fn a_contract_is_revoked(&self, contract: &str) {
        let revoked = self.by("li", &["contract", "revoke", contract, "--reason", "the study is over"]);
        assert_eq!(
            (&revoked["state"], &revoked["reason"]),
            (&"terminated".into(), &"the study is over".into())
        );
        let refused = self.terminal.fails(&["job", "run", "--contract", contract]);
        refused.is(4, "QM-1204", &["contract-not-in-force"]);
    }

    fn the_auditor_verifies(&self, nodes: &[Node]) {
        let newest = self.by("sun", &["audit", "ls", "--limit", "3"]);
        assert_eq!(newest["entries"].as_array().unwrap().len(), 3);
        let first = self.by("sun", &["audit", "show", "0"]);
        assert_eq!((&first["action"], &first["seq"]), (&"node.start".into(), &0.into()));
        for on in ["hospital-a", "hospital-b"] {
            let verified = self.by("sun", &["audit", "verify", "--on", on]);
            assert_eq!(verified["verdict"], "VERIFIED");
            assert_eq!(verified["node"], format!("qianmo://{on}/node/main"));
        }
        for (node, (department, _)) in nodes.iter().zip(HOSPITALS) {
            node.stop();
            let verified = self.ok(&["audit", "verify", "--dir", department, "--root", "ca/root.crt"]);
            assert_eq!(verified["verdict"], "VERIFIED");
            assert!(verified["remembered"].is_u64(), "it contains what was verified before");
            let unsure = self.terminal.run(&["audit", "verify", "--dir", department]);
            assert_eq!(unsure.exit, Some(3), "without a root nothing is verified: {unsure}");
        }
    }
}
