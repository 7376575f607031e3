//! Every file that is shipped in deploy/ is read the way its user would read it: no dead samples.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qianmo::config::Config;
use qianmo_tests::workspace;

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
            Some("toml") => {
                toml::from_str::<toml::Table>(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
            Some("service") => unit(name, &text),
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

/// A systemd unit: sections and settings, and one that starts the program.
fn unit(name: &str, text: &str) {
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let section = line.starts_with('[') && line.ends_with(']');
        assert!(section || line.contains('='), "{name}: {line:?} is neither section nor setting");
    }
    assert!(text.contains("ExecStart=") && text.contains("qianmo serve"), "{name} starts no node");
}
