//! The asking side: one connection to a node, one stream a request.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use qianmo_crypto::tls::Group;
use qianmo_proto::{Ask, ErrorCode, Identity, Reply, RequestHeader, WireError, limits};
use quinn::{Connection, Endpoint};

use crate::{
    clock::TlsClock,
    close::{self, unreachable},
    credentials::Credentials,
    endpoint, frame, quic,
};

/// A handshake takes milliseconds; a key mismatch or a dead host shows only as silence.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to one node.
#[derive(Clone)]
pub struct Client {
    // Kept alive with the connection: quinn closes an endpoint that nobody holds.
    endpoint: Endpoint,
    connection: Connection,
    node: Identity,
}

impl Client {
    /// Connects to `node` at `address` and checks that it is the node it should be. The link counts as
    /// up only after a first answer: a TLS 1.3 client finishes before the server has judged it.
    pub async fn connect(
        who: &Credentials,
        node: &Identity,
        address: SocketAddr,
        groups: &[Group],
    ) -> Result<Self, WireError> {
        let fail = |e: &dyn std::fmt::Display| unreachable(node, address, e);
        let endpoint = endpoint::client(address, who.keys.as_ref()).map_err(|e| fail(&e))?;
        let time = Arc::new(TlsClock(Arc::clone(&who.clock)));
        let tls = qianmo_certs::client_config(
            Arc::clone(&who.keys),
            &who.certificate_pem,
            Arc::clone(&who.trust),
            time,
            groups,
            Some(node.clone()),
        )
        .map_err(|e| WireError::new(ErrorCode::Certificate, e.to_string()))?;
        let mut config = quinn::ClientConfig::new(quic::client_crypto(tls));
        config.transport_config(endpoint::transport());
        let connecting = endpoint.connect_with(config, address, &node.dns_name()).map_err(|e| fail(&e))?;
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| fail(&format_args!("no answer within {CONNECT_TIMEOUT:?}")))?
            .map_err(|e| close::explain(node, address, &e))?;
        Ok(Self { endpoint, connection, node: node.clone() })
    }

    /// The node at the other end.
    pub const fn node(&self) -> &Identity {
        &self.node
    }

    /// Asks and waits for the typed answer.
    pub async fn call<A: Ask>(&self, ask: A) -> Result<A::Answer, WireError> {
        self.exchange(ask, &[]).await.map(|(answer, _)| answer)
    }

    /// Asks with a body and returns the typed answer with its body.
    pub async fn exchange<A: Ask>(&self, ask: A, body: &[u8]) -> Result<(A::Answer, Vec<u8>), WireError> {
        let allowed =
            Allowance { patience: ask.patience(), bytes: limits::HEADER_BYTES, body: limits::BODY_BYTES };
        self.exchange_within(ask, body, allowed).await
    }

    /// [`Self::call`] that gives the answer no more than `allowed`.
    pub async fn call_within<A: Ask>(&self, ask: A, allowed: Allowance) -> Result<A::Answer, WireError> {
        self.exchange_within(ask, &[], allowed).await.map(|(answer, _)| answer)
    }

    /// [`Self::exchange`] that gives the answer no more than `allowed`.
    pub async fn exchange_within<A: Ask>(
        &self,
        ask: A,
        body: &[u8],
        Allowance { patience, bytes, body: most }: Allowance,
    ) -> Result<(A::Answer, Vec<u8>), WireError> {
        // Before a stream is opened: of one that was never written to, the node would not know.
        let header = encode(&ask, body.len() as u64)?;
        let (mut send, mut recv) = self.connection.open_bi().await.map_err(|e| self.lost(&e))?;
        let written = frame::write(&mut send, &header, body, frame::STALL).await;
        // A refusal may come before the body is taken, so a failed write is no verdict yet; but no answer is long in
        // coming to what was not sent.
        let patience = if written.is_ok() { patience } else { frame::STALL };
        let reply = match read_reply(&mut recv, patience, bytes).await {
            Ok(reply) => reply,
            Err(e) => return Err(self.closed_reason().or(written.err()).unwrap_or_else(|| self.at(e))),
        };
        let length = reply.body;
        let answer = reply.into_result()?;
        let body = frame::read_body(&mut recv, length, most, frame::STALL).await?;
        Ok((answer, body))
    }

    /// Says goodbye and waits until the other side has heard it.
    pub async fn close(self) {
        self.connection.close(close::DONE, b"done");
        // Bounded: the close frame is sent at once, waiting only helps it on its way.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.endpoint.wait_idle()).await;
    }

    /// Says goodbye and does not wait.
    pub fn hang_up(&self) {
        self.connection.close(close::DONE, b"done");
    }

    /// The connection below the requests, for tools that measure or test the wire itself.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.connection.close_reason().is_some()
    }

    fn closed_reason(&self) -> Option<WireError> {
        self.connection.close_reason().map(|e| self.lost(&e))
    }

    fn lost(&self, e: &quinn::ConnectionError) -> WireError {
        close::explain(&self.node, self.connection.remote_address(), e)
    }

    /// The error with the node that it came of.
    fn at(&self, e: WireError) -> WireError {
        WireError { message: format!("{}: {}", self.node, e.message), ..e }
    }
}

/// What an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// How long it may be in coming, once the request is sent.
    pub patience: Duration,
    /// Most bytes of its header.
    pub bytes: usize,
    /// Most bytes of its body; none for what has no body, or who answers could send what nobody reads.
    pub body: usize,
}

/// A request as its frame; one that is too long is named.
fn encode<A: Ask>(ask: &A, body: u64) -> Result<Vec<u8>, WireError> {
    if body > limits::BODY_BYTES as u64 {
        let text = format!("{}: the body has {body} bytes; the limit is {}", A::KIND, limits::BODY_BYTES);
        return Err(WireError::new(ErrorCode::TooLarge, text));
    }
    frame::encode(&RequestHeader::new(ask, body)?).map_err(|e| {
        let text = format!("{} is not sent: {}; give it less", A::KIND, e.message);
        WireError::new(e.code, text)
    })
}

/// Reads a reply header.
async fn read_reply(
    recv: &mut quinn::RecvStream,
    patience: Duration,
    bytes: usize,
) -> Result<Reply, WireError> {
    let bytes = frame::read_reply_header(recv, patience, bytes).await?;
    serde_json::from_slice(&bytes)
        .map_err(|e| WireError::new(ErrorCode::BadRequest, format!("the reply header does not parse: {e}")))
}
