//! The shipped cases: each decided as expected, each policy decisive somewhere.

use super::*;
use crate::cases::{self, Case};

const FILES: [(&str, &str); 3] = [
    ("jobs.toml", include_str!("../../../cases/jobs.toml")),
    ("single.toml", include_str!("../../../cases/single.toml")),
    ("governance.toml", include_str!("../../../cases/governance.toml")),
];

fn all() -> Vec<Case> {
    FILES
        .iter()
        .flat_map(|(file, text)| cases::parse(text).unwrap_or_else(|e| panic!("{file}: {e}")))
        .collect()
}

#[test]
fn every_case_is_decided_as_expected() {
    let policies = PolicySet::shipped().unwrap();
    let wrong: Vec<_> = all()
        .iter()
        .map(|case| case.run(&policies))
        .filter(|outcome| !outcome.mistakes.is_empty())
        .map(|outcome| format!("{}: {:?}", outcome.name, outcome.mistakes))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn case_names_are_unique_in_their_file() {
    for (file, text) in FILES {
        let cases = cases::parse(text).unwrap();
        for (i, case) in cases.iter().enumerate() {
            assert!(cases[..i].iter().all(|other| other.name() != case.name()), "{file}: {}", case.name());
        }
    }
}

/// Decisive: the effect or the obligations change when the policy is gone; or, where the deny stands
/// for want of a permit, it is the policy that says why.
#[test]
fn every_policy_is_decisive_in_some_case() {
    let mut policies = PolicySet::shipped().unwrap();
    let before: Vec<_> = all().into_iter().map(|case| (case.run(&policies).decision, case)).collect();
    for PolicyInfo { id, .. } in policies.policies().to_vec() {
        let decisive = |poorer: &PolicySet| {
            before.iter().any(|(decision, case)| {
                let after = case.run(poorer).decision;
                let alone = decision.policy_ids().eq([id.as_str()]);
                decision.effect != after.effect || decision.obligations != after.obligations || alone
            })
        };
        assert!(policies.without(&id, decisive), "no case shows what {id} is for");
    }
}

#[test]
fn a_wrong_expectation_is_told() {
    let text = r#"
        [base]
        principal = "qianmo://university/consumer/wang"
        dataset = "hospital-a/screening"
        [[case]]
        name = "expects too much"
        effect = "deny"
        reasons = ["contract-expired"]
        review = true
    "#;
    let outcome = cases::parse(text).unwrap()[0].run(&PolicySet::shipped().unwrap());
    assert_eq!(outcome.mistakes.len(), 3, "{:?}", outcome.mistakes);
}

#[test]
fn what_is_no_case_is_refused_by_name() {
    let error = |case: &str| {
        let text = format!(
            "[base]\nprincipal = \"qianmo://u/consumer/w\"\ndataset = \"a/b\"\n[[case]]\nname = \"x\"\n{case}"
        );
        cases::parse(&text).unwrap_err().to_string()
    };
    let expected = "effect = \"allow\"\nreasons = []\n";
    for (case, part) in [
        ("reasons = []".to_owned(), "effect"),
        (format!("{expected}colour = 1"), "colour"),
        (format!("{expected}contract.colour = 1"), "colour"),
        (format!("{expected}action = \"fly\""), "fly"),
        (format!("{expected}key_exchange = \"x25519\""), "x25519"),
        (format!("{expected}grade = \"secret\""), "secret"),
        (format!("{expected}[extra]"), "extra"),
    ] {
        let text = error(&case);
        assert!(text.contains(part), "{text}");
    }
    assert!(cases::parse("[base]").unwrap_err().to_string().contains("[[case]]"));
}
