//! A set of policies in force: loading, strict checks, slices, decisions.

use std::collections::{BTreeMap, HashMap};

use cedar_policy::{
    Authorizer, Decision as CedarDecision, Effect as CedarEffect, PolicyId, PolicySet as CedarSet, Request,
    Schema, SlotId,
};
use qianmo_crypto::sm3::Digest;
use qianmo_proto::{ErrorCode, Identity};

use crate::{
    decision::{Decision, Reason},
    error::PolicyError,
    facts::{Question, Unusable, Words},
    governance::{Governance, GovernanceInput, Target},
    job::{ContractFacts, JobInput},
    text,
};

mod load;

/// The permit template that a contract is a link of.
const CONTRACT: &str = "contract";
const RUN_JOB: &str = "runJob";
const AUTO_RELEASE: &str = "autoRelease";

/// One policy of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInfo {
    /// Its `@id`.
    pub id: String,
    /// Its `@en`.
    pub text_en: String,
    /// Its `@zh`.
    pub text_zh: String,
    /// Its `@code`, or [`ErrorCode::Denied`].
    pub code: ErrorCode,
    /// Whether it forbids; else it permits.
    pub forbids: bool,
    /// Whether every node has it; else the department added it.
    pub shipped: bool,
}

/// The shipped policies with a department's own, checked and ready to decide.
///
/// Deciding never mutates it: share one behind an `Arc` and replace the whole to change policies.
pub struct PolicySet {
    schema: Schema,
    words: Words,
    policies: Vec<PolicyInfo>,
    /// Place of each policy in `policies`.
    places: HashMap<String, usize>,
    /// For each action, the policies that can apply to it.
    slices: BTreeMap<&'static str, Slice>,
    digest: Digest,
}

/// The policies of one action: what a decision costs depends on these alone, not on how many
/// contracts there are.
struct Slice {
    set: CedarSet,
    /// Permits among them, for the words of a default deny.
    permits: Vec<usize>,
}

/// What Cedar says, before it becomes a [`Decision`].
struct Verdict {
    allowed: bool,
    reasons: Vec<Reason>,
    errors: Vec<String>,
}

