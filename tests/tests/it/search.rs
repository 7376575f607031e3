//! Searches over several nodes: what is found is complete for the living, the missing are named, and every node
//! answers the person who asks.

use std::fs;

use qianmo_proto::{ErrorCode, Question, Signed, ask};
use qianmo_tests::{Federation, Node, Person, Session, descriptor, now_ms};

/// Node A of hospital-a, which knows B of hospital-b, which lists `screening`.
struct Two {
    a: Node,
    b: Node,
    federation: Federation,
}

impl Two {
    fn new(policies_of_b: Option<&str>) -> Self {
        let federation = Federation::new();
        let (a, b) = (federation.node("hospital-a"), federation.node("hospital-b"));
        // Nobody here is late; a busy machine may be.
        a.configure("limits", "search_s = 30");
        if let Some(text) = policies_of_b {
            fs::write(b.dir().join("own.cedar"), text).unwrap();
            b.configure("policies", "file = \"own.cedar\"");
        }
        a.start();
        b.start();
        let two = Self { a, b, federation };
        two.list();
        two
    }

    fn list(&self) {
        self.b.put_data("rows.csv", "height\n1.5\n1.7\n");
        let steward = self.federation.person("hospital-b", "steward", "wu");
        let listed = descriptor("screening", "rows.csv", &[("height", "float64")]);
        let at_b = Session { person: &steward, node: &self.b };
        let _ = at_b.call(ask::DataAdd { descriptor: listed }).unwrap();
    }

    fn admin(&self) -> Person {
        self.federation.person("hospital-a", "admin", "ops")
    }

    /// Makes B known to A.
    fn introduce(&self, admin: &Person) -> serde_json::Value {
        let at = self.b.address().to_string();
        let at_a = Session { person: admin, node: &self.a };
        at_a.ok(&["peer", "add", "qianmo://hospital-b/node/main", &at])
    }
}

fn ids(view: &serde_json::Value) -> Vec<&str> {
    view["found"].as_array().unwrap().iter().map(|found| found["dataset"]["id"].as_str().unwrap()).collect()
}

#[test]
fn a_search_is_complete_for_the_living_and_names_the_missing() {
    let two = Two::new(None);
    let admin = two.admin();
    let at_a = Session { person: &admin, node: &two.a };
    assert_eq!(two.introduce(&admin)["error"], serde_json::Value::Null, "B answers");
    let ended = at_a.run(&["catalog", "search", "筛查"]);
    assert_eq!((ended.exit, ids(&ended.answer())), (Some(0), vec!["hospital-b/screening"]));

    // B answers at the address that C should have: C is tried at once, and what is there is told in words.
    let at = two.b.address().to_string();
    let c = "qianmo://hospital-c/node/main";
    let added = at_a.ok(&["peer", "add", c, &at]);
    assert_eq!((added["node"].as_str(), added["error"]["code"].as_str()), (Some(c), Some("QM-1103")));
    let told = added["error"]["message"].as_str().unwrap();
    assert!(
        told.contains("expected qianmo://hospital-c/node/main, but qianmo://hospital-b/node/main"),
        "{told}"
    );
    assert!(!told.contains("WrongPeer") && !told.contains("crl.pem"), "{told}");
    let read = at_a.reads("en", &["peer", "add", c, &at]);
    assert!(read.stdout.contains("does not answer yet: QM-1103"), "{read}");
    let ended = at_a.run(&["catalog", "search", "筛查"]);
    let view = ended.answer();
    assert_eq!((ended.exit, ids(&view)), (Some(9), vec!["hospital-b/screening"]), "{ended}");
    assert_eq!(view["unanswered"][0][0], c);
    let empty = at_a.reads("en", &["catalog", "search", "nowhere"]);
    assert_eq!(empty.exit, Some(9), "{empty}");
    assert!(empty.stdout.contains("not all did") && empty.stderr.contains(c), "{empty}");
}

#[test]
fn a_node_answers_the_person_who_asks_and_not_the_node_that_passes_it_on() {
    let closed = r#"
        @id("not-for-the-university")
        @en("Not for the university.")
        @zh("不对大学开放。")
        forbid (principal, action == Action::"readDataset", resource)
        when { principal in Department::"university" };
        @id("not-for-nodes")
        @en("Not for nodes.")
        @zh("不对节点开放。")
        forbid (principal, action == Action::"readDataset", resource)
        when { principal.role == Role::"node" };
    "#;
    let two = Two::new(Some(closed));
    two.introduce(&two.admin());
    let chen = two.federation.person("university", "consumer", "chen");
    let sun = two.federation.person("audit-office", "auditor", "sun");
    let search = |person: &Person| {
        let ended = Session { person, node: &two.a }.run(&["catalog", "search"]);
        assert_eq!(ended.exit, Some(0), "{ended}");
        ended.answer()
    };
    assert!(ids(&search(&chen)).is_empty(), "closed to Chen at B, and so through A");
    assert_eq!(ids(&search(&sun)), ["hospital-b/screening"], "open to Sun at B, and so through A");

    // Not signed, signed by somebody else, or signed for another node to pass on.
    let ask = |question: Option<Signed<Question>>| {
        let search = ask::CatalogSearch { query: String::new(), federated: true, question };
        Session { person: &chen, node: &two.a }.call(search).unwrap_err()
    };
    let question = |through: &Node| Question {
        v: 1,
        query: String::new(),
        through: through.identity().clone(),
        at_ms: now_ms(),
    };
    for refused in [
        ask(None),
        ask(Some(sun.sign(&question(&two.a)))),
        ask(Some(chen.sign(&question(&two.b)))),
        ask(Some(chen.sign(&Question { query: "other".to_owned(), ..question(&two.a) }))),
        ask(Some(chen.sign(&Question { at_ms: now_ms() - 2 * Question::LIFE_MS, ..question(&two.a) }))),
    ] {
        assert_eq!(refused.code, ErrorCode::Signer, "{refused}");
    }
}
