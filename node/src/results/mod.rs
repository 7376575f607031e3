//! Results: to fetch, to release, to keep back.

pub(crate) mod handlers;
