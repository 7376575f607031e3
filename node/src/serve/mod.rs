//! Requests in, answers out. A new verb: its type in `qianmo_proto::ask`, its handler in the folder of its noun, its
//! line in [`router`].

pub(crate) mod payload;
mod router;
pub(crate) mod verb;
