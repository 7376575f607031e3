#![forbid(unsafe_code)]
//! The wire: QUIC endpoints, frames, the asking and the listening side. The only crate with sockets.
//!
//! It knows who is at the other end ([`peer::Peer`]) and how to bring a request and its answer across. It is **not**
//! where a request is answered or decided on: a [`server::Service`] is, and it is handed in.
//!
//! ```no_run
//! use qianmo_net::{client::Client, credentials::Credentials};
//! use qianmo_proto::ask;
//!
//! # async fn ask(who: &Credentials) -> Result<(), Box<dyn std::error::Error>> {
//! let node = "qianmo://hospital-a/node/main".parse()?;
//! let groups = [qianmo_crypto::tls::Group::CurveSm2MlKem768];
//! let client = Client::connect(who, &node, "127.0.0.1:7443".parse()?, &groups).await?;
//! let info = client.call(ask::NodeInfo {}).await?;
//! println!("{} has {} entries", info.node, info.trail_size);
//! # Ok(())
//! # }
//! ```

pub mod breaker;
pub mod client;
pub mod clock;
mod close;
pub mod credentials;
pub mod endpoint;
mod frame;
pub mod keys;
pub mod links;
pub mod peer;
mod quic;
pub mod server;
