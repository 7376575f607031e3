//! Whole TLS handshakes in memory: two rustls connections and a byte pipe.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use qianmo_certs::{Ca, Csr, Trust, TrustStore, client_config, peer_identity, server_config, tls};
use qianmo_crypto::{
    keys::SoftKeys,
    sm2::SecretKey,
    tls::{Group, TLS_SM4_GCM_SM3},
};
use qianmo_proto::Identity;
use rustls::{
    AlertDescription, ClientConnection, Error, ServerConnection, pki_types::UnixTime,
    time_provider::TimeProvider,
};

const NOW: i64 = 1_795_000_000_000;
const HOUR_MS: i64 = 3_600_000;
const NODE: &str = "qianmo://hospital-a/node/main";
const OTHER_NODE: &str = "qianmo://hospital-b/node/main";
const LI: &str = "qianmo://hospital-a/steward/li";
const BOTH: &[Group] = &[Group::CurveSm2MlKem768, Group::CurveSm2];

#[derive(Debug)]
struct At(i64);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_millis(self.0.cast_unsigned())))
    }
}

/// A key with the certificate that a CA issued for it.
struct Member {
    keys: Arc<SoftKeys>,
    cert_pem: String,
    serial: String,
}

fn member(ca: &mut Ca, identity: &str) -> Member {
    let key = SecretKey::generate().unwrap();
    let csr = Csr::create(&key, &identity.parse().unwrap(), &[]).unwrap();
    let issued = ca.issue(&csr, 30, NOW).unwrap();
    let keys = Arc::new(SoftKeys::new(key, [7; 16].into()));
    Member { keys, cert_pem: issued.pem, serial: issued.serial_hex }
}

fn trust(ca: &mut Ca) -> Arc<Trust> {
    let crl = ca.crl(24, NOW).unwrap();
    Arc::new(Trust::new(TrustStore::load(&ca.certificate_pem(), Some(&crl), 0).unwrap()))
}

/// A node and a steward of one federation, each with its own view of whom to trust, and a clock.
struct Stage {
    ca: Ca,
    node: Member,
    li: Member,
    server_trust: Arc<Trust>,
    client_trust: Arc<Trust>,
    expect: Option<Identity>,
    groups: [&'static [Group]; 2],
    now_ms: i64,
}

impl Stage {
    fn new() -> Self {
        let mut ca = Ca::create("City", 10, NOW).unwrap();
        Self {
            node: member(&mut ca, NODE),
            li: member(&mut ca, LI),
            server_trust: trust(&mut ca),
            client_trust: trust(&mut ca),
            expect: Some(NODE.parse().unwrap()),
            groups: [BOTH, BOTH],
            now_ms: NOW,
            ca,
        }
    }

    /// Dials, and shakes hands until both agree or one refuses.
    fn run(&self) -> Pair {
        let time = || Arc::new(At(self.now_ms));
        let (node, li) = (&self.node, &self.li);
        let trusts = (Arc::clone(&self.server_trust), Arc::clone(&self.client_trust));
        let server =
            server_config(node.keys.clone(), &node.cert_pem, trusts.0, time(), self.groups[0]).unwrap();
        let expect = self.expect.clone();
        let client =
            client_config(li.keys.clone(), &li.cert_pem, trusts.1, time(), self.groups[1], expect).unwrap();
        let name = "any.name.will.do".try_into().unwrap();
        let mut pair = Pair {
            server: ServerConnection::new(Arc::new(server)).unwrap(),
            client: ClientConnection::new(Arc::new(client), name).unwrap(),
            refused_by_server: None,
            refused_by_client: None,
        };
        pair.shake();
        pair
    }
}

/// Two ends after their handshake, and why each gave up if it did.
struct Pair {
    server: ServerConnection,
    client: ClientConnection,
    refused_by_server: Option<Error>,
    refused_by_client: Option<Error>,
}

impl Pair {
    /// Carries bytes until neither end has any, alerts included.
    fn shake(&mut self) {
        while self.server.wants_write() || self.client.wants_write() {
            carry(&mut self.client, &mut self.server, &mut self.refused_by_server);
            carry(&mut self.server, &mut self.client, &mut self.refused_by_client);
        }
    }

    fn is_up(&self) -> bool {
        let refused = self.refused_by_server.is_some() || self.refused_by_client.is_some();
        !refused && !self.server.is_handshaking() && !self.client.is_handshaking()
    }

