//! Jobs: rows into the sandbox, the model's run, and the jobs that run right now.

pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod failure;
pub(crate) mod handlers;
pub(crate) mod inputs;
pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod run;
pub(crate) mod running;
pub(crate) mod stop;
