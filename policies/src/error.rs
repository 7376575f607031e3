//! Why a policy text was refused.

use std::fmt;

/// Why policies were not loaded. Nothing of a refused text is in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The text is not Cedar.
    #[error("the policy text does not parse; correct it and load again:{}", list(.0))]
    Syntax(Vec<Mistake>),
    /// It is Cedar, but not policies of Qianmo: all mistakes at once.
    #[error("the policies are refused; correct them and load again:{}", list(.0))]
    Refused(Vec<Mistake>),
    /// The schema built into this program is broken: a fault of the program.
    #[error("the built-in policy schema is broken: {0}; report this as a fault of Qianmo")]
    Schema(String),
}

/// One mistake in a policy text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line in the text handed to [`crate::PolicySet::load`], from 1, where it is known.
    pub line: Option<usize>,
    /// The policy, where it is known: its `@id`, or its place in the text.
    pub policy: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    pub(crate) fn in_policy(policy: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line: None, policy: Some(policy.into()), message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(policy) = &self.policy {
            write!(f, "policy {policy}: ")?;
        }
        f.write_str(&self.message)
    }
}

fn list(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect()
}
