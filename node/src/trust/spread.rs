//! Newer revocation lists from peers: whoever has one soon has all. A peer is believed in nothing; what counts is the
//! CA's signature, and that the list is newer than the one in use.

use std::{fs, time::Duration};

use qianmo_proto::{Identity, Request, WireError, limits, views::ListView};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::keep;
use crate::{
    net::{client::Allowance, peers::silent},
    node::Shared,
};

/// How long a peer's lists may be in coming.
const FETCH: Duration = Duration::from_secs(30);

/// Asks the peers again and again, until the node stops.
pub(crate) async fn run(node: Shared) {
    let Some(every) = node.config.crl_fetch else { return };
    let mut stop = node.stopping();
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = round(&node) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Asks every peer once, one after the other.
async fn round(node: &Shared) {
    let peers: Vec<(Identity, String)> =
        node.state().peers.iter().map(|(peer, address)| (peer.clone(), address.clone())).collect();
    for (peer, address) in peers {
        if node.breakers.admit(&peer, node.now_ms()).is_err() {
            continue;
        }
        let asked = timeout(FETCH, fetch(node, &peer, &address)).await;
        let offered = asked.unwrap_or_else(|_| Err(silent(&peer, &address, FETCH)));
        node.breakers.note(&peer, offered.as_ref().err(), node.now_ms());
        match offered {
            Ok(pem) if pem.is_empty() => {}
            Ok(pem) => take(node, &peer, pem).await,
            Err(error) => {
                node.links.forget(&peer).await;
                tracing::debug!(%peer, %error, "the peer was not asked for newer revocation lists");
            }
        }
    }
}

/// The lists that `peer` has and this node lacks, PEM.
async fn fetch(node: &Shared, peer: &Identity, address: &str) -> Result<String, WireError> {
    let have = super::lists(node).into_iter().map(|list| (list.issuer, list.number)).collect();
    let allowed = Allowance { patience: node.config.limits.search, bytes: limits::HEADER_BYTES };
    let asked = node.links.exchange::<Vec<ListView>>(peer, address, Request::CrlGet { have }, allowed);
    let (_, pem) = asked.await?;
    // What is no text is no list either: it will not parse.
    Ok(String::from_utf8_lossy(&pem).into_owned())
}

/// Puts an offered list in use, if it is one, off the runtime: megabytes may have to be parsed and kept.
async fn take(node: &Shared, peer: &Identity, pem: String) {
    let shared = node.clone();
    let taken = tokio::task::spawn_blocking(move || adopt(&shared, &pem)).await;
    match taken.map_err(|e| e.to_string()).flatten() {
        Ok(true) => tracing::info!(%peer, "a newer revocation list came from a peer and is in use"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%peer, error, "the revocation list offered by a peer is not used"),
    }
}

fn adopt(node: &Shared, pem: &str) -> Result<bool, String> {
    let config = &node.config;
    let roots = fs::read_to_string(&config.files.roots).map_err(|e| e.to_string())?;
    let newer =
        node.trust.adopt(&roots, pem, config.crl_grace_s, node.now_ms()).map_err(|e| e.to_string())?;
    if newer && let Err(e) = keep(config, &node.trust.current().lists_pem()) {
        tracing::error!(error = %e, "the revocation list in use is not kept; an older one could be used after a restart");
    }
    Ok(newer)
}
