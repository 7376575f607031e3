//! What people read: one language at a time, one line of what happened, and words in the order of events.

use std::fs;

use qianmo_proto::views::JobView;
use qianmo_tests::{Clinic, Ended, descriptor};

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// A job that counts rows, at its end.
fn counted(clinic: &Clinic) -> JobView {
    let contract = clinic.contract(&clinic.terms(clinic.counter()));
    clinic.consumer().order(&clinic.count(&contract)).unwrap()
}

#[test]
fn errors_are_told_in_the_language_asked_for_and_in_no_other() {
    let clinic = Clinic::shared();
    let job = counted(&clinic).id.to_string();
    let denied = ["job", "logs", &job];
    let missing = ["data", "show", "nothing"];
    let error = |lang, args: &[&str], exit| {
        let ended = clinic.consumer().reads(lang, args);
        assert_eq!((ended.exit, ended.stdout.as_str()), (Some(exit), ""), "{ended}");
        ended.stderr
    };
    for (args, exit) in [(&denied, 4), (&missing, 7)] {
        assert!(!has_chinese(&error("en", args, exit)));
    }
    let denial = error("zh", &denied, 4);
    assert!(denial.starts_with("错误 [QM-1101]：拒绝：没有策略允许"), "{denial}");
    assert!(!denial.contains("No policy"), "{denial}");
    let unknown = error("zh", &missing, 7);
    assert!(unknown.starts_with("错误 [QM-1006]：没有此对象，或无权查看。请用 ls"), "{unknown}");
    assert!(unknown.contains("详情：no dataset nothing"), "what only the node knows is told: {unknown}");

    // Without --lang it is the locale that says.
    let mut command = clinic.consumer().person.terminal().plain(&["context", "use", "nobody"]);
    command.env("LC_ALL", "zh_CN.UTF-8").env_remove("LANGUAGE");
    let ended = Ended::of("qianmo context use nobody".to_owned(), command);
    assert!(ended.stderr.starts_with("错误："), "{ended}");
}

#[test]
fn a_job_says_why_with_dates_for_people_and_numbers_for_programs() {
    let clinic = Clinic::shared();
    let job = counted(&clinic).id.to_string();
    let why = ["job", "why", &job];
    let told = clinic.consumer().reads("en", &why).stdout;
    assert!(!told.contains("until_ms") && !has_chinese(&told), "{told}");
    let until = told.lines().find_map(|line| line.strip_prefix("until ")).unwrap_or_else(|| panic!("{told}"));
    assert!(until.trim().starts_with("20") && until.ends_with('Z'), "{until}");
    let chinese = clinic.steward().reads("zh", &why).stdout;
    assert!(chinese.contains("符合：记录最少的单元格有 120 条贡献记录；至少需要 10 条"), "{chinese}");
    let bound = clinic.consumer().ok(&why)["obligations"].clone();
    let until = bound.as_array().unwrap().iter().find(|pair| pair[0] == "until_ms").unwrap();
    assert!(until[1].as_str().unwrap().parse::<i64>().is_ok(), "{until}");
}

#[test]
fn a_log_without_lines_says_so() {
    let clinic = Clinic::shared();
    let job = counted(&clinic).id.to_string();
    let ended = clinic.steward().reads("en", &["job", "logs", &job]);
    assert_eq!((ended.exit, ended.stdout.as_str()), (Some(0), "no log lines: the model wrote none\n"));
    let json = clinic.steward().ok(&["job", "logs", &job]);
    assert_eq!(json, serde_json::json!({"lines": [], "dropped": 0}));
}

#[test]
fn a_job_is_ordered_once_the_node_has_let_it_run() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&clinic.terms(clinic.counter())).to_string();
    let order = ["job", "run", "--contract", &contract, "--params", r#"{"of":"rows"}"#];
    let first = clinic.consumer().reads("en", &order);
    assert_eq!(first.exit, Some(0), "{first}");
    assert!(first.stderr.starts_with("ordered; it goes on if you stop waiting: job-"), "{first}");
    let spent = clinic.consumer().reads("en", &order);
    assert_eq!(spent.exit, Some(4), "{spent}");
    assert!(
        spent.stderr.starts_with("error [QM-1204]: denied: "),
        "nothing comes before the denial: {spent}"
    );
}

#[test]
fn parameters_that_a_model_refuses_are_told_as_such_and_its_words_stay() {
    let clinic = Clinic::shared();
    let model = clinic.stats();
    let contract = clinic.contract(&clinic.terms(model)).to_string();
    let order = ["job", "run", "--contract", &contract, "--params", r#"{"colums":["benign"]}"#];
    let ended = clinic.consumer().run(&order);
    assert_eq!(ended.exit, Some(1), "{ended}");
    let failed = ended.answer();
    let told = failed["error"]["message"].as_str().unwrap();
    assert!(told.contains("refused its parameters (bad-params)") && told.contains("job logs"), "{told}");
    assert!(!told.contains("colums"), "{told}");
    let job = failed["id"].as_str().unwrap();
    clinic.consumer().fails(&["result", "get", job]).is(1, "QM-1302", &["refused its parameters"]);
    assert!(clinic.consumer().reads("en", &["job", "why", job]).stdout.contains("refused its parameters"));
    let log = clinic.steward().reads("en", &["job", "logs", job]);
    assert!(log.stdout.contains("colums"), "the steward reads the model's own words: {log}");
}

#[test]
fn a_dataset_listed_is_told_in_one_line_with_what_comes_next() {
    let clinic = Clinic::shared();
    clinic.node.put_data("brief.csv", format!("benign\n{}", "1\n".repeat(123)));
    let file = clinic.federation.dir().join("brief.toml");
    fs::write(&file, descriptor("brief", "brief.csv", &[("benign", "int64")])).unwrap();
    let add = ["data", "add", file.to_str().unwrap()];
    let listed = clinic.steward().reads("en", &add);
    let words = "listed hospital-a/brief: about 120 rows, 1 field, general-3\n\
                 next: see what others see of it: qianmo data show brief\n";
    assert_eq!((listed.exit, listed.stdout.as_str()), (Some(0), words), "{listed}");
    assert_eq!(clinic.steward().ok(&add)["fields"][0]["name"], "benign", "--json tells everything");
    clinic.steward().ok(&["data", "rm", "brief"]);
}
