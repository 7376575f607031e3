//! Lists and certificates while nodes run: newer ones are taken, handed on and asked for in time; others are not.

use std::{any::Any, fs, net::UdpSocket};

use qianmo_certs::chain_from_pem;
use qianmo_proto::{WireError, ask, views::NodeView};
use qianmo_tests::{Federation, Node, Person, Session, eventually, now_ms};

const HOUR_MS: i64 = 3_600_000;

fn greet(person: &Person, node: &Node) -> Result<NodeView, WireError> {
    Session { person, node }.call(ask::NodeInfo {})
}

/// Puts `text` in place of a file in one step.
fn replace(path: &std::path::Path, text: &str) {
    fs::write(path.with_extension("new"), text).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

/// A certificate for the request in `folder`, for some days from now.
fn certified(federation: &Federation, folder: &std::path::Path, request: &str, days: u32) -> String {
    let request = fs::read_to_string(folder.join(request)).unwrap();
    federation.with_ca(|ca| ca.renew(&request, days, now_ms()).unwrap().pem)
}

#[test]
fn a_newer_list_goes_from_node_to_node_and_to_people() {
    let federation = Federation::new();
    let (a, b) = (federation.node("hospital-a"), federation.node("hospital-b"));
    b.configure("trust", "crl_fetch_s = 1");
    let leaver = federation.person("university", "consumer", "leaver");
    let ops = federation.person("hospital-b", "admin", "ops");
    // Half of this person's list is over; that is no fault of the newer one.
    let old = federation.with_ca(|ca| ca.crl(24, now_ms() - 13 * HOUR_MS).unwrap());
    fs::write(ops.dir().join("crl.pem"), &old).unwrap();
    a.start();
    b.start();
    let at_b = Session { person: &ops, node: &b };
    let added = at_b.ok(&["peer", "add", "qianmo://hospital-a/node/main", &a.address().to_string()]);
    assert_eq!(added["error"], serde_json::Value::Null, "{added}");
    assert!(greet(&leaver, &b).is_ok());

    let certificate = leaver.dir().join("id.crt");
    federation.terminal().ok(&["ca", "revoke", certificate.to_str().unwrap(), "--reason", "key-compromise"]);
    let newer = federation.with_ca(|ca| ca.crl(24, now_ms()).unwrap());
    replace(&a.dir().join("crl.pem"), &newer);
    let refused = eventually("B has the list that A was given", || greet(&leaver, &b).err());
    assert!(refused.message.contains("revoked"), "{refused}");

    let shown = at_b.reads("en", &["node", "show"]);
    assert!(shown.stderr.contains("took a newer revocation list from the node"), "{shown}");
    assert_eq!(fs::read_to_string(ops.dir().join("crl.pem")).unwrap().trim(), newer.trim());

    // B's own file is older than what it has seen; what it has seen counts.
    b.stop();
    b.start();
    assert!(greet(&leaver, &b).unwrap_err().message.contains("revoked"));
    assert!(greet(&ops, &b).is_ok());
}

/// Whether the other end of a connection showed this chain.
fn showed<T: PartialEq + 'static>(shown: Box<dyn Any>, chain: &Vec<T>) -> bool {
    shown.downcast::<Vec<T>>().is_ok_and(|shown| *shown == *chain)
}

#[test]
fn a_renewed_certificate_is_taken_while_the_node_runs() {
    let federation = Federation::new();
    let (node, other) = (federation.node("hospital-a"), federation.node("hospital-b"));
    let sun = federation.person("audit-office", "auditor", "sun");
    let file = node.dir().join("node.crt");
    fs::write(&file, certified(&federation, node.dir(), "node.csr", 20)).unwrap();
    fs::write(sun.dir().join("id.crt"), certified(&federation, sun.dir(), "id.csr", 20)).unwrap();
    node.start();
    node.wait_until_logged("the certificate ends in 19 days");
    let session = Session { person: &sun, node: &node };
    let shown = session.reads("en", &["node", "show"]);
    for words in ["yours: the certificate ends in 19 days", "the node's: the certificate ends in 19 days"] {
        assert!(shown.stderr.contains(words), "{words:?} is missing in {shown}");
    }
    let before = greet(&sun, &node).unwrap().certificate_ends_ms.unwrap();

    let renewed = certified(&federation, node.dir(), "node.csr", 200);
    replace(&file, &renewed);
    node.wait_for_log("the certificate was read again");
    assert!(greet(&sun, &node).unwrap().certificate_ends_ms.unwrap() > before);
    let chain = chain_from_pem(&renewed).unwrap();
    let shows = || showed(session.connect().connection().peer_identity().unwrap(), &chain);
    assert!(shows(), "the old certificate is shown");
    session.ok(&["audit", "verify"]);

    // Another node's certificate, and none: what holds stays.
    for useless in [fs::read_to_string(other.dir().join("node.crt")).unwrap(), "nonsense".to_owned()] {
        replace(&file, &useless);
        node.wait_for_log("the new certificate is not used");
        assert!(shows());
    }
}

#[test]
fn a_check_of_the_configuration_finds_all_that_would_stop_the_start() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let path = |name: &str| node.dir().join(name);
    let check = ["config", "check", "--dir", node.dir().to_str().unwrap()];
    let sound = federation.terminal().ok(&check);
    assert_eq!(sound["warnings"], serde_json::json!([]));
    assert!(sound["certificate_ends_ms"].as_i64().unwrap() > now_ms());
    assert!(!path("run").exists() && !path("trail").exists(), "a check leaves no trace");

    // A port that the node itself has is no mistake; one that another program has is.
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = fs::read_to_string(path("qianmo.toml")).unwrap();
    fs::write(path("qianmo.toml"), settings.replace("127.0.0.1:0", &address)).unwrap();
    federation.terminal().fails(&check).is(7, "", &["1 mistake", &address, "another port"]);
    drop(taken);
    node.start();
    federation.terminal().ok(&check);
    node.stop();

    let good = fs::read_to_string(path("node.crt")).unwrap();
    fs::write(path("node.crt"), certified(&federation, node.dir(), "node.csr", 20)).unwrap();
    let warned = federation.terminal().ok(&check);
    assert!(warned["warnings"][0].as_str().unwrap().contains("ends in 19 days"), "{warned}");
    fs::write(path("node.crt"), good).unwrap();

    let stale = federation.with_ca(|ca| ca.crl(1, now_ms() - 24 * HOUR_MS).unwrap());
    for (file, text, word) in [
        ("crl.pem", stale.as_str(), "revocation list"),
        ("node.crt", "nonsense", "certificate"),
        ("root.crt", "nonsense", "trust file"),
    ] {
        let before = fs::read(path(file)).unwrap();
        fs::write(path(file), text).unwrap();
        federation.terminal().fails(&check).is(7, "", &["1 mistake", word]);
        fs::write(path(file), before).unwrap();
    }

    for file in ["node.crt", "crl.pem", "keys/kek"] {
        fs::remove_file(path(file)).unwrap();
    }
    node.configure("policies", "file = \"nope.cedar\"");
    fs::remove_dir_all(path("trail")).unwrap();
    let words = ["4 mistakes", "kek", "crl.pem", "nope.cedar", "the trail in"];
    federation.terminal().fails(&check).is(7, "", &words);
}
