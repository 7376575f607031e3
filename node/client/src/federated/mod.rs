//! Federated runs: rounds of ordinary jobs at several nodes, and the coordinator's half of the model between
//! them. The state goes out, aggregates come back, and only their sum reaches the model.
//!
//! [`Run`] is the logic, pure: `handle(event, now) -> effects`. [`drive`] carries the effects out over the
//! network. Neither sees a row: a site's rows never leave its sandbox.

mod convert;
mod drive;
mod receipt;
mod run;
mod site;

pub use convert::{from_sandbox, to_sandbox};
pub use drive::{Coordinator, Report, RunFault, drive};
pub use receipt::{Fetched, fetch_result};
pub use run::{Effect, Event, Failure, RoundReport, Run};
pub use site::{News, Site, Tell, Traffic};

#[cfg(test)]
mod tests;
