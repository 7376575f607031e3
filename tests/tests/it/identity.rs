//! Who may come in: certificates that hold, roles that may, documents signed by those who send them.

use std::fs;

use qianmo_certs::Csr;
use qianmo_proto::{ErrorCode, Identity, JobOrder, Signed, Terms, WireError, World, ask, views::NodeView};
use qianmo_tests::{Ask, Clinic, Federation, Person, Session, block_on, eventually, now_ms};

const DAY_MS: i64 = 86_400_000;

fn greet(person: &Person, clinic: &Clinic) -> Result<NodeView, WireError> {
    Session { person, node: &clinic.node }.call(ask::NodeInfo {})
}

#[test]
fn a_certificate_of_another_federation_is_refused() {
    let clinic = Clinic::shared();
    // The second calls itself as the clinic's own: names prove nothing.
    for (title, words) in
        [("Elsewhere", "another federation"), ("Test federation", "signature does not hold")]
    {
        let foreign = Federation::called(title);
        let stranger = foreign.person("hospital-a", "steward", "li");
        // Who believes only the own root does not even speak to the node.
        let command = Session { person: &stranger, node: &clinic.node }.fails(&["data", "ls"]);
        command.is(5, "QM-1103", &[words]);
        // Who believes the node is not believed by it.
        for file in ["root.crt", "crl.pem"] {
            fs::copy(clinic.steward().person.dir().join(file), stranger.dir().join(file)).unwrap();
        }
        let refused = greet(&stranger, &clinic).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Certificate, "{refused}");
        assert!(refused.message.contains(words), "{refused}");
    }
    clinic.still_serves();
}

#[test]
fn an_expired_certificate_is_refused() {
    let clinic = Clinic::shared();
    let late = clinic.federation.person("hospital-a", "auditor", "late");
    let request = fs::read_to_string(late.dir().join("id.csr")).unwrap();
    let past = now_ms() - 3 * DAY_MS;
    let expired = clinic.federation.with_ca(|ca| ca.renew(&request, 1, past).unwrap());
    fs::write(late.dir().join("id.crt"), expired.pem).unwrap();
    let refused = greet(&late, &clinic).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Certificate, "{refused}");
    assert!(refused.message.contains("expired"), "{refused}");
    let session = Session { person: &late, node: &clinic.node };
    session.fails(&["data", "ls"]).is(5, "", &["expired"]);
    clinic.still_serves();
}

#[test]
fn a_node_is_known_by_its_certificate_not_by_its_address() {
    let clinic = Clinic::shared();
    let other: Identity = "qianmo://hospital-b/node/main".parse().unwrap();
    let found = block_on(clinic.consumer().person.connect(&other, clinic.node.address()));
    let refused = found.map(|_| ()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Certificate, "{refused}");
}

/// Puts a list of revoked certificates where the node reads it, in one step.
fn publish(clinic: &Clinic, crl: &str) {
    let place = clinic.node.dir().join("crl.pem");
    fs::write(place.with_extension("new"), crl).unwrap();
    fs::rename(place.with_extension("new"), place).unwrap();
}

#[test]
fn a_revocation_counts_from_the_next_request_on() {
    let clinic = Clinic::new();
    let leaver = clinic.federation.person("university", "consumer", "leaver");
    let connected = Session { person: &leaver, node: &clinic.node }.connect();
    let ask = || block_on(connected.call(ask::NodeInfo {}));
    assert_eq!(ask().unwrap().caller, *leaver.identity());

    let certificate = leaver.dir().join("id.crt");
    let list = clinic.federation.dir().join("new-crl.pem");
    let terminal = clinic.federation.terminal();
    terminal.ok(&["ca", "revoke", certificate.to_str().unwrap(), "--reason", "privilege-withdrawn"]);
    terminal.ok(&["ca", "crl", "--out", list.to_str().unwrap()]);
    assert!(ask().is_ok(), "the node cannot know yet");
    publish(&clinic, &fs::read_to_string(list).unwrap());

    let refused = eventually("the connection of the revoked person ends", || ask().err());
    assert!(refused.message.contains("revoked"), "{refused}");
    let refused = greet(&leaver, &clinic).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Certificate, "{refused}");
    assert!(refused.message.contains("revoked"), "{refused}");
    clinic.still_serves();
}

