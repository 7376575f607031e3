//! Two endpoints on loopback with certificates of a made-up federation.

use std::net::{Ipv4Addr, SocketAddr};

use qianmo_certs::{Ca, Csr, Trust, TrustStore, client_config, server_config};
use qianmo_crypto::{
    keys::{KeyProvider, SoftKeys},
    sm2::SecretKey,
};
use qianmo_proto::Identity;
use quinn::{Connection, ConnectionError, Endpoint, Incoming};
use rustls::{
    NamedGroup,
    crypto::{ActiveKeyExchange, SupportedKxGroup},
    pki_types::{CertificateDer, UnixTime},
    time_provider::TimeProvider,
};
use zeroize::Zeroizing;

use super::*;

const NOW_MS: i64 = 1_795_000_000_000;
const NODE: &str = "qianmo://hospital-a/node/main";
const STEWARD: &str = "qianmo://hospital-b/steward/li";
const BOTH: [Group; 2] = [Group::CurveSm2MlKem768, Group::CurveSm2];

#[derive(Debug)]
struct FixedTime;

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_millis(NOW_MS as u64)))
    }
}

/// Someone with a certificate, and whom they trust.
struct Party {
    keys: Arc<dyn KeyProvider>,
    certificate: String,
    trust: Arc<Trust>,
}

impl Party {
    fn new(ca: &mut Ca, identity: &str) -> Self {
        let secret = SecretKey::generate().unwrap();
        let csr = Csr::create(&secret, &identity.parse().unwrap(), &[]).unwrap();
        let certificate = ca.issue(&csr, 30, NOW_MS).unwrap().pem;
        let crl = ca.crl(24, NOW_MS).unwrap();
        let trust = Trust::new(TrustStore::load(&ca.certificate_pem(), Some(&crl), 0).unwrap());
        let keys = Arc::new(SoftKeys::new(secret, Zeroizing::new([1; 16])));
        Self { keys, certificate, trust: Arc::new(trust) }
    }

    fn server(&self, groups: &[Group]) -> rustls::ServerConfig {
        server_config(
            Arc::clone(&self.keys),
            &self.certificate,
            Arc::clone(&self.trust),
            Arc::new(FixedTime),
            groups,
        )
        .unwrap()
    }

    fn client(&self, groups: &[Group]) -> rustls::ClientConfig {
        client_config(
            Arc::clone(&self.keys),
            &self.certificate,
            Arc::clone(&self.trust),
            Arc::new(FixedTime),
            groups,
            Some(NODE.parse::<Identity>().unwrap()),
        )
        .unwrap()
    }

    fn listen(&self, tls: rustls::ServerConfig) -> Endpoint {
        let config = quinn::ServerConfig::new(server_crypto(tls), token_key(self.keys.as_ref()).unwrap());
        self.endpoint(Some(config))
    }

    fn endpoint(&self, server: Option<quinn::ServerConfig>) -> Endpoint {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let config = endpoint_config(self.keys.as_ref()).unwrap();
        Endpoint::new(config, server, socket, Arc::new(quinn::TokioRuntime)).unwrap()
    }
}

fn pair() -> (Party, Party) {
    let mut ca = Ca::create("Test federation", 10, NOW_MS).unwrap();
    (Party::new(&mut ca, NODE), Party::new(&mut ca, STEWARD))
}

fn dial(
    endpoint: &Endpoint,
    tls: rustls::ClientConfig,
    to: SocketAddr,
) -> Result<quinn::Connecting, ConnectError> {
    endpoint.connect_with(quinn::ClientConfig::new(client_crypto(tls)), to, "node.invalid")
}

/// Connects `client` to `server`: what each of them thinks came of it.
async fn connect(
    server: &Endpoint,
    client: &Endpoint,
    tls: rustls::ClientConfig,
) -> (Result<Connection, ConnectionError>, Result<Connection, ConnectionError>) {
    let dialling = dial(client, tls, server.local_addr().unwrap()).unwrap();
    let accepting = async { server.accept().await.unwrap().accept()?.await };
    tokio::join!(accepting, dialling)
}

fn info(connection: &Connection) -> HandshakeInfo {
    *connection.handshake_data().unwrap().downcast().unwrap()
}

fn identity(connection: &Connection) -> String {
    let chain = connection.peer_identity().unwrap().downcast::<Vec<CertificateDer<'static>>>().unwrap();
    qianmo_certs::peer_identity(&chain).unwrap().0.to_string()
}

