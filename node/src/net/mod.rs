//! The wire: QUIC endpoints, frames, the server loop and the client. Knows nothing of jobs or policy.

pub(crate) mod breaker;
pub mod client;
pub(crate) mod close;
pub mod endpoint;
pub(crate) mod frame;
pub(crate) mod links;
pub(crate) mod peers;
pub(crate) mod quic;
pub(crate) mod server;
