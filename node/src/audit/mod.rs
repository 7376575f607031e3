//! The trail for those who read it.

pub(crate) mod handlers;