#[test]
fn with_a_stale_list_everybody_is_refused_until_a_fresh_one_comes() {
    let clinic = Clinic::new();
    let stale = clinic.federation.with_ca(|ca| ca.crl(1, now_ms() - DAY_MS).unwrap());
    publish(&clinic, &stale);
    let refused = eventually("the node refuses everybody", || greet(clinic.steward().person, &clinic).err());
    assert_eq!(refused.code, ErrorCode::Certificate, "{refused}");
    assert!(refused.message.contains("crl.pem"), "{refused}");
    assert!(greet(clinic.auditor().person, &clinic).is_err());

    let fresh = clinic.federation.with_ca(|ca| ca.crl(24, now_ms()).unwrap());
    publish(&clinic, &fresh);
    eventually("the node serves again", || greet(clinic.steward().person, &clinic).ok());

    // A list that cannot be read, and one that was in force before, change nothing.
    for useless in ["-----BEGIN NONSENSE-----", &stale] {
        publish(&clinic, useless);
        clinic.node.wait_for_log("the new revocation list is not used");
        clinic.still_serves();
    }
}

#[test]
fn a_node_without_a_fresh_list_does_not_start() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let list = node.dir().join("crl.pem");
    fs::remove_file(&list).unwrap();
    node.try_start(&[]).unwrap_err().failure().is(1, "", &["crl.pem", "qianmo ca crl"]);
    let stale = federation.with_ca(|ca| ca.crl(1, now_ms() - DAY_MS).unwrap());
    fs::write(&list, stale).unwrap();
    node.try_start(&[]).unwrap_err().failure().is(1, "", &["revocation list"]);
    fs::copy(federation.dir().join("crl.pem"), &list).unwrap();
    node.start();
}

#[test]
fn an_older_list_is_not_used_after_a_restart_either() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let sun = federation.person("audit-office", "auditor", "sun");
    let list = node.dir().join("crl.pem");
    let newer = || federation.with_ca(|ca| ca.crl(24, now_ms()).unwrap());
    let in_use = || {
        let seen: NodeView = Session { person: &sun, node: &node }.call(ask::NodeInfo {}).unwrap();
        seen.lists[0].number.clone()
    };
    let first = fs::read_to_string(&list).unwrap();
    let second = newer();
    fs::write(&list, &second).unwrap();
    node.start();
    let third = newer();
    fs::write(&list, &third).unwrap();
    node.wait_for_log("the revocation list was read again");
    node.kill9();

    for older in [first, second] {
        fs::write(&list, older).unwrap();
        node.start();
        assert_eq!(in_use(), "3");
        node.stop();
    }
    for (good, number) in [(third, "3"), (newer(), "4")] {
        fs::write(&list, good).unwrap();
        node.start();
        assert_eq!(in_use(), number);
        node.stop();
    }
    // What the node goes by cannot be lost by damage without a word.
    fs::write(node.dir().join("trust/newest-crl.pem"), "damaged").unwrap();
    node.try_start(&[]).unwrap_err().failure().is(1, "", &["newest-crl.pem", "remove it only if"]);
}

#[test]
fn a_role_may_do_what_it_may_and_nothing_else() {
    let clinic = Clinic::shared();
    let stranger = clinic.federation.person("hospital-b", "admin", "foreign-ops");
    let foreign_admin = Session { person: &stranger, node: &clinic.node };
    let other = clinic.federation.person("hospital-b", "steward", "foreign-li");
    let foreign_steward = Session { person: &other, node: &clinic.node };
    let request = clinic.consumer().ask(&clinic.terms(clinic.counter())).unwrap().id.to_string();
    let toml = clinic.federation.dir().join("role.toml");
    fs::write(&toml, qianmo_tests::descriptor("roles", "screening-a.csv", &[("mean_radius", "float64")]))
        .unwrap();
    let toml = toml.to_str().unwrap();
    let model = clinic.federation.dir().join("honest.wasm");
    fs::write(&model, qianmo_tests::guest("honest")).unwrap();
    let model = model.to_str().unwrap();
    let node = ["peer", "add", "qianmo://hospital-b/node/main", "127.0.0.1:1"];
    let (consumer, steward, admin, auditor) =
        (clinic.consumer(), clinic.steward(), clinic.admin(), clinic.auditor());
    let forbidden: [(Session<'_>, &[&str]); 11] = [
        (consumer, &["request", "deny", &request, "--reason", "x"]),
        (consumer, &["data", "add", toml]),
        (consumer, &["audit", "ls"]),
        (consumer, &node),
        (steward, &node),
        (steward, &["model", "push", model]),
        (admin, &["request", "approve", &request, "--yes"]),
        (admin, &["data", "rm", "screening"]),
        (auditor, &["data", "add", toml]),
        (auditor, &["request", "deny", &request, "--reason", "x"]),
        (foreign_admin, &node),
    ];
    for (session, command) in forbidden {
        let refused = session.fails(command);
        assert_eq!((refused.exit, refused.code.as_str()), (4, "QM-1101"), "{command:?}: {refused:?}");
    }
    consumer.fails(&["request", "approve", &request, "--yes"]).is(4, "QM-1203", &["four-eyes"]);
    // What somebody may not see is not there.
    foreign_steward.fails(&["request", "approve", &request, "--yes"]).is(7, "QM-1006", &[]);
    foreign_steward.fails(&["audit", "ls"]).is(4, "QM-1101", &[]);
    assert_eq!(steward.ok(&["request", "show", &request])["state"], "requested", "nothing was changed");
}

#[test]
fn a_steward_runs_no_jobs_even_with_a_contract_at_hand() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&clinic.terms(clinic.counter()));
    let refused = clinic.steward().order(&clinic.count(&contract)).unwrap_err();
    assert!(refused.message.contains("consumers-only"), "{refused}");
    assert_eq!(clinic.see(&contract).runs_used, 0);
}

