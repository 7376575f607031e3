//! TLS for quinn: rustls over `quinn_proto`'s crypto traits, with no other TLS stack beside it.
//!
//! quinn's own glue needs ring's or aws-lc's suites, hides what was negotiated, and panics under the endpoint's lock
//! when a key exchange cannot start. Here that is a [`ConnectError`], a server that cannot start TLS closes the one
//! connection, and [`HandshakeInfo`] tells group and suite.

mod packet;
mod tokens;

use std::{any::Any, io::Cursor, sync::Arc};

use qianmo_crypto::tls::{Group, TLS_SM4_GCM_SM3, initial_suite, retry_tag};
use quinn_proto::{
    ConnectError, ConnectionId, Side, TransportError, TransportErrorCode,
    crypto::{
        self, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session, UnsupportedVersion,
    },
    transport_parameters::TransportParameters,
};
use rustls::{
    CipherSuite,
    pki_types::ServerName,
    quic::{ClientConnection, Connection, KeyChange, Secrets, ServerConnection, Version},
};

pub(crate) use self::tokens::{RESET_LEN, endpoint_config, kept_endpoint_config, token_key};

/// QUIC version 1 (RFC 9000, section 15), the only one spoken.
const QUIC_V1: u32 = 1;
/// Length of a Retry packet's integrity tag in bytes.
const RETRY_TAG_LEN: usize = 16;

/// What a handshake agreed on. `Connection::handshake_data` returns it; the peer's certificates, leaf first, come
/// from `Connection::peer_identity` as `Vec<CertificateDer>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeInfo {
    /// The key-exchange group.
    pub(crate) group: Group,
    /// The cipher suite.
    pub(crate) suite: CipherSuite,
}

impl HandshakeInfo {
    /// IANA name of the group.
    pub(crate) fn group_name(&self) -> String {
        self.group.to_string()
    }

    /// IANA name of the suite.
    pub(crate) fn suite_name(&self) -> String {
        if self.suite == TLS_SM4_GCM_SM3 { "TLS_SM4_GCM_SM3".into() } else { format!("{:?}", self.suite) }
    }
}

/// `config` for an endpoint that dials.
pub(crate) fn client_crypto(config: rustls::ClientConfig) -> Arc<dyn crypto::ClientConfig> {
    Arc::new(Client(Arc::new(config)))
}

/// `config` for an endpoint that listens.
pub(crate) fn server_crypto(config: rustls::ServerConfig) -> Arc<dyn crypto::ServerConfig> {
    Arc::new(Server(Arc::new(config)))
}

struct Client(Arc<rustls::ClientConfig>);

impl crypto::ClientConfig for Client {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        parameters: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let version = supported(version)?;
        // quinn has no variant for "TLS could not start", so the text of this one says it.
        let refuse = |reason: &dyn ToString| ConnectError::InvalidServerName(reason.to_string());
        let name = ServerName::try_from(server_name).map_err(|_| refuse(&server_name))?.to_owned();
        let tls = ClientConnection::new(Arc::clone(&self.0), version, name, encode(parameters))
            .map_err(|error| refuse(&format!("{server_name} (TLS could not start: {error})")))?;
        Ok(Box::new(TlsSession::new(Ok(Connection::Client(tls)))))
    }
}

struct Server(Arc<rustls::ServerConfig>);

impl crypto::ServerConfig for Server {
    fn initial_keys(&self, version: u32, id: &ConnectionId) -> Result<Keys, UnsupportedVersion> {
        Ok(packet::keys(initial_suite().keys(id, rustls::Side::Server, supported(version)?)))
    }

    fn retry_tag(&self, _: u32, original_id: &ConnectionId, packet: &[u8]) -> [u8; RETRY_TAG_LEN] {
        retry_tag(original_id, &[packet])
    }

    fn start_session(self: Arc<Self>, _: u32, parameters: &TransportParameters) -> Box<dyn Session> {
        // quinn asks `initial_keys` first, so the version is the supported one.
        let tls = ServerConnection::new(Arc::clone(&self.0), Version::V1, encode(parameters));
        Box::new(TlsSession::new(tls.map(Connection::Server)))
    }
}

