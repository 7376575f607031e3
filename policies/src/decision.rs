//! What a decision says: effect, the policies that made it, and what the executor is bound by.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{ErrorCode, Name, contract::OutputKind};
use serde::{Deserialize, Serialize};

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// A policy permits it, none forbids it, and none failed.
    Allow,
    /// Anything else.
    Deny,
}

/// One policy that made a decision, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The policy's `@id`; `contract:<contract id>` for a contract; `deny:default` where no policy
    /// permits; `deny:error` where a policy or the input failed.
    pub policy_id: String,
    /// The policy's `@en`.
    pub text_en: String,
    /// The policy's `@zh`.
    pub text_zh: String,
    /// What a caller's program is told where this denies: the policy's `@code`.
    pub code: ErrorCode,
}

/// What the node is bound by while it does what was allowed: the values the decision was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligations {
    /// The only fields the model may read, in the order asked.
    pub fields: Vec<Name>,
    /// The only model that may run.
    pub model: Digest,
    /// SM3 of the only parameters it may be given.
    pub params: Digest,
    /// The only kind of result that may leave.
    pub output: OutputKind,
    /// Fewest contributors to a released cell.
    pub min_cell: u32,
    /// Whether text columns may appear in result tables.
    pub strings: bool,
    /// Most rounds of one federated run.
    pub max_rounds: u32,
    /// Last moment of use, UNIX milliseconds: a job still running then is stopped.
    pub until_ms: i64,
    /// Whether the result waits for a steward even if it breaks no disclosure rule.
    pub review: bool,
}

impl Obligations {
    /// As `name = value` pairs for people: trail entries and the answer to "why".
    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let fields: Vec<_> = self.fields.iter().map(Name::as_str).collect();
        let pairs: [(&str, String); 9] = [
            ("fields", fields.join(",")),
            ("model", self.model.to_string()),
            ("params", self.params.to_string()),
            ("output", self.output.as_str().to_owned()),
            ("min_cell", self.min_cell.to_string()),
            ("strings", self.strings.to_string()),
            ("max_rounds", self.max_rounds.to_string()),
            ("until_ms", self.until_ms.to_string()),
            ("review", self.review.to_string()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The answer of [`crate::PolicySet`]. Only this crate makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// Allow or deny.
    pub effect: Effect,
    /// The policies that made it, most basic first; never empty.
    pub reasons: Vec<Reason>,
    /// What binds the node; present exactly when a job was allowed.
    pub obligations: Option<Obligations>,
    /// What failed while deciding; then the effect is a deny.
    pub errors: Vec<String>,
}

impl Decision {
    /// Whether it is an allow.
    pub fn is_allow(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// The ids of the policies that made it.
    pub fn policy_ids(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(|reason| reason.policy_id.as_str())
    }

    pub(crate) const fn allow(reasons: Vec<Reason>, obligations: Option<Obligations>) -> Self {
        Self { effect: Effect::Allow, reasons, obligations, errors: Vec::new() }
    }

    pub(crate) const fn deny(reasons: Vec<Reason>, errors: Vec<String>) -> Self {
        Self { effect: Effect::Deny, reasons, obligations: None, errors }
    }
}
