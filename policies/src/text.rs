//! The words of denials that no policy wrote: nothing permits it, or something failed.

use qianmo_proto::{ErrorCode, Identity, Role};

use crate::decision::Reason;

/// Where no policy permits: who asked, what for, and what would be permitted.
pub(crate) fn default_deny(principal: &Identity, action: &str, permits: &[Reason]) -> Reason {
    let (department, role) = (principal.department(), principal.role());
    let mut text_en = format!("No policy lets this {role} of {department} do {action} here.");
    let mut text_zh = format!("没有策略允许 {department} 的{}在此执行 {action}。", role_zh(role));
    if !permits.is_empty() {
        let english: Vec<_> = permits.iter().map(|permit| permit.text_en.as_str()).collect();
        let chinese: Vec<_> = permits.iter().map(|permit| permit.text_zh.as_str()).collect();
        text_en.push_str(&format!(" What is permitted: {}", english.join(" ")));
        text_zh.push_str(&format!("所允许的是：{}", chinese.concat()));
    }
    Reason { policy_id: "deny:default".to_owned(), text_en, text_zh, code: ErrorCode::Role }
}

/// Where a policy or the input failed.
pub(crate) fn failed() -> Reason {
    Reason {
        policy_id: "deny:error".to_owned(),
        text_en:
            "A policy could not be evaluated, which is a deny; the node's admin must correct the policy."
                .to_owned(),
        text_zh: "有策略无法求值，按拒绝处理；请系统管理员更正该策略。".to_owned(),
        code: ErrorCode::Denied,
    }
}

const fn role_zh(role: Role) -> &'static str {
    match role {
        Role::Node => "节点",
        Role::Admin => "系统管理员",
        Role::Steward => "数据管理员",
        Role::Consumer => "数据使用人员",
        Role::Auditor => "审计员",
    }
}