#[test]
fn a_document_counts_only_if_its_signer_sends_it() {
    let clinic = Clinic::shared();
    let zhou = clinic.federation.person("university", "consumer", "zhou");
    let other = Session { person: &zhou, node: &clinic.node };
    let ask = clinic.terms(clinic.counter());
    let contract = clinic.contract(&ask);
    let chen = clinic.consumer().person;

    let terms = ask::RequestNew { terms: chen.sign(&ask.terms()) };
    let order = ask::JobRun { order: chen.sign(&clinic.count(&contract)), wait_ms: 0 };
    for refused in [other.call(terms).unwrap_err(), other.call(order).unwrap_err()] {
        assert_eq!(refused.code, ErrorCode::Signer, "{refused}");
    }
    assert_eq!(clinic.see(&contract).runs_used, 0);
}

/// `document` with its JSON changed on the way.
fn forged<T: qianmo_proto::Document, U: qianmo_proto::Document>(
    document: &Signed<T>,
    forge: impl FnOnce(&mut serde_json::Value),
) -> Signed<U> {
    let mut json = serde_json::to_value(document).unwrap();
    forge(&mut json);
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_document_changed_on_the_way_is_refused() {
    let clinic = Clinic::shared();
    let consumer = clinic.consumer();
    let ask: Ask = clinic.terms(clinic.counter());
    let good = consumer.person.sign(&ask.terms());
    let other = consumer.person.sign(&Ask { runs: 1000, ..ask }.terms());
    let other = serde_json::to_value(&other).unwrap();

    let code = |terms: Signed<Terms>| consumer.call(ask::RequestNew { terms }).unwrap_err().code;
    // Another payload under the same signature, another signature, a signature for another purpose.
    assert_eq!(code(forged(&good, |json| json["payload"] = other["payload"].clone())), ErrorCode::Signature);
    assert_eq!(
        code(forged(&good, |json| json["signature"] = other["signature"].clone())),
        ErrorCode::Signature
    );
    assert_eq!(code(forged(&good, |json| json["signature"] = "".into())), ErrorCode::Signature);
    let contract = clinic.contract(&clinic.terms(clinic.counter()));
    let order: Signed<JobOrder> = consumer.person.sign(&clinic.count(&contract));
    assert_eq!(code(forged(&order, |_| ())), ErrorCode::Signature);
    assert_eq!(
        code(forged(&good, |json| json["certificate"] = "bm90IGEgY2VydA==".into())),
        ErrorCode::Certificate
    );
    assert!(consumer.call(ask::RequestNew { terms: good }).is_ok());
}

#[test]
fn a_node_is_no_consumer() {
    let clinic = Clinic::shared();
    let dir = clinic.federation.dir().join("node-as-person");
    fs::create_dir(&dir).unwrap();
    let identity: Identity = "qianmo://hospital-z/node/main".parse().unwrap();
    let key = qianmo_crypto::sm2::SecretKey::generate().unwrap();
    let request = Csr::create(&key, &identity, &[]).unwrap();
    let issued = clinic.federation.with_ca(|ca| ca.issue(&request, 1, now_ms()).unwrap());
    fs::write(dir.join("id.key"), key.to_pkcs8_pem()).unwrap();
    fs::set_permissions(dir.join("id.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(dir.join("id.crt"), issued.pem).unwrap();
    for file in ["root.crt", "crl.pem"] {
        fs::copy(clinic.steward().person.dir().join(file), dir.join(file)).unwrap();
    }
    let node = Person::new(clinic.consumer().person.terminal().clone(), dir, identity);
    let session = Session { person: &node, node: &clinic.node };
    assert!(session.call(ask::NodeInfo {}).is_ok(), "nodes look around");
    let refused = session.push("stats", World::Analysis, qianmo_sandbox::shipped::STATS).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Role, "{refused}");
    // A node searches for a person or not at all.
    let search = ask::CatalogSearch { query: String::new(), federated: false, question: None };
    let refused = session.call(search).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Signer, "{refused}");
}
