//! Handshakes over TLS records, in memory.

use std::sync::Arc;

use qianmo_crypto::CryptoError;
use qianmo_crypto::keys::{KeyProvider, SoftKeys};
use qianmo_crypto::sm2::{CERT_USER_ID, PublicKey, Signature};
use qianmo_crypto::tls::{self, Group, Suite};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConnection, Error, HandshakeKind, ServerConnection, SignatureScheme};
use zeroize::Zeroizing;

use crate::setup::{CLASSIC, HYBRID, Setup, soft_keys};

/// Runs a whole handshake over TLS records.
fn connect(setup: &Setup) -> Result<(ClientConnection, ServerConnection), Error> {
    let (client, server) = setup.configs();
    let mut client = ClientConnection::new(client, ServerName::try_from("node").unwrap())?;
    let mut server = ServerConnection::new(server)?;
    while client.is_handshaking() || server.is_handshaking() {
        transfer(&mut client, &mut server)?;
        transfer(&mut server, &mut client)?;
    }
    Ok((client, server))
}

/// Moves everything one side has to say to the other.
fn transfer<A, B>(
    from: &mut impl std::ops::DerefMut<Target = rustls::ConnectionCommon<A>>,
    to: &mut impl std::ops::DerefMut<Target = rustls::ConnectionCommon<B>>,
) -> Result<(), Error>
where
    A: rustls::SideData,
    B: rustls::SideData,
{
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).unwrap();
    }
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        to.read_tls(&mut wire).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

fn negotiated<S: rustls::SideData>(connection: &rustls::ConnectionCommon<S>) -> (u16, Option<Group>) {
    let suite = connection.negotiated_cipher_suite().unwrap().suite();
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    (suite.into(), Group::from_named(group))
}

#[test]
fn data_flows_both_ways_with_each_group() {
    for group in [CLASSIC, HYBRID] {
        let (mut client, mut server) = connect(&Setup::new(&[group], &[group])).unwrap();
        assert_eq!(negotiated(&client), (0x00c6, Some(group)));
        assert_eq!(negotiated(&server), (0x00c6, Some(group)));
        let data: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
        assert_eq!(send(&data, &mut client, &mut server), data);
        assert_eq!(send(&data, &mut server, &mut client), data);
        let export = |connection: &rustls::ConnectionCommon<_>| {
            connection.export_keying_material([0; 32], b"label", None).unwrap()
        };
        let ours: [u8; 32] = export(&client);
        let theirs: [u8; 32] = server.export_keying_material([0; 32], b"label", None).unwrap();
        assert_eq!(ours, theirs);
    }
}

fn send<A, B>(
    data: &[u8],
    from: &mut impl std::ops::DerefMut<Target = rustls::ConnectionCommon<A>>,
    to: &mut impl std::ops::DerefMut<Target = rustls::ConnectionCommon<B>>,
) -> Vec<u8>
where
    A: rustls::SideData,
    B: rustls::SideData,
{
    use std::io::{Read as _, Write as _};
    let mut received = Vec::new();
    for part in data.chunks(10_000) {
        from.writer().write_all(part).unwrap();
        transfer(from, to).unwrap();
        let mut buf = vec![0; part.len()];
        to.reader().read_exact(&mut buf).unwrap();
        received.extend_from_slice(&buf);
    }
    received
}

#[test]
fn ccm_is_negotiated_where_both_sides_were_told_to_offer_it() {
    let mut setup = Setup::new(&[CLASSIC], &[CLASSIC]);
    setup.suites = vec![Suite::Sm4CcmSm3, Suite::Sm4GcmSm3];
    let (mut client, mut server) = connect(&setup).unwrap();
    assert_eq!(negotiated(&client), (0x00c7, Some(CLASSIC)));
    let data: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
    assert_eq!(send(&data, &mut client, &mut server), data);
    assert_eq!(send(&data, &mut server, &mut client), data);
    setup.suites = vec![Suite::Sm4GcmSm3, Suite::Sm4CcmSm3];
    assert_eq!(negotiated(&connect(&setup).unwrap().0), (0x00c6, Some(CLASSIC)));
    let ccm = tls::provider_with(&[Suite::Sm4CcmSm3], &[CLASSIC]);
    assert!(ccm.cipher_suites[0].tls13().unwrap().quic_suite().is_none());
}

#[test]
fn a_hybrid_first_client_meets_a_classic_server_without_a_retry() {
    let (client, server) = connect(&Setup::new(&[HYBRID, CLASSIC], &[CLASSIC])).unwrap();
    assert_eq!(negotiated(&client).1, Some(CLASSIC));
    assert_eq!(server.handshake_kind(), Some(HandshakeKind::Full));
}

#[test]
fn the_clients_order_decides_and_a_retry_finds_the_common_group() {
    let (client, _) = connect(&Setup::new(&[CLASSIC, HYBRID], &[HYBRID, CLASSIC])).unwrap();
    assert_eq!(negotiated(&client).1, Some(CLASSIC));
    let (client, server) = connect(&Setup::new(&[CLASSIC, HYBRID], &[HYBRID])).unwrap();
    assert_eq!(negotiated(&client).1, Some(HYBRID));
    assert_eq!(server.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
}

#[test]
fn without_a_common_group_there_is_no_connection() {
    assert!(connect(&Setup::new(&[CLASSIC], &[HYBRID])).is_err());
    assert!(connect(&Setup::new(&[HYBRID], &[CLASSIC])).is_err());
}

#[test]
fn an_unknown_key_is_refused_on_either_side() {
    let setup = Setup::new(&[CLASSIC], &[CLASSIC]);
    let (client, server) = setup.configs();
    let stranger = Setup::new(&[CLASSIC], &[CLASSIC]);
    let (other_client, other_server) = stranger.configs();
    for (client, server) in [(client, other_server), (other_client, server)] {
        let mut client = ClientConnection::new(client, ServerName::try_from("node").unwrap()).unwrap();
        let mut server = ServerConnection::new(server).unwrap();
        transfer(&mut client, &mut server).unwrap();
        assert!(transfer(&mut server, &mut client).is_err());
    }
}

/// Signs handshakes under the certificates' user id, as a peer that ignores RFC 8998 does.
struct WrongUserId(SoftKeys);

impl KeyProvider for WrongUserId {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }
    fn sign(&self, _: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        self.0.sign(CERT_USER_ID, msg)
    }
    fn wrap(&self, dek: &[u8; 16]) -> Result<Vec<u8>, CryptoError> {
        self.0.wrap(dek)
    }
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; 16]>, CryptoError> {
        self.0.unwrap_key(wrapped)
    }
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.random(out)
    }
}

#[test]
fn a_handshake_signed_under_the_certificates_user_id_is_refused() {
    let mut setup = Setup::new(&[CLASSIC], &[CLASSIC]);
    setup.server = Arc::new(WrongUserId(soft_keys()));
    assert_eq!(connect(&setup).err(), Some(CertificateError::BadSignature.into()));
    let mut setup = Setup::new(&[CLASSIC], &[CLASSIC]);
    setup.client = Arc::new(WrongUserId(soft_keys()));
    assert_eq!(connect(&setup).err(), Some(CertificateError::BadSignature.into()));
}

#[test]
fn the_provider_offers_nothing_else() {
    let provider = tls::provider(&[HYBRID, CLASSIC]);
    let suites: Vec<u16> = provider.cipher_suites.iter().map(|suite| suite.suite().into()).collect();
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    assert_eq!(suites, [0x00c6]);
    assert_eq!(schemes, [SignatureScheme::Unknown(0x0708)]);
    assert_eq!(provider.kx_groups.len(), 2);
}
