//! Every file that is shipped in deploy/ is read the way its user would read it: no dead samples.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qianmo_node::config::Config;
use qianmo_policies::PolicySet;
use qianmo_proto::{DatasetMeta, Identity, ask};
use qianmo_tests::{Clinic, workspace};
use serde_json::Value;

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn every_shipped_file_parses() {
    let files = files(&workspace().join("deploy"));
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("md") => assert!(text.starts_with("# "), "{name} has no title"),
            Some("csv") => numbers(name, &text),
            Some("toml") if name.starts_with("qianmo") => {
                Config::parse(file.parent().unwrap(), &text).unwrap_or_else(|e| panic!("{e}"));
            }
            Some("toml") => descriptor(name, &text),
            Some("cedar") => {
                PolicySet::load(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
            Some("service") => unit(name, &text),
            Some("json") => cluster(name, &text),
            _ if name == "Containerfile" => container(&text),
            _ => panic!("nothing reads {}: teach this test to, or do not ship it", file.display()),
        }
    }
}

/// A table of finite numbers below a header.
fn numbers(name: &str, text: &str) {
    let mut lines = text.lines();
    let columns = lines.next().unwrap().split(',').count();
    for (line, row) in (2..).zip(lines) {
        let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(cells.len(), columns, "{name}, line {line}");
        assert!(cells.iter().all(|cell| cell.is_finite()), "{name}, line {line}");
    }
}

/// A descriptor that a node takes: its steward lists the demo's rows with it.
fn descriptor(name: &str, text: &str) {
    let clinic = Clinic::shared();
    let renamed = text.replacen("name = \"screening\"", "name = \"sample\"", 1);
    let listed: Result<DatasetMeta, _> = clinic.steward().call(ask::DataAdd { descriptor: renamed });
    assert_eq!(listed.unwrap_or_else(|e| panic!("{name}: {e}")).fields.len(), 31);
    clinic.steward().ok(&["data", "rm", "sample"]);
}

#[test]
fn the_sample_configuration_is_what_init_writes() {
    let sample = fs::read_to_string(workspace().join("deploy/samples/qianmo.toml")).unwrap();
    let node: Identity = "qianmo://hospital-a/node/main".parse().unwrap();
    assert_eq!(sample, Config::sample(&node, "第一人民医院", "0.0.0.0:7400".parse().unwrap(), None));
}

/// A systemd unit: sections with settings of known names, one of which starts the program; locked down.
fn unit(name: &str, text: &str) {
    let mut section = "";
    let mut settings = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            assert!(["Unit", "Service", "Install"].contains(&title), "{name}: section {title}");
            section = title;
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{name}: {line:?} is no setting"));
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}: {key:?}");
        settings.push((section, key, value));
    }
    let start = settings.iter().find(|(section, key, _)| (*section, *key) == ("Service", "ExecStart"));
    assert_eq!(start.unwrap().2, "/usr/local/bin/qianmo serve --dir /var/lib/qianmo/%i -v");
    for wanted in [
        ("Service", "User", "qianmo"),
        ("Service", "StateDirectory", "qianmo/%i"),
        ("Service", "ProtectSystem", "strict"),
        ("Service", "ProtectHome", "yes"),
        ("Service", "NoNewPrivileges", "yes"),
        ("Service", "CapabilityBoundingSet", ""),
        ("Service", "KillSignal", "SIGTERM"),
        ("Install", "WantedBy", "multi-user.target"),
    ] {
        assert!(settings.contains(&wanted), "{name} lacks {wanted:?}");
    }
    let writes = |key: &str| ["ReadWritePaths", "BindPaths", "MemoryDenyWriteExecute"].contains(&key);
    assert!(!settings.iter().any(|(_, key, _)| writes(key)), "{name}: the state directory is enough");
}

/// A Containerfile: builds the program of this workspace and runs it, not as root, on the default port.
fn container(text: &str) {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let stages = lines.iter().filter(|line| line.starts_with("FROM ")).count();
    assert_eq!(stages, 2, "the compiler does not belong into the image");
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let rust = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(lines[0].contains(&format!("rust:{rust}-")), "{} is not the workspace's Rust, {rust}", lines[0]);
    for wanted in [
        "COPY --from=build /src/target/release/qianmo /usr/local/bin/qianmo",
        "USER 7400:7400",
        "EXPOSE 7400/udp",
        "ENTRYPOINT [\"/usr/local/bin/qianmo\"]",
        "CMD [\"serve\", \"--dir\", \"/var/lib/qianmo\", \"-v\"]",
    ] {
        assert!(lines.contains(&wanted), "the Containerfile lacks {wanted}");
    }
}

/// A Kubernetes list: one node, never two, on a volume of its own, reached by UDP.
fn cluster(name: &str, text: &str) {
    let list: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!((&list["apiVersion"], &list["kind"]), (&"v1".into(), &"List".into()));
    let of_kind = |kind: &str| {
        let found = list["items"].as_array().unwrap().iter().find(|item| item["kind"] == kind);
        found.unwrap_or_else(|| panic!("{name} has no {kind}"))
    };
    let port = &of_kind("Service")["spec"]["ports"][0];
    let set = &of_kind("StatefulSet")["spec"];
    assert_eq!(set["replicas"], 1);
    assert_eq!(set["selector"]["matchLabels"], set["template"]["metadata"]["labels"]);
    assert_eq!(of_kind("Service")["spec"]["selector"], set["template"]["metadata"]["labels"]);
    let pod = &set["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let node = &pod["containers"][0];
    assert_eq!(node["args"], serde_json::json!(["serve", "--dir", "/var/lib/qianmo/node", "-v"]));
    let listens = &node["ports"][0];
    assert_eq!((&listens["protocol"], &listens["name"]), (&"UDP".into(), &port["targetPort"]));
    assert_eq!((&port["protocol"], &port["port"]), (&"UDP".into(), &listens["containerPort"]));
    assert_eq!(node["volumeMounts"][0]["name"], set["volumeClaimTemplates"][0]["metadata"]["name"]);
}
