//! The listening side: connections and streams in, requests to a [`Service`], answers out.
//! Everything is bounded: connections in all and per identity, streams, frame sizes, time.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use qianmo_certs::{CertError, Trust, Usage};
use qianmo_proto::{ErrorCode, Identity, Reply, RequestHeader, WireError};
use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream};
use rustls::pki_types::CertificateDer;
use tokio::sync::{oneshot, watch};

use crate::{clock::Clock, close, frame, peer::Peer, quic::HandshakeInfo};

/// A handshake takes milliseconds.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Above this many open handshakes, addresses must prove themselves first (RFC 9000, 8.1.2).
const UNPROVEN_HANDSHAKES: usize = 32;

/// Open handshakes at most. An honest one takes milliseconds, so of more the oldest is given up of the address that has
/// the most: whoever begins many and ends none takes nobody else's place.
const HANDSHAKES: usize = 1024;

/// Answers what comes in by the connections.
pub trait Service: Clone + Send + Sync + 'static {
    /// Answers one request of `peer`. An error is sent as the answer.
    fn answer(
        &self,
        peer: &Peer,
        request: RequestHeader,
        body: Body<'_>,
    ) -> impl Future<Output = Result<Answer, WireError>> + Send;
}

/// A reply header and its body.
pub struct Answer {
    /// The header.
    pub reply: Reply,
    /// What follows it.
    pub body: Vec<u8>,
}

/// The body of a request, still on its way.
pub struct Body<'a> {
    length: u64,
    stall: Duration,
    recv: &'a mut RecvStream,
}

impl Body<'_> {
    /// Reads it to its end; refuses one of more than `limit` bytes.
    ///
    /// # Errors
    /// Too long, broken off, or too slow.
    pub async fn read(self, limit: usize) -> Result<Vec<u8>, WireError> {
        frame::read_body(self.recv, self.length, limit, self.stall).await
    }

    /// For a request that has none.
    ///
    /// # Errors
    /// There is one.
    pub async fn none(self) -> Result<(), WireError> {
        self.read(0).await.map(drop)
    }
}

/// Who is let in, and how many.
#[derive(Clone)]
pub struct Admission {
    /// Whose certificates hold.
    pub trust: Arc<Trust>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one identity.
    pub connections_per_identity: usize,
    /// How long a peer may stall.
    pub stall: Duration,
}

/// One listening socket's parts, for every connection.
struct Server<S> {
    service: S,
    admission: Admission,
    slots: Slots,
    stop: watch::Receiver<bool>,
}

impl<S: Clone> Clone for Server<S> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            admission: self.admission.clone(),
            slots: self.slots.clone(),
            stop: self.stop.clone(),
        }
    }
}

/// Accepts connections until `stop` turns true.
pub(crate) async fn serve<S: Service>(
    endpoint: Endpoint,
    service: S,
    admission: Admission,
    mut stop: watch::Receiver<bool>,
) {
    let server = Server { service, admission, slots: Slots::default(), stop: stop.clone() };
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some(incoming) = incoming else { break };
        if let Some(incoming) = admit(&server.admission, &server.slots, incoming) {
            tokio::spawn(connection(server.clone(), incoming));
        }
    }
}

