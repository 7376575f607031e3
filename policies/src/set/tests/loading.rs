//! What a department may load, and what is refused.

use qianmo_proto::ErrorCode;

use super::{fixture::Job, *};
use crate::{Effect, Mistake};

const HOLD: &str = r#"
@id("screening-is-reviewed")
@en("Every result on the screening data is seen by a steward first.")
@zh("筛查数据的每项结果须先经数据管理员查看。")
forbid (principal, action == Action::"autoRelease", resource == Dataset::"hospital-a/screening");
"#;

fn policy(id: &str, rest: &str) -> String {
    format!("@id(\"{id}\")\n@en(\"e\")\n@zh(\"z\")\n{rest}")
}

fn refusal(text: &str) -> Vec<Mistake> {
    match PolicySet::load(text).err() {
        Some(PolicyError::Syntax(mistakes) | PolicyError::Refused(mistakes)) => mistakes,
        other => panic!("{other:?}"),
    }
}

fn message(text: &str) -> String {
    PolicySet::load(text).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn the_digest_changes_with_any_text() {
    let shipped = PolicySet::shipped().unwrap();
    assert_eq!(shipped.digest(), PolicySet::load("").unwrap().digest());
    assert_ne!(shipped.digest(), PolicySet::load(" ").unwrap().digest());
    assert_ne!(shipped.digest(), PolicySet::load(HOLD).unwrap().digest());
}

#[test]
fn own_policies_are_told_apart() {
    let policies = PolicySet::load(HOLD).unwrap();
    let own: Vec<_> = policies.policies().iter().filter(|policy| !policy.shipped).collect();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].id.as_str(), own[0].forbids), ("screening-is-reviewed", true));
    assert_eq!(policies.policies()[0].id, CONTRACT);
}

#[test]
fn a_department_can_hold_every_result() {
    let decision = Job::allowed().decide(&PolicySet::load(HOLD).unwrap());
    let obligations = decision.obligations.clone().unwrap();
    assert!(obligations.review);
    assert!(obligations.to_pairs().contains(&("review".into(), "true".into())));
    let contract = Job::allowed().contract.unwrap().id;
    assert!(decision.policy_ids().eq([format!("contract:{contract}").as_str(), "screening-is-reviewed"]));
}

#[test]
fn own_permits_widen_governance_but_lift_no_forbid() {
    let text = policy("all-jobs", "permit (principal, action, resource);");
    let policies = PolicySet::load(&text).unwrap();
    let mut job = Job::allowed();
    job.contract = None;
    let decision = job.decide(&policies);
    assert_eq!(decision.effect, Effect::Deny);
    assert!(decision.policy_ids().eq(["no-contract"]));
    let principal = "qianmo://hospital-b/admin/zhao".parse().unwrap();
    let target = crate::Target::Node { department: &job.dataset.id.department };
    let input = GovernanceInput { principal: &principal, action: Governance::AddPeer, target, now_ms: 0 };
    assert!(policies.decide_governance(&input).is_allow());
}

#[test]
fn an_error_is_a_deny_and_says_so() {
    let text =
        policy("overflow", "forbid (principal, action, resource) when { context.now + 1 > 0 && false };");
    let message = message(&text);
    assert!(message.contains("overflow") && message.contains("impossible"), "{message}");
    let text = policy("overflow", "forbid (principal, action, resource) when { context.now + 1 == 0 };");
    let policies = PolicySet::load(&text).unwrap();
    let mut job = Job::allowed();
    assert!(job.decide(&policies).is_allow());
    job.now_ms = i64::MAX;
    job.contract.as_mut().unwrap().terms.until_ms = i64::MAX;
    assert!(job.decide(&PolicySet::shipped().unwrap()).is_allow());
    let decision = job.decide(&policies);
    assert_eq!(decision.effect, Effect::Deny);
    assert!(decision.policy_ids().eq(["deny:error"]));
    assert!(decision.errors[0].contains("overflow"), "{:?}", decision.errors);
}

#[test]
fn an_error_in_the_second_question_is_a_deny_too() {
    let text = policy(
        "late",
        "forbid (principal, action == Action::\"autoRelease\", resource) when { context.now + 1 == 0 };",
    );
    let mut job = Job::allowed();
    job.now_ms = i64::MAX;
    job.contract.as_mut().unwrap().terms.until_ms = i64::MAX;
    let decision = job.decide(&PolicySet::load(&text).unwrap());
    assert_eq!(decision.effect, Effect::Deny);
    assert!(decision.obligations.is_none() && decision.errors.len() == 1);
}

