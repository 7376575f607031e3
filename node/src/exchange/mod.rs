//! Requests, approvals, contracts: what both sides sign before anything may run.

pub(crate) mod contracts;
pub(crate) mod models;
pub(crate) mod requests;
