//! Lists: narrowed at the node, asked for page by page, without what is signed for each.

use std::collections::BTreeSet;

use qianmo_proto::{ContractId, ErrorCode, Lookup, Page, ask, views::JobState};
use qianmo_tests::{Ask, Clinic, Session};

/// A clinic with four contracts of one person and one of another, and three jobs under the first.
fn busy() -> (Clinic, Vec<ContractId>) {
    let clinic = Clinic::new();
    let terms = |case: &str| Ask { runs: 3, case: case.to_owned(), ..clinic.terms(clinic.counter()) };
    let contracts: Vec<_> =
        ["A-1", "A-2", "A-2", "A-3"].iter().map(|case| clinic.contract(&terms(case))).collect();
    for _ in 0..3 {
        clinic.consumer().order(&clinic.count(&contracts[0])).unwrap();
    }
    (clinic, contracts)
}

fn pages<T, A>(who: &Session<'_>, lookup: &Lookup, ask: fn(Lookup) -> A) -> Vec<Vec<T>>
where
    A: qianmo_proto::Ask<Answer = Page<T>>,
{
    let (mut lookup, mut all) = (lookup.clone(), Vec::new());
    loop {
        let page = who.call(ask(lookup.clone())).unwrap();
        all.push(page.items);
        match page.next {
            Some(next) => lookup = lookup.after(next),
            None => return all,
        }
    }
}

fn contracts_of(lookup: Lookup) -> ask::ContractLs {
    ask::ContractLs { lookup }
}

fn jobs_of(lookup: Lookup) -> ask::JobLs {
    ask::JobLs { lookup }
}

#[test]
fn a_list_is_asked_for_page_by_page() {
    let (clinic, contracts) = busy();
    let two = Lookup { limit: Some(2), ..Lookup::default() };
    let listed = pages(&clinic.steward(), &two, contracts_of);
    assert_eq!(listed.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let listed: Vec<_> = listed.concat().into_iter().map(|view| view.id).collect();
    assert_eq!(listed.iter().collect::<BTreeSet<_>>(), contracts.iter().collect());
    assert!(clinic.steward().ok(&["contract", "ls", "--limit", "3"]).as_array().unwrap().len() == 3);
    let stranger = clinic.federation.person("university", "consumer", "zhou-3");
    let stranger = Session { person: &stranger, node: &clinic.node };
    assert_eq!(pages(&stranger, &two, contracts_of).concat().len(), 0);
}

#[test]
fn a_list_is_narrowed_at_the_node() {
    let (clinic, contracts) = busy();
    let count = |args: &[&str]| clinic.steward().ok(args).as_array().unwrap().len();
    assert_eq!(count(&["contract", "ls", "--case", "A-2"]), 2);
    assert_eq!(count(&["contract", "ls", "--state", "terminated"]), 1, "one has no runs left");
    assert_eq!(count(&["contract", "ls", "--person", "qianmo://university/consumer/nobody"]), 0);
    assert_eq!(count(&["job", "ls", "--case", "A-1", "--state", "released", "--since", "1h"]), 3);
    assert_eq!(count(&["job", "ls", "--until", "1h"]), 0);
    assert_eq!(count(&["request", "ls", "--dataset", "hospital-a/screening"]), 4);
    assert_eq!(count(&["result", "ls", "--held"]), 0);
    assert_eq!(count(&["data", "ls"]), 1);
    let of = Lookup { contract: Some(contracts[1].clone()), ..Lookup::default() };
    assert_eq!(pages(&clinic.steward(), &of, jobs_of).concat().len(), 0);
    let stated = Lookup { state: Some("listed".into()), ..Lookup::default() };
    let refused = clinic.steward().call(ask::DataLs { lookup: stated }).unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadRequest, "what a list has not is not passed over: {refused}");
}

#[test]
fn a_receipt_is_signed_when_it_is_asked_for() {
    let (clinic, _) = busy();
    let listed = pages(&clinic.consumer(), &Lookup::default(), jobs_of).concat();
    assert!(listed.iter().all(|view| view.state == JobState::Released && view.receipt.is_none()));
    let id = &listed[0].id;
    let shown = clinic.consumer().ok(&["job", "show", &id.as_str()[4..14]]);
    assert_eq!(shown["id"], id.as_str(), "found by its beginning");
    assert!(shown["receipt"].is_object());
}
