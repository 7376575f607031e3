//! The words of denials that no policy wrote: nothing permits it, or something failed.

use qianmo_proto::{DatasetMeta, ErrorCode, Identity, Name, Role, Sensitivity};

use crate::decision::{Decision, Reason};

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

/// Says in a denial which of `fields` it is about, where a policy is about some of them.
pub(crate) fn naming_fields(mut denial: Decision, dataset: &DatasetMeta, fields: &[Name]) -> Decision {
    let known = |name: &Name| dataset.fields.iter().find(|field| field.name == *name);
    let identifies = |name: &Name| known(name).is_some_and(|f| f.sensitivity >= Sensitivity::Identifier);
    for reason in &mut denial.reasons {
        let names: Vec<_> = match reason.policy_id.as_str() {
            "identifier-fields" => fields.iter().filter(|name| identifies(name)).map(Name::as_str).collect(),
            "unknown-fields" => {
                fields.iter().filter(|name| known(name).is_none()).map(Name::as_str).collect()
            }
            _ => continue,
        };
        reason.text_en.push_str(&format!(" It is about: {}.", names.join(", ")));
        reason.text_zh.push_str(&format!("涉及字段：{}。", names.join("、")));
    }
    denial
}

const fn role_zh(role: Role) -> &'static str {
    match role {
        Role::Node => "节点",
        Role::Admin => "系统管理员",
        Role::Steward => "数据管理员",
        Role::Consumer => "数据使用人员",
        Role::Auditor => "审计人员",
    }
}

#[cfg(test)]
mod tests {
    use qianmo_proto::{FieldMeta, Grade, Sharing};

    use super::*;

    #[test]
    fn a_denial_over_fields_names_them() {
        let field = |name: &str, sensitivity| FieldMeta {
            name: name.parse().unwrap(),
            ty: "utf8".into(),
            grade: Grade::ALL[0],
            sensitivity,
            nullable: false,
            description: String::new(),
        };
        let dataset = DatasetMeta {
            id: "a/b".parse().unwrap(),
            title: String::new(),
            provider: String::new(),
            path: vec![],
            description: String::new(),
            grade: Grade::ALL[0],
            sharing: Sharing::Conditional,
            update_cycle: String::new(),
            fields: vec![field("age", Sensitivity::Personal), field("id_no", Sensitivity::Identifier)],
            rows_about: 0,
        };
        let reason = |id: &str| Reason {
            policy_id: id.into(),
            text_en: "No.".into(),
            text_zh: "否。".into(),
            code: ErrorCode::Denied,
        };
        let denial =
            Decision::deny(["identifier-fields", "unknown-fields", "other"].map(reason).to_vec(), vec![]);
        let fields = ["age", "id_no", "phone"].map(|name| name.parse().unwrap());
        let told = naming_fields(denial, &dataset, &fields).reasons;
        assert_eq!(told[0].text_en, "No. It is about: id_no.");
        assert_eq!(told[0].text_zh, "否。涉及字段：id_no。");
        assert_eq!(told[1].text_en, "No. It is about: phone.");
        assert_eq!(told[2].text_en, "No.");
    }
}
