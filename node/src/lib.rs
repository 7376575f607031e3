#![forbid(unsafe_code)]
//! The Qianmo node: a department's daemon.
//!
//! A newcomer starts at `pipeline.rs`, which tells one job's way through the node, and at [`node::Node`],
//! which puts the parts together. This crate is **not** where cryptography, certificates, policies, the
//! sandbox, the trail's mathematics, the query engine or the wire live: each has a crate of its own. It opens no
//! socket and has no command line (`qianmo`).
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use qianmo_net::clock::SystemClock;
//! use qianmo_node::{config::Config, node::{Node, ServeOptions}};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::load(Path::new("hospital-a"))?;
//! let mut node = Node::bind(config, Arc::new(SystemClock), ServeOptions::default()).await?;
//! println!("listening on {}", node.address());
//! node.join().await;
//! # Ok(())
//! # }
//! ```

mod audit;
mod authorize;
mod catalog;
mod certificate;
mod charge;
pub mod config;
mod contracts;
pub mod expiry;
pub mod fault;
mod job;
mod models;
pub mod node;
mod page;
mod peers;
mod pipeline;
pub mod preflight;
mod results;
mod resume;
mod rooms;
mod serve;
pub mod start;
mod tasks;
pub mod telemetry;
mod trail;
mod trust;

use qianmo_certs::files;
use qianmo_egress as egress;
use qianmo_net::{self as net, clock, keys, peer as auth};
use qianmo_proto::words;
use qianmo_store as store;
