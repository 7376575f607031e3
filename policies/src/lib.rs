#![forbid(unsafe_code)]
//! Policies.
