#![forbid(unsafe_code)]
//! What may happen on a node, decided by [Cedar](https://www.cedarpolicy.com) policies.
//!
//! The schema is in `schema/`, the policies every node has in `shipped/`, requests with their expected
//! decisions in `cases/`. A department adds its own policies with [`PolicySet::load`]; they are checked
//! strictly against the schema, and no policy of a department can lift a shipped `forbid`.
//!
//! What it promises: nothing is allowed unless a policy permits it; a forbid always wins; an error
//! anywhere is a deny; every decision names the policies that made it, in English and Chinese.
//!
//! It is **not** an enforcer: it opens nothing, runs nothing and keeps no counts. It does no I/O and
//! knows no clock. Everything a node will enforce is handed in ([`JobInput`]), and an allowed job binds
//! the node to the very values it was allowed for ([`Obligations`]).
//!
//! Main types: [`PolicySet`] decides [`JobInput`]s and [`GovernanceInput`]s into [`Decision`]s.
//!
//! ```
//! use qianmo_policies::{Governance, GovernanceInput, PolicySet, Target};
//!
//! let policies = PolicySet::shipped()?;
//! let decision = policies.decide_governance(&GovernanceInput {
//!     principal: &"qianmo://hospital-b/admin/zhao".parse()?,
//!     action: Governance::AddPeer,
//!     target: Target::Node { department: &"hospital-a".parse()? },
//!     now_ms: 0,
//! });
//! assert!(!decision.is_allow(), "an admin of another department adds no peers");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cases;
mod decision;
mod error;
mod facts;
mod governance;
mod job;
mod set;
mod text;

pub use decision::{Decision, Effect, Obligations, Reason};
pub use error::{Mistake, PolicyError};
pub use governance::{Governance, GovernanceInput, Target, UnknownAction};
pub use job::{ContractFacts, JobInput, KeyExchange, RoundFacts, UnknownKeyExchange};
pub use set::{PolicyInfo, PolicySet};

/// Fewest contributors to a released cell that any contract may name; held by the policy
/// `min-cell-floor`.
pub const MIN_CELL_FLOOR: u32 = 3;

/// Fewest contributors to a released cell where nobody says otherwise: the "rule of 10" of census bodies.
pub const MIN_CELL_DEFAULT: u32 = 10;