/// Sends `len` bytes from one end to the other over one stream and compares them.
async fn carry(from: &Connection, to: &Connection, len: usize) {
    let data: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
    let send = async {
        let mut stream = from.open_uni().await.unwrap();
        stream.write_all(&data).await.unwrap();
        stream.finish().unwrap();
    };
    let receive = async { to.accept_uni().await.unwrap().read_to_end(len).await.unwrap() };
    let ((), received) = tokio::join!(send, receive);
    assert!(received == data, "{len} bytes arrive as they were sent");
}

#[tokio::test]
async fn both_ends_know_what_was_negotiated_and_with_whom() {
    let (node, steward) = pair();
    let server = node.listen(node.server(&BOTH));
    for group in BOTH {
        let client = steward.endpoint(None);
        let (at_server, at_client) = connect(&server, &client, steward.client(&[group])).await;
        let (at_server, at_client) = (at_server.unwrap(), at_client.unwrap());
        for connection in [&at_server, &at_client] {
            assert_eq!(info(connection).group, group);
            assert_eq!(info(connection).group_name(), group.to_string());
            assert_eq!(info(connection).suite_name(), "TLS_SM4_GCM_SM3");
        }
        assert_eq!(identity(&at_server), STEWARD);
        assert_eq!(identity(&at_client), NODE);
        let export = |connection: &Connection| {
            let mut out = [0; 32];
            connection.export_keying_material(&mut out, b"label", b"context").unwrap();
            out
        };
        assert_eq!(export(&at_server), export(&at_client));
    }
}

#[tokio::test]
async fn data_flows_both_ways_across_key_updates() {
    let (node, steward) = pair();
    let (server, client) = (node.listen(node.server(&BOTH)), steward.endpoint(None));
    let (at_server, at_client) = connect(&server, &client, steward.client(&BOTH)).await;
    let (at_server, at_client) = (at_server.unwrap(), at_client.unwrap());
    carry(&at_client, &at_server, 1 << 20).await;
    at_client.force_key_update();
    carry(&at_server, &at_client, 1 << 20).await;
    at_server.force_key_update();
    carry(&at_client, &at_server, 1000).await;
}

#[tokio::test]
async fn a_client_can_be_made_to_prove_its_address() {
    let (node, steward) = pair();
    let (server, client) = (node.listen(node.server(&BOTH)), steward.endpoint(None));
    let dialling = dial(&client, steward.client(&BOTH), server.local_addr().unwrap()).unwrap();
    let accepting = async {
        let first: Incoming = server.accept().await.unwrap();
        assert!(!first.remote_address_validated());
        first.retry().unwrap();
        let second = server.accept().await.unwrap();
        assert!(second.remote_address_validated());
        second.accept().unwrap().await.unwrap()
    };
    let (at_server, at_client) = tokio::join!(accepting, dialling);
    carry(&at_client.unwrap(), &at_server, 1000).await;
}

#[tokio::test]
async fn a_node_of_another_federation_is_refused() {
    let ((node, _), (_, stranger)) = (pair(), pair());
    let (server, client) = (node.listen(node.server(&BOTH)), stranger.endpoint(None));
    let (at_server, at_client) = connect(&server, &client, stranger.client(&BOTH)).await;
    // The client judges first and says why in an alert, which the server hears.
    assert!(matches!(at_client, Err(ConnectionError::TransportError(_))), "{at_client:?}");
    assert!(matches!(at_server, Err(ConnectionError::ConnectionClosed(_))), "{at_server:?}");
}

#[tokio::test]
async fn a_client_of_another_federation_is_refused() {
    let ((node, known), (_, stranger)) = (pair(), pair());
    let (server, client) = (node.listen(node.server(&BOTH)), stranger.endpoint(None));
    // The stranger trusts the node's federation, but holds a certificate of another.
    let stranger = Party { trust: known.trust, ..stranger };
    let (at_server, at_client) = connect(&server, &client, stranger.client(&BOTH)).await;
    assert!(matches!(at_server, Err(ConnectionError::TransportError(_))), "{at_server:?}");
    // A TLS 1.3 client finishes first and hears the verdict later.
    let verdict = match at_client {
        Ok(connection) => connection.closed().await,
        Err(error) => error,
    };
    assert!(matches!(verdict, ConnectionError::ConnectionClosed(_)), "{verdict:?}");
}

