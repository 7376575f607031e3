//! What is known of an order before any row is read: told, recorded, and not charged.

use std::fs;

use qianmo_proto::{
    ContractId, ErrorCode, OrderDraft, ask,
    contract::OutputKind,
    views::{CheckView, JobState},
};
use qianmo_tests::{Ask, Clinic, descriptor, workspace};

/// Lists the first `rows` rows of the screening data under `name`, every column of them.
fn list_some(clinic: &Clinic, name: &str, rows: usize) -> Vec<String> {
    let text = fs::read_to_string(workspace().join("deploy/demo/screening-a.csv")).unwrap();
    let lines: Vec<&str> = text.lines().take(rows + 1).collect();
    clinic.node.put_data(&format!("{name}.csv"), lines.join("\n"));
    let columns: Vec<&str> = lines[0].split(',').collect();
    let typed: Vec<(&str, &str)> = columns
        .iter()
        .map(|column| (*column, if *column == "benign" { "int64" } else { "float64" }))
        .collect();
    let descriptor = descriptor(name, &format!("{name}.csv"), &typed);
    clinic.steward().call(ask::DataAdd { descriptor }).unwrap();
    columns.into_iter().map(str::to_owned).collect()
}

fn draft(clinic: &Clinic, contract: &ContractId, params: &str) -> OrderDraft {
    let terms = clinic.see(contract).terms;
    let federated = terms.output.kinds == [OutputKind::Update];
    let (dataset, model) = (terms.dataset, terms.models[0]);
    OrderDraft { contract: contract.clone(), dataset, model, params: params.to_owned(), federated }
}

fn check(clinic: &Clinic, contract: &ContractId, params: &str) -> CheckView {
    let draft = draft(clinic, contract, params);
    clinic.consumer().call(ask::JobCheck { draft }).unwrap()
}

#[test]
fn a_check_meets_what_an_order_would_and_costs_nothing() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&clinic.terms(clinic.stats()));
    let good = check(&clinic, &contract, r#"{"columns":["benign"]}"#);
    assert!(good.problems.is_empty() && good.held.is_empty() && good.notes.is_empty(), "{good:?}");
    assert_eq!((good.fields.len(), good.rows_about), (2, 120));
    for (params, code, word) in [
        (r#"{"colums":["benign"]}"#, ErrorCode::ModelFailed, "The model says: "),
        (r#"{"colums":["benign"]}"#, ErrorCode::ModelFailed, "colums"),
        (r#"{"columns":["mean_area"]}"#, ErrorCode::ModelFailed, "the contract does not grant mean_area"),
    ] {
        let [problem] = &check(&clinic, &contract, params).problems[..] else { panic!("{params} is taken") };
        assert!(problem.code == code && problem.message.contains(word), "{problem}");
    }
    assert_eq!(clinic.see(&contract).runs_used, 0);
    let trail = clinic.auditor().trail();
    let checks: Vec<_> =
        trail.iter().filter(|entry| entry.0["body"]["contract"] == contract.as_str()).collect();
    let checks: Vec<_> = checks.iter().filter(|entry| entry.action() == "job.check").collect();
    assert_eq!(checks.len(), 4);
    assert_eq!(checks[0].0["body"]["problems"], serde_json::json!([]));
    assert_eq!(checks[1].0["body"]["problems"], serde_json::json!(["QM-1302"]));

    // What has no leave is refused as an order would be, and so is who has none.
    assert_eq!(
        clinic.consumer().order(&clinic.run(&contract, clinic.stats(), "{}")).unwrap().state,
        JobState::Released
    );
    let spent = check(&clinic, &contract, "{}");
    assert_eq!(spent.problems[0].code, ErrorCode::Contract, "{spent:?}");
    let other: CheckView =
        clinic.admin().call(ask::JobCheck { draft: draft(&clinic, &contract, "{}") }).unwrap();
    assert!(other.problems[0].message.contains("consumers-only") && other.fields.is_empty(), "{other:?}");
}

#[test]
fn a_check_reads_the_header_and_names_the_column_that_has_gone() {
    let clinic = Clinic::shared();
    let fields = list_some(&clinic, "header", 20);
    let dataset = "hospital-a/header".to_owned();
    let contract = clinic.contract(&Ask { dataset, fields, ..clinic.terms(clinic.counter()) });
    assert!(check(&clinic, &contract, "{}").problems.is_empty());
    clinic.node.put_data("header.csv", "mean_radius\n17.99\n");
    let problem = check(&clinic, &contract, "{}").problems.remove(0);
    assert_eq!(problem.code, ErrorCode::Source);
    assert!(problem.message.starts_with("column mean_texture is missing"), "{problem}");
}

#[test]
fn what_will_be_held_for_certain_is_told_before_a_run() {
    let clinic = Clinic::shared();
    let few = list_some(&clinic, "few", 8);
    let dataset = "hospital-a/few".to_owned();
    let contract = clinic.contract(&Ask { dataset, fields: few, ..clinic.terms(clinic.counter()) });
    let rules = |view: &CheckView| view.held.iter().map(|reason| reason.rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules(&check(&clinic, &contract, "{}")), ["min-cell"]);
    let reads_nothing = clinic.bring("honest");
    let idle = clinic.contract(&clinic.terms(reads_nothing));
    assert!(check(&clinic, &idle, "{}").held[0].text.contains("without reading a row"));

    let fields = list_some(&clinic, "wide", 40);
    let (glm, target) = (clinic.glm(), r#"{"target":"benign"}"#);
    let dataset = "hospital-a/wide".to_owned();
    let ask = Ask { dataset, fields, kinds: vec![OutputKind::Update], ..clinic.terms(glm) };
    let wide = clinic.contract(&ask);
    assert_eq!(rules(&check(&clinic, &wide, target)), ["parameters"]);
    let fewer = r#"{"target":"benign","features":["mean_radius","mean_texture"]}"#;
    assert!(check(&clinic, &wide, fewer).held.is_empty());

    // The run ends before its first round, and its dry run says the same.
    let run = ["run", "--model", "glm", "--params", target, "--contracts", wide.as_str()];
    clinic.consumer().fails(&run).is(6, "QM-1305", &["nothing was run", "94 rows"]);
    let dry = clinic.consumer().reads("en", &[&run[..], &["--dry-run"]].concat());
    assert_eq!(dry.exit, Some(6), "{dry}");
    assert!(dry.stdout.contains("parameters") && dry.stdout.contains("nothing was run or charged"), "{dry}");
    assert_eq!(clinic.see(&wide).runs_used, 0);
}

#[test]
fn a_check_is_told_in_words_and_by_its_exit_code() {
    let clinic = Clinic::shared();
    let contract = clinic.contract(&clinic.terms(clinic.stats())).to_string();
    let check = |params: &str, lang: &str| {
        clinic.consumer().reads(lang, &["job", "check", "--contract", &contract, "--params", params])
    };
    let good = check(r#"{"columns":["benign"]}"#, "en");
    assert_eq!(good.exit, Some(0), "{good}");
    assert!(good.stdout.contains("benign") && good.stdout.ends_with("nothing stands in its way\n"), "{good}");
    let bad = check(r#"{"colums":["benign"]}"#, "zh");
    assert_eq!(bad.exit, Some(1), "{bad}");
    assert!(bad.stdout.contains("模型不接受其参数") && bad.stdout.contains("不能运行完成"), "{bad}");
}
