#![forbid(unsafe_code)]
//! The asking side of Qianmo above the wire: federated runs, and results checked against the node's signed word.
//!
//! It is **not** a command line (`qianmo`) and sees no row: a site's rows never leave its sandbox.

pub mod federated;