#[test]
fn syntax_errors_tell_the_line() {
    let mistakes =
        refusal("// own policies\n\nforbid (principal, action, resource)\nwhen { context.now > };");
    assert_eq!(mistakes[0].line, Some(4), "{mistakes:?}");
}

#[test]
fn validation_is_strict_and_tells_all_at_once() {
    let text = [
        policy(
            "typo-attribute",
            "forbid (principal, action == Action::\"runJob\", resource) when { context.nwo > 1 };",
        ),
        policy(
            "typo-role",
            "forbid (principal, action, resource) when { principal.role == Role::\"stewart\" };",
        ),
        policy("typo-action", "forbid (principal, action == Action::\"runjob\", resource);"),
        policy("wrong-type", "forbid (principal, action, resource) when { principal.name == 3 };"),
        policy(
            "unguarded",
            "forbid (principal, action == Action::\"runJob\", resource) when { context.contract.inForce };",
        ),
        policy("never", "permit (principal is Node, action, resource);"),
    ]
    .join("\n");
    let mistakes = refusal(&text);
    for id in ["typo-attribute", "typo-role", "typo-action", "wrong-type", "unguarded", "never"] {
        assert!(mistakes.iter().any(|m| m.policy.as_deref() == Some(id)), "{id}: {mistakes:#?}");
    }
    let typo = mistakes.iter().find(|m| m.policy.as_deref() == Some("typo-attribute")).unwrap();
    assert_eq!(typo.line, Some(4), "{typo:?}");
}

#[test]
fn every_policy_is_named_and_explained() {
    let rest = "forbid (principal, action, resource) when { context.now == 0 };";
    for (text, part) in [
        (rest.to_owned(), "policy number 1: has no @id"),
        (format!("@id(\"x\")\n@en(\"e\")\n{rest}"), "has no @zh"),
        (format!("@id(\"x\")\n@en(\" \")\n@zh(\"z\")\n{rest}"), "has no @en"),
        (policy("Not a name", rest), "not a name"),
        (policy("deny:default", rest), "not a name"),
        (policy("core-data", rest), "core-data: is there already"),
        (policy("contract", rest), "contract: is there already"),
        (format!("{}\n{}", policy("x", rest), policy("x", rest)), "x: is there already"),
        (policy("linked", "permit (principal == ?principal, action, resource);"), "has slots"),
    ] {
        let message = message(&text);
        assert!(message.contains(part), "{part:?} not in {message:?}");
    }
}

#[test]
fn chinese_texts_and_names_are_no_mistake() {
    let rest = "forbid (principal, action == Action::\"runJob\", resource) \
                when { context has contract && context.contract.terms.purpose like \"*商业 marketing*\" };";
    let policies = PolicySet::load(&policy("no-marketing", rest)).unwrap();
    let mut job = Job::allowed();
    job.contract.as_mut().unwrap().terms.purpose = "用于商业 marketing 推广".into();
    assert!(job.decide(&policies).policy_ids().eq(["no-marketing"]));
}

#[test]
fn departments_can_be_named_by_membership() {
    let rest = "forbid (principal in Department::\"university\", action == Action::\"runJob\", \
                resource in Department::\"hospital-a\");";
    let policies = PolicySet::load(&policy("no-university", rest)).unwrap();
    assert!(Job::allowed().decide(&policies).policy_ids().eq(["no-university"]));
}

#[test]
fn a_set_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<PolicySet>();
}

#[test]
fn a_policy_says_its_own_code() {
    let code = |id: &str| {
        let shipped = PolicySet::shipped().unwrap();
        shipped.policies().iter().find(|policy| policy.id == id).unwrap().code
    };
    assert_eq!(code("contract-expired"), ErrorCode::Contract);
    assert_eq!(code("other-fields"), ErrorCode::Order);
    assert_eq!(code("consumers-only"), ErrorCode::Denied);
    let own = |code: &str| format!("@code(\"{code}\")\n{HOLD}");
    assert_eq!(PolicySet::load(&own("QM-1205")).unwrap().policies().last().unwrap().code, ErrorCode::Order);
    // No such code, and one that is no policy's.
    for bad in ["QM-9999", "denied", "QM-1599"] {
        let found = refusal(&own(bad));
        assert!(found[0].message.contains(bad), "{found:?}");
    }
}
