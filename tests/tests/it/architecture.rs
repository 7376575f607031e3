//! The dependency rules of ARCHITECTURE.md: dependencies point down, and each large library has one home.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use qianmo_tests::workspace;

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(workspace().join("Cargo.toml")).no_deps().exec().unwrap()
}

/// What a package uses outside its tests.
fn used(package: &Package) -> BTreeSet<&str> {
    let shipped = package.dependencies.iter().filter(|found| found.kind != DependencyKind::Development);
    shipped.map(|found| found.name.as_str()).collect()
}

/// Workspace crates and the workspace crates that they may use, transitively closed.
const BELOW: [(&str, &[&str]); 15] = [
    // No code: what it asks of shared dependencies alone.
    ("qianmo-features", &[]),
    ("qianmo-crypto", &[]),
    ("qianmo-sandbox", &[]),
    ("qianmo-data", &[]),
    ("qianmo-proto", &["qianmo-crypto"]),
    ("qianmo-trail", &["qianmo-crypto"]),
    ("qianmo-certs", &["qianmo-crypto", "qianmo-proto"]),
    ("qianmo-policies", &["qianmo-crypto", "qianmo-proto"]),
    ("qianmo-egress", &["qianmo-crypto", "qianmo-proto"]),
    ("qianmo-store", &["qianmo-crypto", "qianmo-proto"]),
    ("qianmo-net", &["qianmo-crypto", "qianmo-proto", "qianmo-certs"]),
    ("qianmo-client", &["qianmo-crypto", "qianmo-proto", "qianmo-certs", "qianmo-net", "qianmo-sandbox"]),
    (
        "qianmo-node",
        &[
            "qianmo-crypto",
            "qianmo-sandbox",
            "qianmo-data",
            "qianmo-proto",
            "qianmo-trail",
            "qianmo-certs",
            "qianmo-policies",
            "qianmo-egress",
            "qianmo-store",
            "qianmo-net",
            // The shapes of vectors on the wire and in the sandbox, until the worker has them.
            "qianmo-client",
        ],
    ),
    (
        "qianmo",
        &[
            "qianmo-crypto",
            "qianmo-sandbox",
            "qianmo-proto",
            "qianmo-trail",
            "qianmo-certs",
            "qianmo-policies",
            "qianmo-net",
            "qianmo-client",
            "qianmo-node",
            "qianmo-features",
        ],
    ),
    (
        "qianmo-tests",
        &[
            "qianmo-crypto",
            "qianmo-sandbox",
            "qianmo-proto",
            "qianmo-trail",
            "qianmo-certs",
            "qianmo-policies",
            "qianmo-net",
            "qianmo-node",
        ],
    ),
];

#[test]
fn dependencies_point_down_only() {
    let metadata = metadata();
    let ours: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.name.as_str(), package)).collect();
    let known: BTreeSet<&str> = BELOW.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours.keys().copied().collect::<BTreeSet<_>>(), known, "say here what a new crate may use");
    for (name, below) in BELOW {
        let uses: Vec<&str> = used(ours[name]).into_iter().filter(|used| known.contains(used)).collect();
        let above: Vec<_> = uses.iter().filter(|used| !below.contains(used)).collect();
        assert!(above.is_empty(), "{name} uses {above:?}");
        for used in ours[name].dependencies.iter().filter(|used| known.contains(used.name.as_str())) {
            let tests_what_is_above = ["qianmo", "qianmo-node", "qianmo-tests"].contains(&used.name.as_str());
            assert!(
                ["qianmo", "qianmo-tests"].contains(&name) || !tests_what_is_above,
                "the tests of {name} use {}",
                used.name
            );
        }
    }
}

/// Libraries and the only crates that know them. Tests may use what they like.
const HOMES: [(&str, &[&str]); 17] = [
    // qianmo-data waits for DataFusion, whose streams are tokio's; it opens no socket, and nor does the daemon.
    // qianmo-store waits for the disk and lets a runtime's other tasks go on meanwhile; it has no asynchronous code.
    (
        "tokio",
        &[
            "qianmo-net",
            "qianmo-data",
            "qianmo-store",
            "qianmo-client",
            "qianmo-node",
            "qianmo",
            "qianmo-tests",
        ],
    ),
    ("quinn", &["qianmo-net", "qianmo-tests"]),
    ("quinn-proto", &["qianmo-net"]),
    ("wasmtime", &["qianmo-sandbox"]),
    ("wasmparser", &["qianmo-sandbox"]),
    // The harness makes hostile components.
    ("wit-component", &["qianmo-sandbox", "qianmo-tests"]),
    ("datafusion", &["qianmo-data"]),
    ("arrow", &["qianmo-data"]),
    ("csv", &["qianmo-data"]),
    ("sled", &["qianmo-store"]),
    ("cedar-policy", &["qianmo-policies"]),
    ("x509-cert", &["qianmo-certs"]),
    ("x509-parser", &["qianmo-certs"]),
    ("rustls-webpki", &["qianmo-crypto", "qianmo-certs"]),
    ("ring", &["qianmo-crypto"]),
    ("clap", &["qianmo"]),
    ("anyhow", &["qianmo"]),
];

