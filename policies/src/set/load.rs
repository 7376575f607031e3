//! From policy texts to a checked [`PolicySet`]: parse, name, validate, slice.

use std::{collections::HashMap, str::FromStr};

use cedar_policy::{
    EntityUid, Policy, PolicyId, PolicySet as CedarSet, Schema, Template, ValidationMode, ValidationWarning,
    Validator,
};
use miette::Diagnostic;
use qianmo_crypto::sm3;
use qianmo_proto::{ErrorClass, ErrorCode, Name};

use super::{CONTRACT, PolicyInfo, PolicySet, RUN_JOB, Slice, actions, forbids};
use crate::{
    error::{Mistake, PolicyError},
    facts::{Unusable, Words},
};

const SCHEMA: &str = include_str!("../../schema/qianmo.cedarschema");
const SHIPPED: [&str; 3] = [
    include_str!("../../shipped/jobs.cedar"),
    include_str!("../../shipped/data.cedar"),
    include_str!("../../shipped/governance.cedar"),
];

/// Policies under their own ids, before validation.
#[derive(Default)]
struct Named {
    infos: Vec<PolicyInfo>,
    policies: Vec<Policy>,
    templates: Vec<Template>,
    mistakes: Vec<Mistake>,
}

pub(super) fn load(extra: &str) -> Result<PolicySet, PolicyError> {
    let schema = Schema::from_str(SCHEMA).map_err(|e| PolicyError::Schema(e.to_string()))?;
    let words = Words::new().map_err(|Unusable(text)| PolicyError::Schema(text))?;
    let mut named = Named::default();
    for text in SHIPPED {
        named.take(text, true)?;
    }
    named.take(extra, false)?;
    let whole = named.checked(&schema, extra)?;
    let places: HashMap<_, _> =
        named.infos.iter().enumerate().map(|(place, info)| (info.id.clone(), place)).collect();
    let slices = actions()
        .map(|action| Ok((action, slice(&whole, &schema, &words.action_uid(action), &places)?)))
        .collect::<Result<_, PolicyError>>()?;
    Ok(PolicySet { schema, words, policies: named.infos, places, slices, digest: digest(extra) })
}

impl Named {
    /// Parses `text` and renames each policy to its `@id`.
    fn take(&mut self, text: &str, shipped: bool) -> Result<(), PolicyError> {
        let parsed = CedarSet::from_str(text).map_err(|errors| syntax(text, &errors))?;
        for policy in parsed.policies() {
            let annotation = |key: &str| policy.annotation(key);
            if let Some(info) = self.name(policy.id(), annotation, forbids(policy.effect()), shipped) {
                self.policies.push(policy.new_id(PolicyId::new(&info.id)));
                self.infos.push(info);
            }
        }
        for template in parsed.templates() {
            if !shipped {
                let message = "has slots such as ?principal; a department's policies name whom they mean";
                self.mistakes.push(Mistake::in_policy(place(template.id()), message));
                continue;
            }
            let annotation = |key: &str| template.annotation(key);
            if let Some(info) = self.name(template.id(), annotation, forbids(template.effect()), shipped) {
                self.templates.push(template.new_id(PolicyId::new(&info.id)));
                self.infos.insert(0, info);
            }
        }
        Ok(())
    }

    /// What the annotations say, or a mistake.
    fn name<'a>(
        &mut self,
        at: &PolicyId,
        annotation: impl Fn(&str) -> Option<&'a str>,
        forbids: bool,
        shipped: bool,
    ) -> Option<PolicyInfo> {
        let value =
            |key: &str| annotation(key).filter(|value| !value.trim().is_empty()).map(ToOwned::to_owned);
        let (Some(id), Some(text_en), Some(text_zh)) = (value("id"), value("en"), value("zh")) else {
            let missing: Vec<_> = ["id", "en", "zh"].into_iter().filter(|key| value(key).is_none()).collect();
            let message =
                format!("has no @{}; write @id, @en and @zh before every policy", missing.join(" and no @"));
            self.mistakes.push(Mistake::in_policy(place(at), message));
            return None;
        };
        if let Err(error) = id.parse::<Name>() {
            self.mistakes.push(Mistake::in_policy(place(at), error.to_string()));
            return None;
        }
        if self.infos.iter().any(|info| info.id == id) {
            self.mistakes.push(Mistake::in_policy(&id, "is there already; give this one another @id"));
            return None;
        }
        let code = self.code(&id, value("code"))?;
        Some(PolicyInfo { id, text_en, text_zh, code, forbids, shipped })
    }

    /// The error code that a deny by the policy `id` has, or a mistake.
    fn code(&mut self, id: &str, written: Option<String>) -> Option<ErrorCode> {
        let Some(written) = written else { return Some(ErrorCode::Denied) };
        let code = written.parse().ok().filter(|code: &ErrorCode| code.class() == ErrorClass::Policy);
        if code.is_none() {
            let message =
                format!("has the @code {written:?}, which is no code of a policy's; see docs/errors.md");
            self.mistakes.push(Mistake::in_policy(id, message));
        }
        code
    }

    /// Everything in one Cedar set, strictly validated.
    fn checked(&mut self, schema: &Schema, extra: &str) -> Result<CedarSet, PolicyError> {
        let mut whole = CedarSet::new();
        for policy in &self.policies {
            whole.add(policy.clone()).map_err(|e| refused(policy.id(), &e))?;
        }
        for template in &self.templates {
            whole.add_template(template.clone()).map_err(|e| refused(template.id(), &e))?;
        }
        let result = Validator::new(schema.clone()).validate(&whole, ValidationMode::Strict);
        for error in result.validation_errors() {
            self.mistakes.push(mistake(extra, error.policy_id(), error));
        }
        for warning in result.validation_warnings().filter(|warning| !harmless(warning)) {
            self.mistakes.push(mistake(extra, warning.policy_id(), warning));
        }
        if self.mistakes.is_empty() {
            return Ok(whole);
        }
        Err(PolicyError::Refused(std::mem::take(&mut self.mistakes)))
    }
}

