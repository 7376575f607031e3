#![forbid(unsafe_code)]
//! The Qianmo node: a department's daemon, and the command line that talks to it.
//!
//! A newcomer starts at `pipeline.rs`, which tells one job's way through the node, and at [`node::Node`],
//! which puts the parts together. This crate is **not** where cryptography, certificates, policies, the
//! sandbox, the trail's mathematics or the query engine live: each has a crate of its own, and this one
//! alone knows the network.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use qianmo::{clock::SystemClock, config::Config, node::{Node, ServeOptions}};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::load(Path::new("hospital-a"))?;
//! let mut node = Node::bind(config, Arc::new(SystemClock), ServeOptions::default()).await?;
//! println!("listening on {}", node.address());
//! node.join().await;
//! # Ok(())
//! # }
//! ```

mod auth;
mod authorize;
mod catalog;
mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
mod egress;
mod exchange;
mod expiry;
pub mod fault;
pub mod federated;
mod files;
mod job;
pub mod keys;
pub mod net;
pub mod node;
mod pipeline;
mod preflight;
mod reply;
mod resume;
mod store;
mod tasks;
pub mod telemetry;
mod trail;
mod trust;
mod words;
