//! `qianmo demo`: the figures it must come to, and the nodes it can leave running.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qianmo_tests::Terminal;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The folder in which `--keep` leaves nodes running; they are stopped whatever becomes of the test.
struct Stage(PathBuf);

impl Stage {
    /// The nodes that run.
    fn nodes(&self) -> Vec<Pid> {
        let folders = fs::read_dir(self.0.join("nodes")).into_iter().flatten().flatten();
        folders.filter_map(|node| self.running(&node.path())).collect()
    }

    fn running(&self, node: &Path) -> Option<Pid> {
        let lock = fs::read_to_string(node.join("run/lock")).ok()?;
        let pid = lock.trim().parse().ok()?;
        // Another process may have got the number of a node that has ended.
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        command.contains(self.0.to_str()?).then(|| Pid::from_raw(pid))?
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for pid in self.nodes() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

#[test]
fn three_hospitals_fit_one_model_as_if_their_rows_were_in_one_place() {
    let dir = TempDir::with_prefix("qianmo-demo-test-").unwrap();
    let stage = Stage(dir.path().join("stage"));
    let terminal = Terminal::new(dir.path(), stage.0.join("home"));
    let ended = terminal.run(&["demo", "--keep", "--dir", stage.0.to_str().unwrap()]);
    assert_eq!(ended.exit, Some(0), "{ended}");
    let summary = ended.answer();

    // The same fit on pooled data: scikit-learn's LogisticRegression(C=1.0), 10 Newton steps.
    assert_eq!((&summary["correct"], &summary["samples"]), (&562.0.into(), &569.0.into()));
    assert_eq!(summary["steps"], 10.0);
    let close = |found: &serde_json::Value, known: f64| {
        let found = found.as_f64().unwrap();
        assert!((found - known).abs() < 1e-8, "{found} is not {known}");
    };
    close(&summary["accuracy"], 562.0 / 569.0);
    close(&summary["intercept"], 0.214_502_72);
    let coefficients = summary["coefficients"].as_array().unwrap();
    assert_eq!(coefficients.len(), 30);
    for (coefficient, known) in coefficients.iter().zip([-0.363_092_53, -0.387_675_44, -0.351_062_12]) {
        close(&coefficient["value"], known);
    }
    assert_eq!(coefficients[0]["name"], "mean_radius");
    assert_eq!(summary["moved"]["rows_out"], 0);
    assert!(summary["moved"]["aggregate_bytes_out"].as_u64().unwrap() > 0);
    let trails = summary["trails"].as_array().unwrap();
    assert_eq!(trails.len(), 3);
    assert!(trails.iter().all(|trail| trail["verdict"] == "VERIFIED"), "{summary}");

    // What --keep left: running nodes and contexts to speak to them.
    assert_eq!(stage.nodes().len(), 3);
    let found = terminal.ok(&["catalog", "search", "乳腺"]);
    assert_eq!(found["found"].as_array().unwrap().len(), 3);
    let verified = terminal.ok(&["audit", "verify", "--context", "sun", "--on", "hospital-c"]);
    assert_eq!(verified["verdict"], "VERIFIED");
}

#[test]
fn a_demo_does_not_play_in_a_folder_that_is_in_use() {
    let dir = TempDir::with_prefix("qianmo-demo-test-").unwrap();
    fs::write(dir.path().join("thesis.txt"), "do not lose me").unwrap();
    let terminal = Terminal::new(dir.path(), dir.path().join("home"));
    terminal.fails(&["demo", "--dir", "."]).is(7, "", &["not empty"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