/// Mixed scripts are usual in Chinese texts with Latin names. A policy that can never apply, and text
/// that reads otherwise than it is written, are mistakes.
const fn harmless(warning: &ValidationWarning) -> bool {
    matches!(
        warning,
        ValidationWarning::MixedScriptString(_)
            | ValidationWarning::MixedScriptIdentifier(_)
            | ValidationWarning::ConfusableIdentifier(_)
    )
}

/// The policies of `whole` that can apply to `action`.
fn slice(
    whole: &CedarSet,
    schema: &Schema,
    action: &EntityUid,
    places: &HashMap<String, usize>,
) -> Result<Slice, PolicyError> {
    let mut set = CedarSet::new();
    let mut permits = Vec::new();
    for policy in whole.policies() {
        if policy.get_valid_request_envs(schema).all(|env| env.action() != action) {
            continue;
        }
        if !forbids(policy.effect()) {
            permits.extend(places.get(AsRef::<str>::as_ref(policy.id())));
        }
        set.add(policy.clone()).map_err(|e| refused(policy.id(), &e))?;
    }
    let id: &str = action.id().as_ref();
    if let Some(template) = whole.template(&PolicyId::new(CONTRACT)).filter(|_| id == RUN_JOB) {
        permits.extend(places.get(CONTRACT));
        set.add_template(template.clone()).map_err(|e| refused(template.id(), &e))?;
    }
    permits.sort_unstable();
    Ok(Slice { set, permits })
}

/// Each text with its length, so that no text can pass for the end of another.
fn digest(extra: &str) -> sm3::Digest {
    let mut hasher = sm3::Hasher::new();
    for text in [SCHEMA].into_iter().chain(SHIPPED).chain([extra]) {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finish()
}

fn syntax(text: &str, errors: &cedar_policy::ParseErrors) -> PolicyError {
    let mistakes = errors.iter().map(|error| Mistake {
        line: line(text, error),
        policy: None,
        message: error.to_string(),
    });
    PolicyError::Syntax(mistakes.collect())
}

fn mistake(text: &str, policy: &PolicyId, problem: &(impl Diagnostic + std::fmt::Display)) -> Mistake {
    let help = problem.help().map(|help| format!(" ({help})")).unwrap_or_default();
    let problem_text = problem.to_string();
    // Cedar names the policy too; once is enough.
    let short = problem_text.strip_prefix(&format!("for policy `{policy}`")).unwrap_or(&problem_text);
    Mistake {
        line: line(text, problem),
        policy: Some(policy.to_string()),
        message: format!("{}{help}", short.trim_start_matches([',', ':', ' '])),
    }
}

fn refused(policy: &PolicyId, error: &impl std::fmt::Display) -> PolicyError {
    PolicyError::Refused(vec![Mistake::in_policy(policy.to_string(), error.to_string())])
}

/// The line of the first place a diagnostic points at.
fn line(text: &str, diagnostic: &impl Diagnostic) -> Option<usize> {
    let offset = diagnostic.labels()?.next()?.offset();
    Some(text.get(..offset)?.matches('\n').count() + 1)
}

/// A policy that has no id of its own yet, by its place in the text: Cedar counts from `policy0`.
fn place(id: &PolicyId) -> String {
    let text: &str = id.as_ref();
    let number = text.strip_prefix("policy").and_then(|digits| digits.parse::<usize>().ok());
    number.map_or_else(|| text.to_owned(), |number| format!("number {}", number + 1))
}