#[tokio::test]
async fn without_a_common_group_there_is_no_connection() {
    let (node, steward) = pair();
    let server = node.listen(node.server(&[Group::CurveSm2MlKem768]));
    let (at_server, at_client) =
        connect(&server, &steward.endpoint(None), steward.client(&[Group::CurveSm2])).await;
    assert!(at_server.is_err() && at_client.is_err());
}

/// A group whose keys have run out.
#[derive(Debug)]
struct Exhausted;

impl SupportedKxGroup for Exhausted {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        Err(rustls::Error::General("the key pool is empty".into()))
    }

    fn name(&self) -> NamedGroup {
        Group::CurveSm2.named()
    }
}

#[tokio::test]
async fn a_key_exchange_that_cannot_start_is_an_error_and_leaves_the_endpoint_working() {
    let (node, steward) = pair();
    let (server, client) = (node.listen(node.server(&BOTH)), steward.endpoint(None));
    let mut provider = qianmo_crypto::tls::provider(&[]);
    provider.kx_groups = vec![&Exhausted];
    let mut tls = steward.client(&BOTH);
    tls = rustls::ClientConfig::builder_with_details(Arc::new(provider), Arc::new(FixedTime))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(NoVerdict))
        .with_client_cert_resolver(tls.client_auth_cert_resolver);
    let refused = dial(&client, tls, server.local_addr().unwrap()).err().unwrap();
    assert!(refused.to_string().contains("the key pool is empty"), "{refused}");
    let (at_server, at_client) = connect(&server, &client, steward.client(&BOTH)).await;
    assert!(at_server.is_ok() && at_client.is_ok());
}

/// Never asked: the handshake does not get that far.
#[derive(Debug)]
struct NoVerdict;

impl rustls::client::danger::ServerCertVerifier for NoVerdict {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Err(rustls::Error::General("asked".into()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("asked".into()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("asked".into()))
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![qianmo_crypto::tls::SM2SIG_SM3]
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_tls_loses_one_connection_only() {
    let (node, steward) = pair();
    let mut tls = node.server(&BOTH);
    // rustls refuses QUIC with any limit but 0 and 2^32 - 1.
    tls.max_early_data_size = 1;
    let (server, client) = (node.listen(tls), steward.endpoint(None));
    let (at_server, at_client) = connect(&server, &client, steward.client(&BOTH)).await;
    assert!(matches!(at_server, Err(ConnectionError::TransportError(_))), "{at_server:?}");
    assert!(matches!(at_client, Err(ConnectionError::ConnectionClosed(_))), "{at_client:?}");
    let good =
        quinn::ServerConfig::new(server_crypto(node.server(&BOTH)), token_key(node.keys.as_ref()).unwrap());
    server.set_server_config(Some(good));
    let (at_server, at_client) = connect(&server, &client, steward.client(&BOTH)).await;
    assert!(at_server.is_ok() && at_client.is_ok());
}

#[test]
fn other_versions_of_quic_are_not_spoken() {
    for version in [0, 0xff00_001d, 0x6b33_43cf] {
        assert!(supported(version).is_err(), "{version:#x}");
    }
}

/// A node's endpoint on `socket`, with the secret that its folder keeps.
fn listen_on(node: &Party, socket: &std::net::UdpSocket) -> Endpoint {
    let serve =
        quinn::ServerConfig::new(server_crypto(node.server(&BOTH)), token_key(node.keys.as_ref()).unwrap());
    let config = kept_endpoint_config(Zeroizing::new([7; RESET_LEN]));
    let socket = socket.try_clone().unwrap();
    Endpoint::new(config, Some(serve), socket, Arc::new(quinn::TokioRuntime)).unwrap()
}

#[tokio::test]
async fn a_node_that_went_down_and_is_back_says_so_to_its_links() {
    let (node, steward) = pair();
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let power = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = {
        let _on = power.enter();
        listen_on(&node, &socket)
    };
    let accepting = server.clone();
    let accepting = power.spawn(async move { accepting.accept().await.unwrap().accept().unwrap().await });
    let client = steward.endpoint(None);
    let link = dial(&client, steward.client(&BOTH), socket.local_addr().unwrap()).unwrap().await.unwrap();
    // Held, so that nothing says goodbye.
    let _held = accepting.await.unwrap().unwrap();
    power.shutdown_background();

    let _again = listen_on(&node, &socket);
    link.open_uni().await.unwrap().write_all(b"are you there?").await.unwrap();
    let ended = link.closed().await;
    assert!(matches!(ended, ConnectionError::Reset), "{ended}");
}
