//! Models: how they come in, and the compiled ones.

pub(crate) mod compiled;
pub(crate) mod handlers;