    /// The server's reason, and the alert that the client got.
    fn server_said(&self) -> (String, Error) {
        let reason = tls::explain(self.refused_by_server.as_ref().expect("refused by the server"));
        (
            reason.expect("a reason for people"),
            self.refused_by_client.clone().expect("an alert for the client"),
        )
    }

    /// The client's reason, and the alert that the server got.
    fn client_said(&self) -> (String, Error) {
        let reason = tls::explain(self.refused_by_client.as_ref().expect("refused by the client"));
        (
            reason.expect("a reason for people"),
            self.refused_by_server.clone().expect("an alert for the server"),
        )
    }
}

/// Moves what `from` has written to `to`; the first error of `to` is kept.
fn carry<A, B, S, T>(from: &mut A, to: &mut B, refused: &mut Option<Error>)
where
    A: std::ops::DerefMut<Target = rustls::ConnectionCommon<S>>,
    B: std::ops::DerefMut<Target = rustls::ConnectionCommon<T>>,
    S: rustls::SideData,
    T: rustls::SideData,
{
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        if let Err(error) = to.process_new_packets() {
            refused.get_or_insert(error);
        }
    }
}

#[test]
fn both_sides_know_each_other_afterwards() {
    let stage = Stage::new();
    let pair = stage.run();
    assert!(pair.is_up(), "{:?} {:?}", pair.refused_by_server, pair.refused_by_client);
    let (client, _, serial) = peer_identity(pair.server.peer_certificates().unwrap()).unwrap();
    assert_eq!((client.to_string(), serial), (LI.to_owned(), stage.li.serial.clone()));
    let (server, fingerprint, _) = peer_identity(pair.client.peer_certificates().unwrap()).unwrap();
    assert_eq!(server.to_string(), NODE);
    assert_eq!(fingerprint, stage.ca.issued()[0].fingerprint);
    assert_eq!(pair.client.alpn_protocol(), Some(tls::ALPN));
    assert_eq!(pair.server.negotiated_cipher_suite().unwrap().suite(), TLS_SM4_GCM_SM3);
    assert_eq!(pair.server.negotiated_key_exchange_group().unwrap().name(), Group::CurveSm2MlKem768.named());
    assert_eq!(pair.server.server_name(), None, "names must not be readable on the path");
}

#[test]
fn nothing_is_remembered_between_connections() {
    let mut pair = Stage::new().run();
    pair.shake();
    assert_eq!(pair.client.tls13_tickets_received(), 0);
    assert_eq!(pair.server.handshake_kind(), Some(rustls::HandshakeKind::Full));
}

#[test]
fn any_node_will_do_when_none_is_expected() {
    let mut stage = Stage::new();
    stage.expect = None;
    assert!(stage.run().is_up());
}

#[test]
fn another_node_than_expected_is_refused() {
    let mut stage = Stage::new();
    stage.node = member(&mut stage.ca, OTHER_NODE);
    let (reason, alert) = stage.run().client_said();
    assert!(reason.contains(&format!("expected {NODE}, but {OTHER_NODE} answered")), "{reason}");
    assert_eq!(alert, Error::AlertReceived(AlertDescription::CertificateUnknown));
}

#[test]
fn revoked_certificates_are_refused_on_both_sides() {
    let mut stage = Stage::new();
    stage.ca.revoke(&stage.li.serial, NOW).unwrap();
    stage.ca.revoke(&stage.node.serial, NOW).unwrap();
    assert!(stage.run().is_up(), "nobody has the new list yet");

    let new_list = trust(&mut stage.ca);
    let old_list = std::mem::replace(&mut stage.server_trust, Arc::clone(&new_list));
    let (reason, alert) = stage.run().server_said();
    assert!(reason.contains("revoked"), "{reason}");
    assert_eq!(alert, Error::AlertReceived(AlertDescription::CertificateRevoked));
    assert!(tls::explain(&alert).unwrap().contains("our certificate is revoked"));

    (stage.server_trust, stage.client_trust) = (old_list, new_list);
    let (reason, alert) = stage.run().client_said();
    assert!(reason.contains("revoked"), "{reason}");
    assert_eq!(alert, Error::AlertReceived(AlertDescription::CertificateRevoked));
}

