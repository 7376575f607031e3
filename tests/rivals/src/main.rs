#![forbid(unsafe_code)]
//! Qianmo's transport beside quinn's usual one, measured by the same loops in one process and one run.
//!
//! `ours` is the product's own glue, compiled from its sources, with SM2 certificates and TLS_SM4_GCM_SM3; `usual`
//! is quinn over rustls and ring: P-256 certificates, AES-128-GCM. Both check certificates and a CRL on both sides,
//! use the same socket buffers and windows, and resume nothing.
//!
//! `qianmo-rivals [BYTES [HANDSHAKES]]` prints one line of JSON for each measurement. Times are CPU time of the
//! whole process, both ends together, so that other work on the machine disturbs them little.

mod cost;
mod link;
mod ours;
mod usual;

/// The product's glue. It is private to the node, and a copy would be no measurement of it.
#[path = "../../../node/src/net"]
mod net {
    #[expect(dead_code, reason = "the names of group and suite are for the node's views")]
    pub(crate) mod quic;
}

use std::{env, error::Error};

use qianmo_crypto::tls::Group;
use serde_json::json;

use crate::{
    cost::Cost,
    link::{Link, Side},
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

const GIB: u64 = 1 << 30;
/// Transfers of the usual stack: it is so much quicker that one would be within the clock's error.
const USUAL_TURNS: u64 = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let bytes = arguments.next().map_or(Ok(GIB), |text| text.parse())?;
    let handshakes = arguments.next().map_or(Ok(1000), |text| text.parse())?;

    transfer("ring AES-128-GCM", usual::side()?, bytes, USUAL_TURNS).await?;
    transfer("SM4-GCM", ours::side(Group::CurveSm2MlKem768)?, bytes, 1).await?;
    greet("ring P-256", usual::side()?, handshakes).await?;
    for group in [Group::CurveSm2, Group::CurveSm2MlKem768] {
        greet(&group.to_string(), ours::side(group)?, handshakes).await?;
    }
    Ok(())
}

async fn transfer(name: &str, side: Side, bytes: u64, turns: u64) -> Result<()> {
    let mut link = Link::open(side)?;
    let (connection, peer) = link.connect().await?;
    let cost = Cost::start()?;
    for _ in 0..turns {
        link::transfer(&connection, &peer, bytes).await?;
    }
    report("transfer", name, bytes * turns, &cost, &connection)
}

async fn greet(name: &str, side: Side, handshakes: u64) -> Result<()> {
    let mut link = Link::open(side)?;
    let (connection, _peer) = link.connect().await?;
    let cost = Cost::start()?;
    for _ in 0..handshakes {
        link.connect().await?;
    }
    report("handshake", name, handshakes, &cost, &connection)
}

fn report(what: &str, name: &str, count: u64, cost: &Cost, connection: &quinn::Connection) -> Result<()> {
    let (cpu_s, wall_s) = cost.so_far()?;
    let lost = connection.stats().path.lost_packets;
    println!(
        "{}",
        json!({ "what": what, "name": name, "count": count, "cpu_s": cpu_s, "wall_s": wall_s, "lost": lost })
    );
    Ok(())
}
