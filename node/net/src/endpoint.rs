//! QUIC endpoints: sockets with large buffers, transport limits, and both TLS configurations.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use qianmo_certs::CertError;
use qianmo_crypto::{CryptoError, keys::KeyProvider, tls::Group};
use quinn::{Endpoint, IdleTimeout, TransportConfig, VarInt};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::{
    clock::TlsClock,
    credentials::Credentials,
    quic,
    server::{self, Admission, Service},
};

/// Asked of the kernel at bind. The default of 208 KiB loses packets even on loopback.
const SOCKET_BUFFER: usize = 16 << 20;
/// A link without a sign of life for this long is gone.
const IDLE_TIMEOUT_MS: u32 = 15_000;
/// Several of these are lost before a link is given up.
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// Requests in flight on one connection; a client that wants more waits.
pub(crate) const STREAMS: u32 = 64;
/// Flow-control window of a stream: 100 ms at 1.3 Gbit/s.
const STREAM_WINDOW: u32 = 16 << 20;

/// Why an endpoint could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source}; is another node running there? Choose another port in [node] listen"
    )]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The system's word.
        source: std::io::Error,
    },
    /// Certificate and key do not make a TLS server.
    #[error("{0}")]
    Certificate(#[from] CertError),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] CryptoError),
}

/// Transport limits for both directions.
pub(crate) fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config.max_concurrent_bidi_streams(VarInt::from_u32(STREAMS));
    config.max_concurrent_uni_streams(VarInt::from_u32(0));
    config.datagram_receive_buffer_size(None);
    config.stream_receive_window(VarInt::from_u32(STREAM_WINDOW));
    config.receive_window(VarInt::from_u32(STREAM_WINDOW * 2));
    config.send_window(u64::from(STREAM_WINDOW) * 2);
    config.max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))));
    config.keep_alive_interval(Some(KEEP_ALIVE));
    Arc::new(config)
}

/// The secret by which a node ends the connections of before at once, when it went down and is up again.
pub type ResetSecret = Zeroizing<[u8; quic::RESET_LEN]>;

/// An endpoint that listens.
#[derive(Clone)]
pub struct Listener {
    endpoint: Endpoint,
    address: SocketAddr,
    groups: Vec<Group>,
}

impl Listener {
    /// Listens at `address` for whoever speaks one of `groups`, best first. `reset` is the same at every start of a node.
    ///
    /// # Errors
    /// The address is taken, or `who` is not fit for a server.
    pub fn bind(
        address: SocketAddr,
        groups: &[Group],
        who: &Credentials,
        reset: ResetSecret,
    ) -> Result<Self, EndpointError> {
        let endpoint = server(address, groups, who, reset)?;
        let address = endpoint.local_addr().map_err(|source| EndpointError::Bind { address, source })?;
        Ok(Self { endpoint, address, groups: groups.to_vec() })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves as `who` from the next connection on.
    ///
    /// # Errors
    /// `who` is not fit for a server.
    pub fn renew(&self, who: &Credentials) -> Result<(), EndpointError> {
        self.endpoint.set_server_config(Some(server_config(&self.groups, who)?));
        Ok(())
    }

    /// Accepts connections until `stop` turns true, and has `service` answer what comes in by them.
    pub async fn serve<S: Service>(self, service: S, admission: Admission, stop: watch::Receiver<bool>) {
        server::serve(self.endpoint, service, admission, stop).await;
    }

    /// Ends all connections and waits a moment until the other sides have heard it.
    pub async fn close(self) {
        self.endpoint.close(crate::close::SHUTTING_DOWN, b"shutting down");
        // Bounded: the close frame is sent at once, waiting only helps it on its way.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.endpoint.wait_idle()).await;
    }
}

/// Whether one could listen at `address`.
///
/// # Errors
/// [`EndpointError::Bind`], if not.
pub fn try_bind(address: SocketAddr) -> Result<(), EndpointError> {
    UdpSocket::bind(address).map(drop).map_err(|source| EndpointError::Bind { address, source })
}

fn server(
    address: SocketAddr,
    groups: &[Group],
    who: &Credentials,
    reset: ResetSecret,
) -> Result<Endpoint, EndpointError> {
    let bind = |source| EndpointError::Bind { address, source };
    let serve = server_config(groups, who)?;
    let socket = bind_socket(address).map_err(bind)?;
    let runtime = Arc::new(quinn::TokioRuntime);
    Endpoint::new(quic::kept_endpoint_config(reset), Some(serve), socket, runtime).map_err(bind)
}

fn server_config(groups: &[Group], who: &Credentials) -> Result<quinn::ServerConfig, EndpointError> {
    let tls = qianmo_certs::server_config(
        Arc::clone(&who.keys),
        &who.certificate_pem,
        Arc::clone(&who.trust),
        Arc::new(TlsClock(Arc::clone(&who.clock))),
        groups,
    )?;
    let token_key = quic::token_key(who.keys.as_ref())?;
    let mut serve = quinn::ServerConfig::new(quic::server_crypto(tls), token_key);
    serve.transport_config(transport());
    Ok(serve)
}

/// A dialling endpoint on any free port of the address family of `remote`.
pub(crate) fn client(remote: SocketAddr, keys: &dyn KeyProvider) -> Result<Endpoint, EndpointError> {
    let local: SocketAddr = if remote.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let bind = |source| EndpointError::Bind { address: local, source };
    let socket = bind_socket(local).map_err(bind)?;
    Endpoint::new(quic::endpoint_config(keys)?, None, socket, Arc::new(quinn::TokioRuntime)).map_err(bind)
}

fn bind_socket(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    // The kernel grants what net.core.{r,w}mem_max allows; less costs speed, not correctness.
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER);
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER);
    Ok(socket)
}
