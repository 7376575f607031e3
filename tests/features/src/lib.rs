#![forbid(unsafe_code)]
//! Nothing: only this package's dependencies matter, see its `Cargo.toml`.