#[test]
fn each_large_library_has_one_home() {
    for (library, homes) in HOMES {
        for package in &metadata().packages {
            let uses = used(package).contains(library);
            assert!(!uses || homes.contains(&package.name.as_str()), "{} uses {library}", package.name);
        }
    }
}

#[test]
fn the_oracle_of_the_tests_never_ships() {
    for package in &metadata().packages {
        assert!(!used(package).contains("sm-crypto"), "{} ships sm-crypto", package.name);
    }
}

/// Every Rust file of the workspace outside its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let roots = ["crypto/src", "certs/src", "policies/src", "sandbox/src", "node/src", "tests/src"];
    let below_node = ["cli", "client", "data", "egress", "net", "proto", "store", "trail"];
    let more = below_node.map(|folder| format!("node/{folder}/src"));
    let mut found = Vec::new();
    for root in roots.into_iter().chain(more.iter().map(String::as_str)) {
        collect(&workspace().join(root), &mut found);
    }
    assert!(found.len() > 100, "the sources have moved: only {} found", found.len());
    found
}

fn collect(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.strip_prefix(workspace()).unwrap().to_owned(), text));
        }
    }
}

/// Words of code and the only places that may have them.
const WORDS: [(&str, &[&str]); 6] = [
    ("sled::", &["node/store/src/"]),
    // Sockets, and asking for names.
    ("tokio::net", &["node/net/src/"]),
    ("UdpSocket", &["node/net/src/"]),
    ("SystemTime::now", &["node/net/src/clock.rs"]),
    // The sandbox's ticker drives the engine's epochs, on a thread that knows nothing of nodes.
    ("Instant::now", &["node/net/src/clock.rs", "sandbox/src/ticker.rs"]),
    // The SM4 kernel is chosen before there is a node or a command that could ask.
    ("env::var", &["node/cli/src/env.rs", "crypto/src/sm4/kernel.rs"]),
];

#[test]
fn some_words_of_code_have_one_place() {
    for (path, text) in sources() {
        for (word, places) in WORDS {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let found = code.into_iter().any(|line| line.contains(word));
            let allowed = places.iter().any(|place| path.starts_with(place) || path == Path::new(place));
            assert!(!found || allowed, "{} has {word}, which belongs into {places:?}", path.display());
        }
    }
}

#[test]
fn every_crate_forbids_unsafe_code() {
    for package in &metadata().packages {
        let root = package.targets.iter().find(|target| target.is_lib()).unwrap();
        let text = fs::read_to_string(&root.src_path).unwrap();
        let says = text.contains("#![forbid(unsafe_code)]") || text.contains("#![deny(unsafe_code)]");
        assert!(says, "{} does not say that it has no unsafe code", package.name);
    }
}

/// Longest source file in lines: beyond it a file is split by noun.
const LINES: usize = 500;

#[test]
fn no_source_file_grows_into_a_heap() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LINES, "{} has {lines} lines; split it by noun", path.display());
    }
}

/// Text of ARCHITECTURE.md from the heading `from` to the next one.
fn chapter(from: &str) -> String {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let begin = text.find(&format!("\n## {from}\n")).unwrap() + 4;
    text[begin..].split("\n## ").next().unwrap().to_owned()
}

#[test]
fn where_something_new_goes_is_there() {
    let rows: Vec<String> = chapter("Where something new goes")
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(str::to_owned)
        .collect();
    let mut found = 0;
    for place in
        rows.iter().flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|word| word.contains('/'))
    {
        assert!(
            workspace().join(place).exists(),
            "ARCHITECTURE.md sends people to {place}, which is not there"
        );
        found += 1;
    }
    assert!(found >= 15, "the table is gone: only {found} places found");
}

#[test]
fn every_verb_has_its_line_and_its_handler() {
    let read = |path: &str| {
        let mut found = Vec::new();
        collect(&workspace().join(path), &mut found);
        found.into_iter().map(|(_, text)| text).collect::<String>()
    };
    let (lines, handlers) = (read("node/proto/src/ask"), read("node/src"));
    let router = fs::read_to_string(workspace().join("node/src/serve/router.rs")).unwrap();
    let mut verbs = 0;
    for name in router.split("verb::<ask::").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        assert!(lines.contains(&format!("    {name} {{")), "{name} has no line in node/proto/src/ask");
        assert!(handlers.contains(&format!("impl Verb for {name} {{")), "{name} has no handler");
        verbs += 1;
    }
    assert!(verbs >= 32, "the router has changed its form: {verbs} verbs found");
}

#[test]
fn leave_and_released_are_made_in_one_place() {
    for (path, text) in sources() {
        let code: String = text.split("#[cfg(test)]").next().unwrap().to_owned();
        let maker = |word: &str, home: &str| {
            assert!(!code.contains(word) || path == Path::new(home), "{} makes a {word}", path.display());
        };
        maker("Ok(Self { peer: peer.clone(), subject", "node/src/serve/verb.rs");
        maker("Released { bytes", "node/egress/src/lib.rs");
        maker("Permit(Arc::new", "node/src/authorize.rs");
        maker("Ok(Intent { permit", "node/src/trail.rs");
    }
}
