//! The asking side: one connection to a node, one stream a request.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use qianmo_certs::Trust;
use qianmo_crypto::{keys::KeyProvider, tls::Group};
use qianmo_proto::{ErrorCode, Identity, Reply, Request, RequestHeader, WireError, limits};
use quinn::{Connection, Endpoint};
use serde::de::DeserializeOwned;

use crate::{
    clock::{Clock, TlsClock},
    net::{endpoint, frame, quic},
};

/// A handshake takes milliseconds; a key mismatch or a dead host shows only as silence.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Who dials: key, certificate and whom to trust.
#[derive(Clone)]
pub struct Credentials {
    /// The private key's keeper.
    pub keys: Arc<dyn KeyProvider>,
    /// The certificate that goes with it, PEM.
    pub certificate_pem: String,
    /// Roots and CRL.
    pub trust: Arc<Trust>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

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
            .map_err(|_| fail(&"no answer within 5 s"))?
            .map_err(|e| handshake_error(node, address, &e))?;
        Ok(Self { endpoint, connection, node: node.clone() })
    }

    /// The node at the other end.
    pub const fn node(&self) -> &Identity {
        &self.node
    }

    /// Asks and waits for the typed answer.
    pub async fn call<T: DeserializeOwned>(&self, request: Request) -> Result<T, WireError> {
        self.exchange(request, &[]).await.map(|(answer, _)| answer)
    }

    /// Asks with a body and returns the typed answer with its body.
    pub async fn exchange<T: DeserializeOwned>(
        &self,
        request: Request,
        body: &[u8],
    ) -> Result<(T, Vec<u8>), WireError> {
        let (mut send, mut recv) = self.connection.open_bi().await.map_err(|e| self.lost(&e))?;
        let header = RequestHeader::new(request, body.len() as u64);
        // A refusal may come before the body is taken, so a failed write is no verdict yet.
        let written = frame::write(&mut send, &header, body).await;
        let reply = match read_reply(&mut recv).await {
            Ok(reply) => reply,
            Err(e) => return Err(self.closed_reason().unwrap_or_else(|| written.err().unwrap_or(e))),
        };
        let length = reply.body;
        let answer = reply.into_result()?;
        let body = frame::read_body(&mut recv, length, limits::BODY_BYTES).await?;
        Ok((answer, body))
    }

    /// Says goodbye and waits until the other side has heard it.
    pub async fn close(self) {
        self.connection.close(0u32.into(), b"done");
        // Bounded: the close frame is sent at once, waiting only helps it on its way.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.endpoint.wait_idle()).await;
    }

    /// The connection below the requests, for tools that measure or test the wire itself.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.connection.close_reason().is_some()
    }

    fn closed_reason(&self) -> Option<WireError> {
        self.connection
            .close_reason()
            .map(|e| handshake_error(&self.node, self.connection.remote_address(), &e))
    }

    fn lost(&self, e: &quinn::ConnectionError) -> WireError {
        handshake_error(&self.node, self.connection.remote_address(), e)
    }
}

/// Reads a reply header. An answer to a long-poll may take as long as the server lets it.
async fn read_reply(recv: &mut quinn::RecvStream) -> Result<Reply, WireError> {
    let bytes = frame::read_reply_header(recv).await?;
    serde_json::from_slice(&bytes)
        .map_err(|e| WireError::new(ErrorCode::BadRequest, format!("the reply header does not parse: {e}")))
}

fn unreachable(node: &Identity, address: SocketAddr, e: &dyn std::fmt::Display) -> WireError {
    let text = format!("{node} at {address} cannot be reached: {e}; is it running (qianmo serve)?");
    WireError::new(ErrorCode::PeerUnreachable, text)
}

/// TLS alerts say whose certificate was refused; turn them into words.
fn handshake_error(node: &Identity, address: SocketAddr, e: &quinn::ConnectionError) -> WireError {
    use quinn::ConnectionError::{ApplicationClosed, ConnectionClosed, TransportError};
    let (code, reason) = match e {
        ConnectionClosed(close) => {
            (Some(close.error_code), String::from_utf8_lossy(&close.reason).into_owned())
        }
        TransportError(error) => (Some(error.code), error.reason.clone()),
        ApplicationClosed(close) => (None, String::from_utf8_lossy(&close.reason).into_owned()),
        _ => return unreachable(node, address, e),
    };
    // RFC 9001, 4.8: 0x100 + TLS alert.
    let alert = code.map(u64::from).and_then(|code| code.checked_sub(0x100));
    let hint = match alert {
        Some(42 | 46) => "a certificate is not acceptable; is a fresh crl.pem in place on both sides?",
        Some(44) => "a certificate is revoked",
        Some(45) => "a certificate is expired or not yet valid",
        Some(48) => "a certificate is of another federation (unknown CA)",
        Some(51) => {
            "a signature does not hold: is it a certificate of another federation with the same name?"
        }
        Some(40 | 47) => "no common key exchange or suite",
        Some(116) => "a certificate is required",
        Some(_) => "the TLS handshake failed",
        None => return unreachable(node, address, &reason),
    };
    let text = format!("{node} at {address}: {hint} ({reason})");
    WireError::new(ErrorCode::Certificate, text)
}
