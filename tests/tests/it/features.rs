//! README's second command starts from what its first one built.

use std::{collections::BTreeSet, process::Command};

use qianmo_tests::workspace;

/// Each crate below `of`, with its version and features, as cargo resolves them.
fn resolved(of: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = ["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p} {f}"];
    let ended = Command::new(cargo).args(tree).args(of).current_dir(workspace()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let lines = String::from_utf8(ended.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn the_tests_start_from_what_the_program_built() {
    let program = resolved(&["--package", "qianmo", "--edges", "no-dev"]);
    let tests = resolved(&["--workspace"]);
    assert!(program.len() > 300, "cargo tree has changed its format: {program:?}");
    let anew: Vec<_> = program.difference(&tests).collect();
    assert!(
        anew.is_empty(),
        "the tests ask more of these crates than the program, and all above them is compiled twice: ask the same in \
         tests/features/Cargo.toml: {anew:#?}"
    );
}
