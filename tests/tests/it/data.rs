//! What a steward may get wrong about a dataset: each mistake is named, nothing is listed, the node goes on.

use std::{fs, os::unix::fs::symlink};

use qianmo_proto::{ErrorCode, views::JobState};
use qianmo_tests::{Ask, Clinic, Failure, descriptor};

const COLUMNS: [(&str, &str); 2] = [("mean_radius", "float64"), ("benign", "int64")];

/// Twelve good rows, then `rest`.
fn rows(rest: &str) -> String {
    format!("mean_radius,benign\n{}{rest}", "12.5,1\n".repeat(12))
}

/// Tries to list a dataset of its own; the error.
fn add(clinic: &Clinic, name: &str, text: &str) -> Failure {
    let file = clinic.federation.dir().join(format!("{name}.toml"));
    fs::write(&file, text).unwrap();
    clinic.steward().fails(&["data", "add", file.to_str().unwrap()])
}

#[test]
fn a_broken_source_is_refused_with_the_line_to_look_at() {
    let clinic = Clinic::shared();
    let cases: [(&str, String, &[&str]); 9] = [
        ("extra-cell", rows("12.5,1,9\n"), &["line 14", "3 cells"]),
        ("missing-cell", rows("12.5\n"), &["line 14", "1 cells"]),
        ("open-quote", rows("\"12.5,1\n12.5,1\n"), &["line 14"]),
        ("not-a-number", rows("wide,1\n"), &["line 14", "mean_radius", "not a value of type float64"]),
        ("not-whole", rows("12.5,0.5\n"), &["line 14", "benign", "int64"]),
        ("nan", rows("NaN,1\n"), &["line 14", "mean_radius", "NaN"]),
        ("infinite", rows("inf,1\n"), &["line 14", "mean_radius", "infinite"]),
        ("no-value", rows(",1\n"), &["line 14", "mean_radius", "nullable"]),
        ("empty", "mean_radius,benign\n".to_owned(), &["no rows"]),
    ];
    for (name, content, words) in cases {
        let file = format!("{name}.csv");
        clinic.node.put_data(&file, content);
        add(&clinic, name, &descriptor(name, &file, &COLUMNS)).is(7, "QM-1201", words);
        clinic.steward().fails(&["data", "show", name]).is(7, "QM-1006", &[]);
    }
    clinic.still_serves();
}

#[test]
fn no_error_about_a_cell_quotes_it() {
    let clinic = Clinic::shared();
    clinic.node.put_data("secret.csv", rows("Li Ming,1\n"));
    let plain = descriptor("secret", "secret.csv", &COLUMNS);
    let typed = "[source]\nfields = [{ name = \"mean_radius\", type = \"utf8\" }]\n";
    let view = "\n[view]\nsql = \"SELECT CAST(mean_radius AS DOUBLE) AS mean_radius, benign FROM source\"\n\n[[field]]";
    let cast = plain.replacen("[source]\n", typed, 1).replacen("\n[[field]]", view, 1);
    for text in [plain, cast] {
        let refused = add(&clinic, "secret", &text);
        assert!(!refused.message.contains("Li Ming"), "{refused:?}");
        refused.is(7, "QM-1201", &["line 14", "column `mean_radius`", "float64"]);
    }
}

#[test]
fn no_descriptor_reads_what_is_not_the_nodes_data_and_the_trail_has_the_attempt() {
    let clinic = Clinic::with(|_| {}, &[]);
    let dir = clinic.node.dir();
    symlink("../qianmo.toml", dir.join("data/near.csv")).unwrap();
    symlink(dir.join("qianmo.toml"), dir.join("data/far.csv")).unwrap();
    symlink("..", dir.join("data/folder")).unwrap();
    let outside = [
        "/etc/passwd",
        "../keys/kek",
        "../keys/node.key",
        "../qianmo.toml",
        "near.csv",
        "far.csv",
        "folder/qianmo.toml",
    ];
    for path in outside {
        let text = descriptor("outside", path, &COLUMNS).replacen(
            "kind = \"csv\"",
            "kind = \"csv\"\nheader = false",
            1,
        );
        add(&clinic, "outside", &text).is(7, "QM-1201", &[path, "leads out of the node's folder"]);
    }
    let trail = clinic.auditor().trail();
    let refused: Vec<_> = trail.iter().filter(|entry| entry.0["body"]["fact"] == "data-refused").collect();
    assert_eq!(refused.len(), outside.len());
    for (entry, path) in refused.iter().zip(outside) {
        assert_eq!(
            (&entry.0["action"], &entry.0["outcome"]["code"]),
            (&"data.add".into(), &"QM-1201".into())
        );
        assert!(entry.0["outcome"]["reason"].as_str().unwrap().contains(path), "{entry:?}");
    }
}

