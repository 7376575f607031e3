#![forbid(unsafe_code)]
//! Qianmo's transport beside quinn's usual one, measured by the same loops in one process and one run.
//!
//! `ours` is the product's own glue, compiled from its sources, with SM2 certificates and TLS_SM4_GCM_SM3; `usual`
//! is quinn over rustls and ring: P-256 certificates, AES-128-GCM. Both check certificates and a CRL on both sides,
//! use the same socket buffers and windows, and resume nothing.
//!
//! `qianmo-rivals [BYTES [HANDSHAKES]]` has the stacks take turns and prints one line of JSON for each turn, so that what
//! disturbs the machine for a while disturbs all. Times are CPU time of the whole process, both ends together.

mod cost;
mod link;
mod ours;
mod usual;

/// The product's glue. It is private to its crate, and a copy would be no measurement of it.
#[path = "../../../node/net/src"]
mod net {
    #[expect(dead_code, reason = "the names of group and suite are for the node's views")]
    pub(crate) mod quic;
}

use std::{env, error::Error};

use qianmo_crypto::tls::Group;
use quinn::Connection;
use serde_json::json;

use crate::{
    cost::Cost,
    link::{Link, Side},
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

const GIB: u64 = 1 << 30;
/// Turns of each stack.
const TURNS: usize = 9;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let bytes = arguments.next().map_or(Ok(GIB), |text| text.parse())?;
    let handshakes = arguments.next().map_or(Ok(200), |text| text.parse())?;

    let stacks = [
        Stack::new("ring AES-128-GCM", usual::side()?).await?,
        Stack::new("SM4-GCM", ours::side(Group::CurveSm2MlKem768)?).await?,
    ];
    for _ in 0..TURNS {
        for stack in &stacks {
            stack.transfer(bytes).await?;
        }
    }
    let mut stacks = [
        Stack::new("ring P-256", usual::side()?).await?,
        Stack::new(&Group::CurveSm2.to_string(), ours::side(Group::CurveSm2)?).await?,
        Stack::new(&Group::CurveSm2MlKem768.to_string(), ours::side(Group::CurveSm2MlKem768)?).await?,
    ];
    for _ in 0..TURNS {
        for stack in &mut stacks {
            stack.greet(handshakes).await?;
        }
    }
    Ok(())
}

/// One way to do it, with a connection that stays open.
struct Stack {
    name: String,
    link: Link,
    connection: Connection,
    peer: Connection,
}

impl Stack {
    async fn new(name: &str, side: Side) -> Result<Self> {
        let mut link = Link::open(side)?;
        let (connection, peer) = link.connect().await?;
        Ok(Self { name: name.into(), link, connection, peer })
    }

    async fn transfer(&self, bytes: u64) -> Result<()> {
        let before = self.lost();
        let cost = Cost::start();
        link::transfer(&self.connection, &self.peer, bytes).await?;
        self.report("transfer", bytes, &cost, self.lost() - before);
        Ok(())
    }

    async fn greet(&mut self, handshakes: u64) -> Result<()> {
        let (cost, mut lost) = (Cost::start(), 0);
        for _ in 0..handshakes {
            let (connection, _peer) = self.link.connect().await?;
            lost += connection.stats().path.lost_packets;
        }
        self.report("handshake", handshakes, &cost, lost);
        Ok(())
    }

    /// Packets that this side sent and had to send again.
    fn lost(&self) -> u64 {
        self.connection.stats().path.lost_packets
    }

    fn report(&self, what: &str, count: u64, cost: &Cost, lost: u64) {
        let (cpu_s, wall_s) = cost.so_far();
        let name = &self.name;
        let line = json!({ "what": what, "name": name, "count": count, "cpu_s": cpu_s, "wall_s": wall_s, "lost": lost });
        println!("{line}");
    }
}
