//! Every action for every role, own and foreign, against one table.

use qianmo_proto::Role;

use super::{fixture::Job, *};
use crate::governance::Governance as G;

/// For each action, who may: everybody, or the roles of the data's department, the consumer concerned,
/// any consumer, any auditor.
const MAY: &[(G, &str)] = &[
    (G::ReadNode, "all"),
    (G::ListPeers, "all"),
    (G::AddPeer, "own-admin"),
    (G::RemovePeer, "own-admin"),
    (G::SearchCatalog, "all"),
    (G::ReadDataset, "all"),
    (G::ListDataset, "own-steward"),
    (G::UnlistDataset, "own-steward"),
    (G::PushModel, "any-consumer"),
    (G::ListModels, "all"),
    (G::ReadModel, "own-steward the-consumer any-auditor"),
    (G::RequestContract, "the-consumer"),
    (G::ApproveContract, "own-steward"),
    (G::DenyContract, "own-steward"),
    (G::ReadContract, "own-admin own-steward the-consumer any-auditor"),
    (G::RevokeContract, "own-steward the-consumer"),
    (G::ReadJob, "own-admin own-steward the-consumer any-auditor"),
    (G::ReadLogs, "own-steward"),
    (G::StopJob, "own-steward the-consumer"),
    (G::FetchResult, "own-steward the-consumer"),
    (G::PreviewResult, "own-steward"),
    (G::ReleaseResult, "own-steward"),
    (G::WithholdResult, "own-steward"),
    (G::ReadTrail, "own-admin own-steward any-auditor"),
    (G::ReadCheckpoint, "all"),
];

/// Asks for every kind of target; the action must be defined on exactly one.
fn ask(policies: &PolicySet, principal: &Identity, action: G) -> Decision {
    let job = Job::allowed();
    let decide = |target| {
        policies.decide_governance(&GovernanceInput { principal, action, target, now_ms: job.now_ms })
    };
    let (fitting, others): (Vec<_>, Vec<_>) =
        job.targets().into_iter().map(decide).partition(|decision| decision.errors.is_empty());
    assert!(others.iter().all(|decision| !decision.is_allow()), "{action} on a wrong target");
    let [fitting] = <[Decision; 1]>::try_from(fitting).unwrap_or_else(|all| panic!("{action}: {all:?}"));
    fitting
}

#[test]
fn who_may_do_what() {
    let policies = PolicySet::shipped().unwrap();
    assert!(MAY.iter().map(|(action, _)| action).eq(G::ALL), "the table has every action once, in order");
    for (action, who) in MAY {
        for role in Role::ALL {
            for department in ["hospital-a", "university", "tax-bureau"] {
                let principal: Identity = format!("qianmo://{department}/{role}/wang").parse().unwrap();
                let the_consumer = department == "university" && role == Role::Consumer;
                let expected = who.split(' ').any(|word| match word.split_once('-') {
                    Some(("own", of)) => department == "hospital-a" && of == role.as_str(),
                    Some(("any", of)) => of == role.as_str(),
                    Some(("the", _)) => the_consumer,
                    _ => true,
                });
                let decision = ask(&policies, &principal, *action);
                assert_eq!(decision.is_allow(), expected, "{principal} {action}: {decision:?}");
                assert!(!decision.reasons.is_empty());
            }
        }
    }
}

#[test]
fn a_default_deny_says_who_asked_and_what_is_permitted() {
    let policies = PolicySet::shipped().unwrap();
    let decision = ask(&policies, &"qianmo://hospital-a/steward/li".parse().unwrap(), G::AddPeer);
    let [reason] = &decision.reasons[..] else { panic!("{decision:?}") };
    assert_eq!(reason.policy_id, "deny:default");
    assert_eq!(
        reason.text_en,
        "No policy lets this steward of hospital-a do addPeer here. \
         What is permitted: An admin adds and removes the peers of the own department's node."
    );
    assert!(
        reason.text_zh.contains("hospital-a 的数据管理员") && reason.text_zh.contains("系统管理员可增删")
    );
}

#[test]
fn the_schema_and_the_code_have_the_same_actions() {
    let policies = PolicySet::shipped().unwrap();
    let mut schema: Vec<_> =
        policies.schema.actions().map(|uid| AsRef::<str>::as_ref(uid.id()).to_owned()).collect();
    let mut code: Vec<_> = actions().map(str::to_owned).collect();
    schema.sort();
    code.sort();
    assert_eq!(schema, code);
}
