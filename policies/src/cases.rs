//! Cases: a request with the decision and the reasons expected of it, as a TOML text.
//!
//! The shipped cases are in `cases/`; a department writes its own in the same form. A file has one
//! `[base]` request, best one that is allowed, and `[[case]]` tables that say what differs from it:
//!
//! ```
//! use qianmo_policies::{PolicySet, cases};
//!
//! let own = r#"
//!     @id("embargo-2026")
//!     @en("Nothing runs on screening data before 2027.")
//!     @zh("2027 年之前不得使用筛查数据。")
//!     forbid (principal, action == Action::"runJob", resource == Dataset::"hospital-a/screening")
//!     when { context.now < 1798761600000 };
//! "#;
//! let cases = r#"
//!     [base]
//!     principal = "qianmo://university/consumer/wang"
//!     dataset = "hospital-a/screening"
//!     columns = [{ name = "radius", grade = "general-3" }]
//!     now_ms = 1798761599999
//!     contract.until_ms = 1900000000000
//!
//!     [[case]]
//!     name = "the last moment of 2026"
//!     effect = "deny"
//!     reasons = ["embargo-2026"]
//!
//!     [[case]]
//!     name = "the first moment of 2027"
//!     now_ms = 1798761600000
//!     effect = "allow"
//!     reasons = ["contract", "auto-release"]
//! "#;
//! for case in cases::parse(cases)? {
//!     let outcome = case.run(&PolicySet::load(own)?);
//!     assert!(outcome.mistakes.is_empty(), "{}: {:?}", outcome.name, outcome.mistakes);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::{Table, Value};

use crate::{Decision, Effect, PolicySet};
use ask::Ask;

mod ask;

/// Why a text of cases was refused.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Not TOML.
    #[error("the cases do not parse: {0}")]
    Toml(#[from] toml::de::Error),
    /// Not the tables a file of cases has.
    #[error("{0}; a file of cases has one [base] table and [[case]] tables, nothing else")]
    Shape(String),
    /// A case that cannot be put to the policies.
    #[error("case {name:?}: {message}")]
    Case {
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
}

/// A request and what is expected of it. docs/policies.md lists the keys; all but `name`, `effect`,
/// `reasons`, `principal` and `dataset` default to what an allowed job has.
#[derive(Debug, Clone)]
pub struct Case {
    expected: Expected,
    ask: Ask,
}

/// What came of one case.
#[derive(Debug, Clone)]
pub struct CaseOutcome {
    /// The case's name.
    pub name: String,
    /// What the policies said.
    pub decision: Decision,
    /// Where that is not what was expected; empty if all is well.
    pub mistakes: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    name: String,
    effect: Effect,
    /// Policy ids; a contract's is `contract`.
    reasons: BTreeSet<String>,
    /// Whether the allowed job's result must wait for a steward.
    #[serde(default)]
    review: bool,
}

impl Expected {
    const KEYS: [&str; 4] = ["name", "effect", "reasons", "review"];
}

/// The cases of a TOML text.
///
/// # Errors
/// The first case that is not one, by its name.
pub fn parse(text: &str) -> Result<Vec<Case>, CaseError> {
    let mut file: Table = text.parse()?;
    let base = match file.remove("base") {
        Some(Value::Table(base)) => base,
        None => Table::new(),
        Some(_) => return Err(CaseError::Shape("base is not a table".to_owned())),
    };
    let Some(Value::Array(cases)) = file.remove("case") else {
        return Err(CaseError::Shape("there is no [[case]]".to_owned()));
    };
    if let Some(key) = file.keys().next() {
        return Err(CaseError::Shape(format!("{key:?} is not known here")));
    }
    cases.into_iter().map(|case| Case::over(&base, case)).collect()
}

impl Case {
    fn over(base: &Table, differences: Value) -> Result<Self, CaseError> {
        let name = differences.get("name").and_then(Value::as_str).unwrap_or("without a name").to_owned();
        let wrong = |e: toml::de::Error| CaseError::Case { name: name.clone(), message: e.to_string() };
        let Value::Table(differences) = differences else {
            return Err(CaseError::Shape("a case is not a table".to_owned()));
        };
        let mut ask = base.clone();
        merge(&mut ask, differences);
        let expected: Table = Expected::KEYS.into_iter().filter_map(|key| ask.remove_entry(key)).collect();
        Ok(Self { expected: expected.try_into().map_err(wrong)?, ask: ask.try_into().map_err(wrong)? })
    }

    /// The case's name.
    pub fn name(&self) -> &str {
        &self.expected.name
    }

    /// Asks `policies` and compares.
    pub fn run(&self, policies: &PolicySet) -> CaseOutcome {
        let decision = self.ask.put_to(policies);
        CaseOutcome { name: self.expected.name.clone(), mistakes: self.expected.compare(&decision), decision }
    }
}

impl Expected {
    fn compare(&self, decision: &Decision) -> Vec<String> {
        let mut mistakes: Vec<_> = decision.errors.iter().map(|e| format!("an error: {e}")).collect();
        if decision.effect != self.effect {
            mistakes.push(format!("expected {:?}, got {:?}", self.effect, decision.effect));
        }
        // Which contract it was is not the case's to say.
        let stem = |id: &str| if id.starts_with("contract:") { "contract" } else { id }.to_owned();
        let reasons: BTreeSet<_> = decision.policy_ids().map(stem).collect();
        if reasons != self.reasons {
            mistakes.push(format!("expected reasons {:?}, got {reasons:?}", self.reasons));
        }
        let review = decision.obligations.as_ref().is_some_and(|bound| bound.review);
        if review != self.review {
            mistakes.push(format!("expected review = {}, got {review}", self.review));
        }
        mistakes
    }
}

/// Lays `differences` over `base`, table by table.
fn merge(base: &mut Table, differences: Table) {
    for (key, value) in differences {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
