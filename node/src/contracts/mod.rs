//! Requests, approvals, contracts: what both sides sign before anything may run.

pub(crate) mod handlers;
pub(crate) mod requests;
