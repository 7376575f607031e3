//! The `qianmo` binary.
fn main() {}