impl PolicySet {
    /// The policies every node has.
    ///
    /// # Errors
    /// Only by a fault of this program; a test holds that there is none.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::load("")
    }

    /// The shipped policies and a department's own, `extra`, in Cedar's syntax.
    ///
    /// Every policy needs `@id`, `@en` and `@zh`, may say in `@code` what a caller's program is told, and must pass Cedar's strict validation against the
    /// schema. Own policies may permit and forbid, but no permit lifts a shipped forbid.
    ///
    /// # Errors
    /// All mistakes found; then nothing is loaded.
    pub fn load(extra: &str) -> Result<Self, PolicyError> {
        load::load(extra)
    }

    /// SM3 over schema and policies: two nodes with the same digest decide alike.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The policies in force, shipped ones first, in the order of their files.
    pub fn policies(&self) -> &[PolicyInfo] {
        &self.policies
    }

    /// May the job run, and what does that bind the node to?
    pub fn decide_job(&self, input: &JobInput<'_>) -> Decision {
        self.judge_job(input).unwrap_or_else(|Unusable(error)| unusable(error))
    }

    /// May it be done?
    pub fn decide_governance(&self, input: &GovernanceInput<'_>) -> Decision {
        self.judge_governance(input).unwrap_or_else(|Unusable(error)| unusable(error))
    }

    fn judge_job(&self, input: &JobInput<'_>) -> Result<Decision, Unusable> {
        let question = input.question(&self.words)?;
        let run = self.ask(RUN_JOB, &question, input.contract.as_ref())?;
        let Some(contract) = input.contract.as_ref().filter(|_| run.allowed) else {
            let denial = self.denial(RUN_JOB, input.principal, run);
            return Ok(text::naming_fields(denial, input.dataset, input.fields));
        };
        let release = self.ask(AUTO_RELEASE, &question, None)?;
        if !release.errors.is_empty() {
            return Ok(self.denial(AUTO_RELEASE, input.principal, release));
        }
        let obligations = input.obligations(contract, !release.allowed);
        let mut reasons = run.reasons;
        reasons.extend(release.reasons);
        Ok(Decision::allow(reasons, Some(obligations)))
    }

    fn judge_governance(&self, input: &GovernanceInput<'_>) -> Result<Decision, Unusable> {
        let action = input.action.as_str();
        let verdict = self.ask(action, &input.question(&self.words)?, None)?;
        if verdict.allowed {
            return Ok(Decision::allow(verdict.reasons, None));
        }
        let denial = self.denial(action, input.principal, verdict);
        Ok(match input.target {
            Target::Terms { dataset, terms, .. } => text::naming_fields(denial, dataset, &terms.fields),
            _ => denial,
        })
    }

    /// Puts one question to Cedar, over the action's slice and the link of the contract concerned.
    fn ask(
        &self,
        action: &'static str,
        question: &Question,
        contract: Option<&ContractFacts<'_>>,
    ) -> Result<Verdict, Unusable> {
        let slice = self.slices.get(action).ok_or_else(|| Unusable(format!("no slice for {action}")))?;
        let request = Request::new(
            question.principal.clone(),
            self.words.action_uid(action),
            question.resource.clone(),
            question.context.clone(),
            Some(&self.schema),
        )?;
        let answer = match contract {
            Some(contract) => {
                let linked = self.link(&slice.set, contract)?;
                Authorizer::new().is_authorized(&request, &linked, &question.entities)
            }
            None => Authorizer::new().is_authorized(&request, &slice.set, &question.entities),
        };
        let errors: Vec<_> = answer.diagnostics().errors().map(ToString::to_string).collect();
        Ok(Verdict {
            allowed: answer.decision() == CedarDecision::Allow && errors.is_empty(),
            reasons: self.reasons(answer.diagnostics().reason()),
            errors,
        })
    }

    fn link(&self, slice: &CedarSet, contract: &ContractFacts<'_>) -> Result<CedarSet, Unusable> {
        let mut linked = slice.clone();
        let slots = HashMap::from([
            (SlotId::principal(), self.words.identity_uid(contract.consumer)),
            (SlotId::resource(), self.words.dataset_uid(&contract.terms.dataset)),
        ]);
        linked.link(PolicyId::new(CONTRACT), PolicyId::new(format!("{CONTRACT}:{}", contract.id)), slots)?;
        Ok(linked)
    }

    /// The reasons in the order of the files.
    fn reasons<'a>(&self, ids: impl Iterator<Item = &'a PolicyId>) -> Vec<Reason> {
        let mut found: Vec<(usize, Reason)> = ids
            .filter_map(|id| {
                let id: &str = id.as_ref();
                let place = *self.places.get(id.split(':').next().unwrap_or(id))?;
                Some((place, Reason { policy_id: id.to_owned(), ..self.reason(place)? }))
            })
            .collect();
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, reason)| reason).collect()
    }

    fn reason(&self, place: usize) -> Option<Reason> {
        let policy = self.policies.get(place)?;
        Some(Reason {
            policy_id: policy.id.clone(),
            text_en: policy.text_en.clone(),
            text_zh: policy.text_zh.clone(),
            code: policy.code,
        })
    }

    /// A deny that always has a reason: the forbids, else the failure, else what would be permitted.
    fn denial(&self, action: &str, principal: &Identity, verdict: Verdict) -> Decision {
        let Verdict { reasons, errors, .. } = verdict;
        let forbids = |reason: &Reason| {
            self.places.get(&reason.policy_id).and_then(|p| self.policies.get(*p)).is_some_and(|p| p.forbids)
        };
        let mut reasons: Vec<Reason> = reasons.into_iter().filter(forbids).collect();
        if !errors.is_empty() {
            reasons.push(text::failed());
        }
        if reasons.is_empty() {
            let permits = self.slices.get(action).map_or(&[][..], |slice| &slice.permits);
            let permits: Vec<_> = permits.iter().filter_map(|place| self.reason(*place)).collect();
            reasons.push(text::default_deny(principal, action, &permits));
        }
        Decision::deny(reasons, errors)
    }
}

fn unusable(error: String) -> Decision {
    Decision::deny(vec![text::failed()], vec![error])
}

/// Every action of the schema.
fn actions() -> impl Iterator<Item = &'static str> {
    [RUN_JOB, AUTO_RELEASE].into_iter().chain(Governance::ALL.iter().map(|action| action.as_str()))
}

const fn forbids(effect: CedarEffect) -> bool {
    matches!(effect, CedarEffect::Forbid)
}

#[cfg(test)]
mod tests;
