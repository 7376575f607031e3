//! The listening side: connections and streams in, requests to [`crate::reply`], answers out.
//! Everything is bounded: connections in all and per identity, streams, frame sizes, time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use qianmo_certs::{CertError, Usage};
use qianmo_proto::{ErrorCode, Identity, Reply, RequestHeader, WireError};
use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream};
use rustls::pki_types::CertificateDer;

use crate::{
    auth::Peer,
    net::{close, frame, quic::HandshakeInfo},
    node::Shared,
    reply::{self, Answer},
};

/// A handshake takes milliseconds.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Above this many open handshakes, addresses must prove themselves first (RFC 9000, 8.1.2).
const UNPROVEN_HANDSHAKES: usize = 32;

/// Accepts connections until the node shuts down.
pub(crate) async fn serve(node: Shared, endpoint: Endpoint) {
    let slots = Slots::default();
    let mut stop = node.stopping();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some(incoming) = incoming else { break };
        if let Some(incoming) = admit(&node, &slots, incoming) {
            tokio::spawn(connection(node.clone(), slots.clone(), incoming));
        }
    }
}

/// Turns away what the node has no room for, before any public-key work.
fn admit(node: &Shared, slots: &Slots, incoming: Incoming) -> Option<Incoming> {
    if slots.connections() >= node.config.limits.connections {
        incoming.refuse();
        return None;
    }
    if slots.handshakes() >= UNPROVEN_HANDSHAKES && !incoming.remote_address_validated() {
        // A retry that cannot be sent is a packet lost: the client sends again.
        let _ = incoming.retry();
        return None;
    }
    Some(incoming)
}

async fn connection(node: Shared, slots: Slots, incoming: Incoming) {
    let remote = incoming.remote_address();
    let handshake = slots.begin_handshake();
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(e) => return tracing::debug!(%remote, error = %e, "connection not accepted"),
    };
    let connection = match tokio::time::timeout(HANDSHAKE_TIMEOUT, connecting).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(e)) => return tracing::info!(%remote, error = %e, "handshake failed"),
        Err(_) => return tracing::info!(%remote, "handshake took more than 5 s"),
    };
    drop(handshake);
    match peer_of(&node, &connection) {
        Ok(peer) => match slots.enter(peer.identity(), node.config.limits.connections_per_identity) {
            Some(_slot) => requests(&node, &peer, &connection).await,
            None => {
                tracing::warn!(peer = %peer.identity(), "too many connections of one identity");
                connection.close(close::NO_ROOM, b"too many connections of this identity; close some");
            }
        },
        Err(e) => {
            tracing::warn!(%remote, error = %e, "connection refused");
            close::refuse(&connection, &e);
        }
    }
}

/// The peer behind a finished handshake: the verifier has judged the chain, this reads who it is.
fn peer_of(node: &Shared, connection: &Connection) -> Result<Peer, CertError> {
    let chain = connection
        .peer_identity()
        .and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok())
        .ok_or(CertError::NoCertificate)?;
    let info = connection
        .handshake_data()
        .and_then(|any| any.downcast::<HandshakeInfo>().ok())
        .ok_or_else(|| CertError::Tls("the handshake left no parameters".to_owned()))?;
    let (leaf, intermediates) = chain.split_first().ok_or(CertError::NoCertificate)?;
    let verified = node.trust.current().verify_chain(leaf, intermediates, Usage::Client, node.now_ms())?;
    Ok(Peer { verified, group: info.group_name(), suite: info.suite_name() })
}

/// Takes requests until the connection ends or the node shuts down.
async fn requests(node: &Shared, peer: &Peer, connection: &Connection) {
    tracing::debug!(peer = %peer.identity(), group = %peer.group, "connected");
    let mut stop = node.stopping();
    loop {
        let streams = tokio::select! {
            streams = connection.accept_bi() => streams,
            _ = stop.wait_for(|stop| *stop) => return connection.close(close::SHUTTING_DOWN, b"shutting down"),
        };
        let (send, recv) = match streams {
            Ok(streams) => streams,
            Err(e) => return tracing::debug!(peer = %peer.identity(), reason = %e, "disconnected"),
        };
        if let Err(e) = node.trust.still_valid(&peer.verified, node.now_ms()) {
            tracing::warn!(peer = %peer.identity(), error = %e, "certificate no longer valid");
            return close::refuse(connection, &e);
        }
        let (node, peer) = (node.clone(), peer.clone());
        tokio::spawn(async move { stream(&node, &peer, send, recv).await });
    }
}

async fn stream(node: &Shared, peer: &Peer, mut send: SendStream, mut recv: RecvStream) {
    let answer = match request(node, peer, &mut recv).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(peer = %peer.identity(), code = %error.code, message = %error.message, "refused");
            // What else the client sends on this stream is not wanted.
            let _ = recv.stop(0u32.into());
            Answer { reply: Reply::error(error), body: vec![] }
        }
    };
    let stall = node.config.limits.stall;
    let written = match framed(answer) {
        Ok((header, body)) => frame::write(&mut send, &header, &body, stall).await,
        Err(e) => Err(e),
    };
    if let Err(e) = written {
        tracing::debug!(peer = %peer.identity(), error = %e, "the answer was not taken");
        let _ = send.reset(0u32.into());
        return;
    }
    // Without this the stream's end could be lost with the task; a client that never reads is cut off.
    let _ = tokio::time::timeout(stall, send.stopped()).await;
}

/// An answer as it is written; instead of one that no client would take, a refusal that says so.
fn framed(answer: Answer) -> Result<(Vec<u8>, Vec<u8>), WireError> {
    let Answer { reply, body } = answer;
    frame::encode(&reply).map(|header| (header, body)).or_else(|e| {
        let text = format!("the answer is too long: {}; ask for less", e.message);
        Ok((frame::encode(&Reply::error(WireError::new(ErrorCode::TooLarge, text)))?, vec![]))
    })
}

async fn request(node: &Shared, peer: &Peer, recv: &mut RecvStream) -> Result<Answer, WireError> {
    let bytes = frame::read_header(recv, node.config.limits.stall).await?;
    let RequestHeader { request, body, .. } = RequestHeader::parse(&bytes)?;
    drop(bytes);
    reply::answer(node, peer, request, body, recv).await
}

/// Counts of what is open. Guards give their place back when dropped.
#[derive(Clone, Default)]
struct Slots(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    handshakes: usize,
    connections: usize,
    by_identity: HashMap<Identity, usize>,
}

struct Handshake(Slots);

struct Slot(Slots, Identity);

impl Slots {
    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> usize {
        let counts = self.lock();
        counts.connections + counts.handshakes
    }

    fn handshakes(&self) -> usize {
        self.lock().handshakes
    }

    fn begin_handshake(&self) -> Handshake {
        self.lock().handshakes += 1;
        Handshake(self.clone())
    }

    fn enter(&self, identity: &Identity, most: usize) -> Option<Slot> {
        let mut counts = self.lock();
        let own = counts.by_identity.entry(identity.clone()).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        counts.connections += 1;
        Some(Slot(self.clone(), identity.clone()))
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.0.lock().handshakes -= 1;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.0.lock();
        counts.connections -= 1;
        if let Some(own) = counts.by_identity.get_mut(&self.1) {
            *own -= 1;
            if *own == 0 {
                counts.by_identity.remove(&self.1);
            }
        }
    }
}