fn supported(version: u32) -> Result<Version, UnsupportedVersion> {
    if version == QUIC_V1 { Ok(Version::V1) } else { Err(UnsupportedVersion) }
}

fn encode(parameters: &TransportParameters) -> Vec<u8> {
    let mut out = Vec::new();
    parameters.write(&mut out);
    out
}

/// One connection's TLS.
struct TlsSession {
    /// An error means that rustls refused the server's configuration: the first read then ends the connection.
    tls: Result<Connection, rustls::Error>,
    /// Secrets of the next key update, once there are 1-RTT keys.
    next: Option<Secrets>,
    /// Whether quinn knows that there is handshake data.
    announced: bool,
}

impl TlsSession {
    fn new(tls: Result<Connection, rustls::Error>) -> Self {
        Self { tls, next: None, announced: false }
    }

    fn connection(&self) -> Option<&Connection> {
        self.tls.as_ref().ok()
    }

    fn info(&self) -> Option<HandshakeInfo> {
        let tls = self.connection()?;
        Some(HandshakeInfo {
            group: Group::from_named(tls.negotiated_key_exchange_group()?.name())?,
            suite: tls.negotiated_cipher_suite()?.suite(),
        })
    }
}

impl Session for TlsSession {
    fn initial_keys(&self, id: &ConnectionId, side: Side) -> Keys {
        let side = if side.is_client() { rustls::Side::Client } else { rustls::Side::Server };
        packet::keys(initial_suite().keys(id, side, Version::V1))
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.info()?))
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        let chain = self.connection()?.peer_certificates()?;
        Some(Box::new(chain.iter().map(|certificate| certificate.clone().into_owned()).collect::<Vec<_>>()))
    }

    /// There is no 0-RTT between nodes: it would skip the certificate and CRL checks.
    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        None
    }

    fn early_data_accepted(&self) -> Option<bool> {
        matches!(self.connection()?, Connection::Client(_)).then_some(false)
    }

    fn is_handshaking(&self) -> bool {
        self.connection().is_none_or(|tls| tls.is_handshaking())
    }

    fn read_handshake(&mut self, data: &[u8]) -> Result<bool, TransportError> {
        let tls =
            self.tls.as_mut().map_err(|error| transport_error(TransportErrorCode::INTERNAL_ERROR, error))?;
        tls.read_hs(data).map_err(|error| {
            let code = tls.alert().map(|alert| TransportErrorCode::crypto(alert.into()));
            transport_error(code.unwrap_or(TransportErrorCode::PROTOCOL_VIOLATION), &error)
        })?;
        let news = !self.announced && self.info().is_some();
        self.announced |= news;
        Ok(news)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        let Some(tls) = self.connection() else { return Ok(None) };
        let Some(encoded) = tls.quic_transport_parameters() else { return Ok(None) };
        let side = if matches!(tls, Connection::Client(_)) { Side::Client } else { Side::Server };
        Ok(Some(TransportParameters::read(side, &mut Cursor::new(encoded))?))
    }

    fn write_handshake(&mut self, out: &mut Vec<u8>) -> Option<Keys> {
        match self.tls.as_mut().ok()?.write_hs(out)? {
            KeyChange::Handshake { keys } => Some(packet::keys(keys)),
            KeyChange::OneRtt { keys, next } => {
                self.next = Some(next);
                Some(packet::keys(keys))
            }
        }
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        Some(packet::updated(self.next.as_mut()?.next_packet_keys()))
    }

    fn is_valid_retry(&self, original_id: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        payload
            .split_last_chunk::<RETRY_TAG_LEN>()
            .is_some_and(|(token, tag)| retry_tag(original_id, &[header, token]) == *tag)
    }

    fn export_keying_material(
        &self,
        out: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        let tls = self.connection().ok_or(ExportKeyingMaterialError)?;
        tls.export_keying_material(out, label, Some(context)).map(drop).map_err(|_| ExportKeyingMaterialError)
    }
}

/// In words: they go to the peer with the alert, and into both logs.
fn transport_error(code: TransportErrorCode, error: &rustls::Error) -> TransportError {
    let reason = qianmo_certs::tls::explain(error).unwrap_or_else(|| error.to_string());
    TransportError { code, frame: None, reason }
}

#[cfg(test)]
mod tests;