/// Turns away what the node has no room for, before any public-key work.
fn admit(admission: &Admission, slots: &Slots, incoming: Incoming) -> Option<Incoming> {
    if slots.connections() >= admission.connections {
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

async fn connection<S: Service>(server: Server<S>, incoming: Incoming) {
    let remote = incoming.remote_address();
    let mut handshake = server.slots.begin_handshake(remote.ip());
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(e) => return tracing::debug!(%remote, error = %e, "connection not accepted"),
    };
    let ended = tokio::select! {
        ended = tokio::time::timeout(HANDSHAKE_TIMEOUT, connecting) => ended,
        _ = &mut handshake.given_up => return tracing::debug!(%remote, "handshake given up for newer ones"),
    };
    let connection = match ended {
        Ok(Ok(connection)) => connection,
        Ok(Err(e)) => return tracing::info!(%remote, error = %e, "handshake failed"),
        Err(_) => return tracing::info!(%remote, "handshake took more than 5 s"),
    };
    drop(handshake);
    match peer_of(&server.admission, &connection) {
        Ok(peer) => match server.slots.enter(peer.identity(), server.admission.connections_per_identity) {
            Some(_slot) => requests(&server, &peer, &connection).await,
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
fn peer_of(admission: &Admission, connection: &Connection) -> Result<Peer, CertError> {
    let chain = connection
        .peer_identity()
        .and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok())
        .ok_or(CertError::NoCertificate)?;
    let info = connection
        .handshake_data()
        .and_then(|any| any.downcast::<HandshakeInfo>().ok())
        .ok_or_else(|| CertError::Tls("the handshake left no parameters".to_owned()))?;
    let (leaf, intermediates) = chain.split_first().ok_or(CertError::NoCertificate)?;
    let verified = admission.trust.current().verify_chain(
        leaf,
        intermediates,
        Usage::Client,
        admission.clock.now_ms(),
    )?;
    Ok(Peer { verified, group: info.group_name(), suite: info.suite_name() })
}

/// Takes requests until the connection ends or the node shuts down.
async fn requests<S: Service>(server: &Server<S>, peer: &Peer, connection: &Connection) {
    tracing::debug!(peer = %peer.identity(), group = %peer.group, "connected");
    let mut stop = server.stop.clone();
    loop {
        let streams = tokio::select! {
            streams = connection.accept_bi() => streams,
            _ = stop.wait_for(|stop| *stop) => return connection.close(close::SHUTTING_DOWN, b"shutting down"),
        };
        let (send, recv) = match streams {
            Ok(streams) => streams,
            Err(e) => return tracing::debug!(peer = %peer.identity(), reason = %e, "disconnected"),
        };
        if let Err(e) = server.admission.trust.still_valid(&peer.verified, server.admission.clock.now_ms()) {
            tracing::warn!(peer = %peer.identity(), error = %e, "certificate no longer valid");
            return close::refuse(connection, &e);
        }
        let (service, stall, peer) = (server.service.clone(), server.admission.stall, peer.clone());
        tokio::spawn(async move { stream(&service, stall, &peer, send, recv).await });
    }
}

async fn stream(
    service: &impl Service,
    stall: Duration,
    peer: &Peer,
    mut send: SendStream,
    mut recv: RecvStream,
) {
    let answer = match request(service, stall, peer, &mut recv).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(peer = %peer.identity(), code = %error.code, message = %error.message, "refused");
            // What else the client sends on this stream is not wanted.
            let _ = recv.stop(0u32.into());
            Answer { reply: Reply::error(error), body: vec![] }
        }
    };
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

async fn request(
    service: &impl Service,
    stall: Duration,
    peer: &Peer,
    recv: &mut RecvStream,
) -> Result<Answer, WireError> {
    let bytes = frame::read_header(recv, stall).await?;
    let request = RequestHeader::parse(&bytes)?;
    drop(bytes);
    let length = request.body;
    service.answer(peer, request, Body { length, stall, recv }).await
}

/// Counts of what is open. Guards give their place back when dropped.
#[derive(Clone, Default)]
struct Slots(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    /// Open handshakes, the oldest first.
    handshakes: VecDeque<Open>,
    begun: u64,
    connections: usize,
    by_identity: HashMap<Identity, usize>,
}

struct Open {
    number: u64,
    from: IpAddr,
    /// When it is dropped, the handshake's task hears of it and gives up.
    _ender: oneshot::Sender<()>,
}

impl Counts {
    /// Ends the oldest handshake of the address that has the most.
    fn give_one_up(&mut self) {
        let mut by_address: HashMap<IpAddr, usize> = HashMap::new();
        for open in &self.handshakes {
            *by_address.entry(open.from).or_default() += 1;
        }
        let busiest = by_address.into_iter().max_by_key(|(_, open)| *open).map(|(from, _)| from);
        let oldest = self.handshakes.iter().position(|open| Some(open.from) == busiest);
        oldest.and_then(|oldest| self.handshakes.remove(oldest));
    }
}

struct Handshake {
    slots: Slots,
    number: u64,
    /// Resolves when newer handshakes need the place.
    given_up: oneshot::Receiver<()>,
}

struct Slot(Slots, Identity);

impl Slots {
    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> usize {
        self.lock().connections
    }

    fn handshakes(&self) -> usize {
        self.lock().handshakes.len()
    }

    fn begin_handshake(&self, from: IpAddr) -> Handshake {
        let (ender, given_up) = oneshot::channel();
        let mut counts = self.lock();
        if counts.handshakes.len() >= HANDSHAKES {
            counts.give_one_up();
        }
        counts.begun += 1;
        let number = counts.begun;
        counts.handshakes.push_back(Open { number, from, _ender: ender });
        drop(counts);
        Handshake { slots: self.clone(), number, given_up }
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
        self.slots.lock().handshakes.retain(|open| open.number != self.number);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_given_up(handshake: &mut Handshake) -> bool {
        handshake.given_up.try_recv().is_err_and(|e| e == oneshot::error::TryRecvError::Closed)
    }

    #[test]
    fn who_begins_many_handshakes_and_ends_none_takes_nobody_elses_place() {
        let slots = Slots::default();
        let [quiet, flood] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut early = slots.begin_handshake(quiet);
        let mut open: Vec<Handshake> = (1..HANDSHAKES).map(|_| slots.begin_handshake(flood)).collect();
        assert!(!is_given_up(&mut early) && !open.iter_mut().any(is_given_up));
        let mut late = slots.begin_handshake(quiet);
        assert_eq!(slots.handshakes(), HANDSHAKES);
        assert!(is_given_up(&mut open[0]), "the oldest of the flood makes room");
        assert!(!open[1..].iter_mut().any(is_given_up));
        assert!(!is_given_up(&mut early) && !is_given_up(&mut late));
        assert_eq!(slots.connections(), 0, "handshakes take no connection's place");

        // One that has ended gives its own place back, and only that.
        drop(open.remove(0));
        assert_eq!(slots.handshakes(), HANDSHAKES);
        drop((early, late, open));
        assert_eq!(slots.handshakes(), 0);
    }
}
