//! docs/policies.md: its table is the shipped set, its policies load, its cases pass.

use super::*;
use crate::cases;

const PAGE: &str = include_str!("../../../../docs/policies.md");

/// The bodies of the fenced blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    PAGE.split(opening.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_table_lists_every_shipped_policy() {
    for policy in PolicySet::shipped().unwrap().policies() {
        let effect = if policy.forbids { "forbid" } else { "permit" };
        let row = format!("| `{}` | {effect} | {} |", policy.id, policy.text_en.replace('|', "\\|"));
        assert!(PAGE.contains(&row), "docs/policies.md lacks this row:\n{row}");
    }
}

#[test]
fn the_policies_of_the_page_load_and_pass_its_cases() {
    let policies = blocks("cedar");
    let (refused, good): (Vec<_>, Vec<_>) =
        policies.iter().partition(|text| text.contains("unless { context.consumer in"));
    assert_eq!((refused.len(), good.len()), (1, 4));
    let error = PolicySet::load(refused[0]).err().unwrap().to_string();
    assert!(error.contains("`consumer`") && error.contains("not found"), "{error}");
    let policies = PolicySet::load(&good.concat()).unwrap();
    let [text] = blocks("toml")[..] else { panic!("one block of cases") };
    for case in cases::parse(text).unwrap() {
        let outcome = case.run(&policies);
        assert!(outcome.mistakes.is_empty(), "{}: {:?}", outcome.name, outcome.mistakes);
    }
}