#[test]
fn a_broken_descriptor_is_refused_with_what_to_mend() {
    let clinic = Clinic::shared();
    clinic.node.put_data("good.csv", rows(""));
    let good = descriptor("mended", "good.csv", &COLUMNS);
    let cases: [(&str, &str, &[&str]); 9] = [
        ("sharing =", "colour = \"red\"\nsharing =", &["unknown field", "colour"]),
        ("good.csv", "missing.csv", &["no file", "missing.csv"]),
        ("kind = \"csv\"", "kind = \"excel\"", &["excel", "csv"]),
        ("mean_radius", "mean_width", &["no column", "mean_width"]),
        ("\"int64\"", "\"integer\"", &["integer"]),
        ("general-3", "top-secret", &["top-secret", "general-1"]),
        ("\"健康医疗\", ", "", &["four levels"]),
        ("conditional", "sometimes", &["sometimes"]),
        ("title = \"乳腺癌筛查\"", "title = ", &["line 2"]),
    ];
    for (from, to, words) in cases {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from} is not in the descriptor");
        add(&clinic, "mended", &text).is(7, "QM-1201", words);
    }
    let unlisted = clinic.steward().fails(&["data", "show", "mended"]);
    unlisted.is(7, "QM-1006", &[]);
    clinic.steward().fails(&["data", "add", "no-such.toml"]).is(7, "", &["no-such.toml"]);

    let file = clinic.federation.dir().join("mended.toml");
    fs::write(&file, good).unwrap();
    assert_eq!(clinic.steward().ok(&["data", "add", file.to_str().unwrap()])["rows_about"], 12);
}

#[test]
fn a_filter_or_mask_that_does_not_fit_is_refused() {
    let clinic = Clinic::shared();
    clinic.node.put_data("filtered.csv", rows(""));
    let good = descriptor("filtered", "filtered.csv", &COLUMNS);
    for (policy, word) in [
        ("row_filter = \"salary > 3\"", "salary"),
        ("row_filter = \"benign = 1; DROP TABLE source\"", "DROP"),
        ("masks = [{ field = \"salary\", mask = \"null\" }]", "salary"),
    ] {
        let refused = add(&clinic, "filtered", &format!("{good}\n[policy]\n{policy}\n"));
        assert_eq!((refused.exit, refused.code.as_str()), (7, "QM-1201"), "{refused:?}");
        assert!(refused.message.contains(word), "{refused:?}");
    }
}

#[test]
fn a_source_that_is_gone_when_a_job_runs_costs_the_consumer_nothing() {
    let clinic = Clinic::shared();
    clinic.node.put_data("fleeting.csv", rows(""));
    let file = clinic.federation.dir().join("fleeting.toml");
    fs::write(&file, descriptor("fleeting", "fleeting.csv", &COLUMNS)).unwrap();
    clinic.steward().ok(&["data", "add", file.to_str().unwrap()]);
    let ask = Ask { dataset: "hospital-a/fleeting".to_owned(), ..clinic.terms(clinic.counter()) };
    let contract = clinic.contract(&ask);
    let order =
        || qianmo_proto::JobOrder { dataset: ask.dataset.parse().unwrap(), ..clinic.count(&contract) };

    let source = clinic.node.dir().join("data/fleeting.csv");
    fs::remove_file(&source).unwrap();
    let job = clinic.consumer().order(&order()).unwrap();
    let error = job.error.unwrap();
    assert_eq!((job.state, error.code), (JobState::Failed, ErrorCode::Source), "{error}");
    assert!(!error.message.contains("fleeting.csv"), "a path is the owner's business: {error}");
    let log = clinic.steward().ok(&["job", "logs", job.id.as_str()]);
    assert!(log["lines"][0]["message"].as_str().unwrap().contains("fleeting.csv"), "{log}");
    assert_eq!(clinic.see(&contract).runs_used, 0, "the run is given back");

    clinic.node.put_data("fleeting.csv", rows(""));
    assert_eq!(clinic.consumer().order(&order()).unwrap().state, JobState::Released);
    assert_eq!(clinic.see(&contract).runs_used, 1);
}

/// A descriptor whose view makes 120⁵ rows of 120.
fn endless(name: &str, select: &str) -> String {
    let from = "source a CROSS JOIN source b CROSS JOIN source c CROSS JOIN source d CROSS JOIN source e";
    let view = format!("\n[view]\nsql = \"SELECT {select} AS n FROM {from}\"\n\n[[field]]");
    descriptor(name, "screening-a.csv", &[("n", "int64")]).replacen("\n[[field]]", &view, 1)
}

#[test]
fn a_view_without_end_is_given_up_and_its_reader_with_it() {
    let clinic = Clinic::with(|node| node.configure("limits", "check_s = 1"), &[]);
    let (rows, count) = ("CAST(a.benign AS BIGINT)", "count(*)");
    // More than may be read at once: each must have given its place back. A count yields nothing until it is done.
    for (name, select) in [("rows", rows), ("count", count), ("rows", rows), ("count", count)] {
        let refused = add(&clinic, name, &endless(name, select));
        refused.is(7, "QM-1201", &["within 1 s", "view smaller", "check_s under [limits]"]);
        clinic.still_serves();
    }
    let far = " CROSS JOIN source c CROSS JOIN source d CROSS JOIN source e";
    let small = endless("small", rows).replace(far, "");
    let file = clinic.federation.dir().join("small.toml");
    fs::write(&file, small).unwrap();
    assert_eq!(clinic.steward().ok(&["data", "add", file.to_str().unwrap()])["rows_about"], 14_000);
}
