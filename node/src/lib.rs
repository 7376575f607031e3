#![forbid(unsafe_code)]
//! Node.
