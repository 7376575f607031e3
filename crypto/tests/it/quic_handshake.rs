//! Handshakes as QUIC carries them, in memory: no records, keys handed out.

use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, Connection, KeyChange, Keys, Secrets, ServerConnection, Version};
use rustls::{ClientConfig, Error, ServerConfig};
use std::sync::Arc;

use crate::setup::{CLASSIC, HYBRID, Setup};

/// One side, and the keys it has been given.
struct Side {
    connection: Connection,
    handshake: Option<Keys>,
    one_rtt: Option<(Keys, Secrets)>,
}

impl Side {
    fn new(connection: impl Into<Connection>) -> Self {
        Self { connection: connection.into(), handshake: None, one_rtt: None }
    }

    /// Hands all it has to say to `peer`, one encryption level at a time.
    fn speak(&mut self, peer: &mut Self) -> Result<(), Error> {
        loop {
            let mut message = Vec::new();
            let change = self.connection.write_hs(&mut message);
            if message.is_empty() && change.is_none() {
                return Ok(());
            }
            peer.connection.read_hs(&message)?;
            match change {
                Some(KeyChange::Handshake { keys }) => self.handshake = Some(keys),
                Some(KeyChange::OneRtt { keys, next }) => self.one_rtt = Some((keys, next)),
                None => {}
            }
        }
    }
}

fn sides((client, server): (Arc<ClientConfig>, Arc<ServerConfig>)) -> (Side, Side) {
    let name = ServerName::try_from("node").unwrap();
    let client = ClientConnection::new(client, Version::V1, name, b"client's".to_vec()).unwrap();
    let server = ServerConnection::new(server, Version::V1, b"server's".to_vec()).unwrap();
    (Side::new(client), Side::new(server))
}

fn connect(setup: &Setup) -> Result<(Side, Side), Error> {
    let (mut client, mut server) = sides(setup.configs());
    while client.connection.is_handshaking() || server.connection.is_handshaking() {
        client.speak(&mut server)?;
        server.speak(&mut client)?;
    }
    Ok((client, server))
}

/// Seals a packet with the one side's keys and opens it with the other's.
fn carries(from: &dyn rustls::quic::PacketKey, to: &dyn rustls::quic::PacketKey) -> bool {
    let mut packet = b"payload".to_vec();
    let tag = from.encrypt_in_place(5, b"header", &mut packet).unwrap();
    packet.extend_from_slice(tag.as_ref());
    to.decrypt_in_place(5, b"header", &mut packet).is_ok_and(|opened| opened == b"payload")
}

#[test]
fn both_sides_derive_the_same_keys_at_every_level() {
    for group in [CLASSIC, HYBRID] {
        let (client, server) = connect(&Setup::new(&[group], &[group])).unwrap();
        let (a, b) = (client.handshake.unwrap(), server.handshake.unwrap());
        assert!(carries(&*a.local.packet, &*b.remote.packet) && carries(&*b.local.packet, &*a.remote.packet));
        let ((a, mut a_next), (b, mut b_next)) = (client.one_rtt.unwrap(), server.one_rtt.unwrap());
        assert!(carries(&*a.local.packet, &*b.remote.packet) && carries(&*b.local.packet, &*a.remote.packet));
        // After a key update (RFC 9001, 6.1) both move on, and the old key opens nothing.
        let (updated_a, updated_b) = (a_next.next_packet_keys(), b_next.next_packet_keys());
        assert!(carries(&*updated_a.local, &*updated_b.remote));
        assert!(!carries(&*updated_a.local, &*b.remote.packet));
        assert_eq!(client.connection.quic_transport_parameters(), Some(b"server's".as_slice()));
        assert_eq!(server.connection.quic_transport_parameters(), Some(b"client's".as_slice()));
    }
}

#[test]
fn an_unknown_key_ends_in_an_alert() {
    let (client, _) = Setup::new(&[CLASSIC], &[CLASSIC]).configs();
    let (_, server) = Setup::new(&[CLASSIC], &[CLASSIC]).configs();
    let (mut client, mut server) = sides((client, server));
    client.speak(&mut server).unwrap();
    assert!(server.speak(&mut client).is_err());
    assert!(client.connection.alert().is_some());
}
