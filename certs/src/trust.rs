//! Judging certificates: roots, CRLs, and the handle through which a running node reloads them.

mod authority;
mod crl;
mod handle;
mod store;

pub use crl::ListInfo;
pub use handle::Trust;
pub use store::{TrustStore, Usage, Verified};

#[cfg(test)]
mod tests;
