//! Newer revocation lists from peers: whoever has one soon has all. A peer is believed in nothing; what counts is the
//! CA's signature, and that the list is newer than the one in use.

use std::{fs, time::Duration};

use qianmo_proto::{Identity, WireError, ask::CrlGet, limits};
use tokio::{
    sync::watch::Receiver,
    time::{MissedTickBehavior, interval, timeout},
};

use super::keep;
use crate::{
    net::client::Allowance,
    peers::silent,
    rooms::{Books, Door},
};

/// How long a peer's lists may be in coming.
const FETCH: Duration = Duration::from_secs(30);

/// Asks the peers again and again, until the node stops.
pub(crate) async fn run(books: Books, door: Door, mut stop: Receiver<bool>) {
    let Some(every) = door.config.crl_fetch else { return };
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = round(&books, &door) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Asks every peer once, one after the other.
async fn round(books: &Books, door: &Door) {
    let peers: Vec<(Identity, String)> =
        books.state().peers.iter().map(|(peer, address)| (peer.clone(), address.clone())).collect();
    for (peer, address) in peers {
        if door.breakers.admit(&peer, books.now_ms()).is_err() {
            continue;
        }
        let asked = timeout(FETCH, fetch(door, &peer, &address)).await;
        let offered = asked.unwrap_or_else(|_| Err(silent(&peer, &address, FETCH)));
        door.breakers.note(&peer, offered.as_ref().err(), books.now_ms());
        match offered {
            Ok(pem) if pem.is_empty() => {}
            Ok(pem) => take(books, door, &peer, pem).await,
            Err(error) => {
                door.links.forget(&peer).await;
                tracing::debug!(%peer, %error, "the peer was not asked for newer revocation lists");
            }
        }
    }
}

/// The lists that `peer` has and this node lacks, PEM.
async fn fetch(door: &Door, peer: &Identity, address: &str) -> Result<String, WireError> {
    let have = super::lists(door).into_iter().map(|list| (list.issuer, list.number)).collect();
    let allowed = Allowance {
        patience: door.config.limits.search,
        bytes: limits::HEADER_BYTES,
        body: limits::CRL_BYTES,
    };
    let asked = door.links.exchange(peer, address, CrlGet { have }, allowed);
    let (_, pem) = asked.await?;
    // What is no text is no list either: it will not parse.
    Ok(String::from_utf8_lossy(&pem).into_owned())
}

/// Puts an offered list in use, if it is one, off the runtime: megabytes may have to be parsed and kept.
async fn take(books: &Books, door: &Door, peer: &Identity, pem: String) {
    let (door, now_ms) = (door.clone(), books.now_ms());
    let taken = tokio::task::spawn_blocking(move || adopt(&door, &pem, now_ms)).await;
    match taken.map_err(|e| e.to_string()).flatten() {
        Ok(true) => tracing::info!(%peer, "a newer revocation list came from a peer and is in use"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%peer, error, "the revocation list offered by a peer is not used"),
    }
}

fn adopt(door: &Door, pem: &str, now_ms: i64) -> Result<bool, String> {
    let config = &door.config;
    let roots = fs::read_to_string(&config.files.roots).map_err(|e| e.to_string())?;
    let newer = door.trust.adopt(&roots, pem, config.crl_grace_s, now_ms).map_err(|e| e.to_string())?;
    if newer && let Err(e) = keep(config, &door.trust.current().lists_pem()) {
        tracing::error!(error = %e, "the revocation list in use is not kept; an older one could be used after a restart");
    }
    Ok(newer)
}