#[test]
fn a_reload_counts_from_the_next_handshake_on() {
    let mut stage = Stage::new();
    stage.ca.revoke(&stage.li.serial, NOW).unwrap();
    let crl = stage.ca.crl(24, NOW).unwrap();
    let time = Arc::new(At(NOW));
    let (node, li) = (&stage.node, &stage.li);
    let config =
        server_config(node.keys.clone(), &node.cert_pem, stage.server_trust.clone(), time.clone(), BOTH);
    let config = Arc::new(config.unwrap());
    let dial = || {
        let own = client_config(
            li.keys.clone(),
            &li.cert_pem,
            stage.client_trust.clone(),
            time.clone(),
            BOTH,
            None,
        );
        let mut pair = Pair {
            server: ServerConnection::new(Arc::clone(&config)).unwrap(),
            client: ClientConnection::new(Arc::new(own.unwrap()), "x".try_into().unwrap()).unwrap(),
            refused_by_server: None,
            refused_by_client: None,
        };
        pair.shake();
        pair.is_up()
    };
    assert!(dial());
    let store = TrustStore::load(&stage.ca.certificate_pem(), Some(&crl), 0).unwrap();
    stage.server_trust.replace(store).unwrap();
    assert!(!dial(), "the same configuration must see the new list");
}

#[test]
fn expired_certificates_are_refused() {
    let mut stage = Stage::new();
    stage.now_ms = NOW + 31 * 24 * HOUR_MS;
    let (reason, alert) = stage.run().client_said();
    assert!(reason.contains("expired"), "{reason}");
    assert_eq!(alert, Error::AlertReceived(AlertDescription::CertificateExpired));
}

#[test]
fn another_federation_is_refused() {
    let mut stage = Stage::new();
    let mut town = Ca::create("Town", 10, NOW).unwrap();
    stage.li = member(&mut town, LI);
    let (reason, alert) = stage.run().server_said();
    assert!(reason.contains("another federation"), "{reason}");
    assert_eq!(alert, Error::AlertReceived(AlertDescription::UnknownCA));

    stage = Stage::new();
    stage.node = member(&mut town, NODE);
    let (reason, _) = stage.run().client_said();
    assert!(reason.contains("another federation"), "{reason}");
}

#[test]
fn stale_or_missing_lists_stop_everything() {
    let mut stage = Stage::new();
    stage.now_ms = NOW + 25 * HOUR_MS;
    let (reason, _) = stage.run().client_said();
    assert!(reason.contains("stale since"), "{reason}");

    let mut stage = Stage::new();
    let bare = TrustStore::load(&stage.ca.certificate_pem(), None, 0).unwrap();
    stage.server_trust = Arc::new(Trust::new(bare));
    let (reason, alert) = stage.run().server_said();
    assert!(reason.contains("no certificate revocation list of CN=City"), "{reason}");
    // What is wrong on the server's side is not the client's business.
    assert_eq!(alert, Error::AlertReceived(AlertDescription::CertificateUnknown));
}

#[test]
fn a_person_cannot_pose_as_a_server() {
    let stage = Stage::new();
    let (li, time) = (&stage.li, Arc::new(At(NOW)));
    let refused = server_config(li.keys.clone(), &li.cert_pem, stage.server_trust, time, BOTH).unwrap_err();
    assert!(refused.to_string().contains("only a node may be a TLS server"), "{refused}");
}

#[test]
fn somebody_elses_certificate_is_of_no_use() {
    let stage = Stage::new();
    let (node, li, time) = (&stage.node, &stage.li, Arc::new(At(NOW)));
    let refused =
        server_config(li.keys.clone(), &node.cert_pem, stage.server_trust.clone(), time.clone(), BOTH);
    assert!(refused.unwrap_err().to_string().contains("another private key"));
    let refused = client_config(node.keys.clone(), &li.cert_pem, stage.server_trust, time, BOTH, None);
    assert!(refused.unwrap_err().to_string().contains("another private key"));
}

#[test]
fn a_group_that_only_one_side_offers_is_not_negotiated() {
    let mut stage = Stage::new();
    stage.groups = [&[Group::CurveSm2MlKem768], &[Group::CurveSm2]];
    let pair = stage.run();
    assert!(!pair.is_up());
    stage.groups = [&[Group::CurveSm2], BOTH];
    let pair = stage.run();
    assert!(pair.is_up());
    assert_eq!(pair.client.negotiated_key_exchange_group().unwrap().name(), Group::CurveSm2.named());
}
