//! TLS 1.3 over TCP, both sides authenticated, both directions, every suite and group.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
};

use qianmo_certs::peer_identity;
use qianmo_crypto::tls::{Group, Suite, TLS_SM4_CCM_SM3, TLS_SM4_GCM_SM3};
use rustls::{ClientConnection, ConnectionCommon, ServerConnection, SideData, Stream};

use crate::{
    ends,
    federation::{Federation, LI, NODE},
    process::{PATIENCE, Process},
};

const GCM: Suite = Suite::Sm4GcmSm3;
const CCM: Suite = Suite::Sm4CcmSm3;
const GROUPS: [Group; 2] = [Group::CurveSm2, Group::CurveSm2MlKem768];

/// What OpenSSL must be told on either side. The suite is not among its defaults.
fn options(name: &str, suite: Suite, group: Group) -> String {
    let suite = iana(suite);
    format!(
        "-tls1_3 -cert {name}.crt -key {name}.key -CAfile root.crt -CRL crl.pem -crl_check -verify_return_error \
         -ciphersuites {suite} -groups {group} -sigalgs sm2sig_sm3 -alpn qianmo/1"
    )
}

fn iana(suite: Suite) -> &'static str {
    match suite {
        Suite::Sm4GcmSm3 => "TLS_SM4_GCM_SM3",
        Suite::Sm4CcmSm3 => "TLS_SM4_CCM_SM3",
    }
}

/// Lines enough for several dozen records.
fn lines() -> String {
    (0..10_000).map(|number| format!("line {number} of what one side says to the other\n")).collect()
}

/// What our end saw of a connection that came up.
#[derive(Debug, PartialEq)]
struct Seen {
    peer: String,
    group: Option<Group>,
    suite: rustls::CipherSuite,
}

fn seen<S: SideData>(connection: &ConnectionCommon<S>) -> Seen {
    Seen {
        peer: peer_identity(connection.peer_certificates().unwrap()).unwrap().0.to_string(),
        group: Group::from_named(connection.negotiated_key_exchange_group().unwrap().name()),
        suite: connection.negotiated_cipher_suite().unwrap().suite(),
    }
}

/// A server of ours for one connection: says back `length` bytes and closes. Gives its port and, later, what it saw
/// or why it refused.
fn serve(
    federation: &Federation,
    suite: Suite,
    groups: &[Group],
    length: usize,
) -> (u16, mpsc::Receiver<Result<Seen, String>>) {
    let config = ends::server(federation, suite, groups);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        // The test may have given up.
        let _ = sender.send(say_back(socket, connection, length).map_err(|error| error.to_string()));
    });
    (port, receiver)
}

fn say_back(mut socket: TcpStream, mut connection: ServerConnection, length: usize) -> std::io::Result<Seen> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = Stream::new(&mut connection, &mut socket);
    let mut heard = vec![0; length];
    let (first, second) = heard.split_at_mut(length / 2);
    stream.read_exact(first)?;
    stream.write_all(first)?;
    stream.conn.refresh_traffic_keys().map_err(std::io::Error::other)?;
    stream.read_exact(second)?;
    stream.write_all(second)?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(seen(stream.conn))
}

/// OpenSSL's client, which says `text`.
fn dial(federation: &Federation, port: u16, name: &str, suite: Suite, group: Group, text: &str) -> Process {
    let options = options(name, suite, group);
    let connect = format!("s_client -connect 127.0.0.1:{port} -brief -ign_eof -nocommands {options}");
    let mut client = federation.openssl.start(&connect);
    client.write(text.into());
    client
}

/// OpenSSL's server for one connection, which says each line back reversed; and its port.
fn listen(federation: &Federation, suite: Suite, group: Group) -> (Process, u16) {
    let options = options("node", suite, group);
    let mut server = federation
        .openssl
        .start(&format!("s_server -accept 127.0.0.1:0 -naccept 1 -rev -Verify 2 {options}"));
    let printed = server.until("ACCEPT 127.0.0.1:");
    let (_, rest) = printed.split_once("ACCEPT 127.0.0.1:").unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let port = digits.parse().unwrap_or_else(|_| panic!("a port: {printed}"));
    (server, port)
}

/// Our client's connection to a server of OpenSSL's.
fn connect(
    federation: &Federation,
    port: u16,
    name: &str,
    suite: Suite,
    groups: &[Group],
) -> (ClientConnection, TcpStream) {
    let config = ends::client(federation, name, suite, groups);
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    (ClientConnection::new(Arc::new(config), ends::SERVER_NAME.try_into().unwrap()).unwrap(), socket)
}

fn expected(peer: &str, suite: Suite, group: Group) -> Seen {
    let suite = match suite {
        Suite::Sm4GcmSm3 => TLS_SM4_GCM_SM3,
        Suite::Sm4CcmSm3 => TLS_SM4_CCM_SM3,
    };
    Seen { peer: peer.into(), group: Some(group), suite }
}

fn openssl_dials(federation: &Federation, suite: Suite, group: Group) {
    let text = lines();
    let (port, server) = serve(federation, suite, &[group], text.len());
    let client = dial(federation, port, "li", suite, group, &text);
    let (status, heard, printed) = client.finish();
    assert_eq!(server.recv_timeout(PATIENCE).unwrap().unwrap(), expected(LI, suite, group), "{printed}");
    assert!(status.success(), "{printed}");
    assert!(heard == text.as_bytes(), "what was said comes back whole");
    for part in [iana(suite), "Signature type: sm2sig_sm3", "Verification: OK"] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    assert!(printed.contains(&group.to_string()), "{group} in {printed}");
}

fn we_dial(federation: &Federation, suite: Suite, group: Group) {
    let (server, port) = listen(federation, suite, group);
    let (mut connection, mut socket) = connect(federation, port, "li", suite, &[group]);
    let mut stream = Stream::new(&mut connection, &mut socket);
    for (number, line) in lines().lines().take(200).enumerate() {
        if number % 50 == 49 {
            stream.conn.refresh_traffic_keys().unwrap();
        }
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut heard = vec![0; line.len() + 1];
        stream.read_exact(&mut heard).unwrap();
        let reversed: String = line.chars().rev().chain(['\n']).collect();
        assert_eq!(String::from_utf8(heard).unwrap(), reversed);
    }
    assert_eq!(seen(stream.conn), expected(NODE, suite, group));
    stream.write_all(b"CLOSE\n").unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "closed by an alert, not cut off");
    // The server waits for this side to close too.
    drop(socket);
    let (_, _, printed) = server.finish();
    assert!(printed.contains(iana(suite)) && printed.contains("sm2sig_sm3"), "{printed}");
}

#[test]
fn openssl_dials_us_under_our_ca() {
    let Some(federation) = Federation::ours() else { return };
    GROUPS.into_iter().for_each(|group| openssl_dials(&federation, GCM, group));
}

#[test]
fn openssl_dials_us_under_its_ca() {
    let Some(federation) = Federation::theirs() else { return };
    GROUPS.into_iter().for_each(|group| openssl_dials(&federation, GCM, group));
}

#[test]
fn we_dial_openssl_under_our_ca() {
    let Some(federation) = Federation::ours() else { return };
    GROUPS.into_iter().for_each(|group| we_dial(&federation, GCM, group));
}

#[test]
fn we_dial_openssl_under_its_ca() {
    let Some(federation) = Federation::theirs() else { return };
    GROUPS.into_iter().for_each(|group| we_dial(&federation, GCM, group));
}

#[test]
fn ccm_works_both_ways() {
    let Some(federation) = Federation::ours() else { return };
    GROUPS.into_iter().for_each(|group| openssl_dials(&federation, CCM, group));
    GROUPS.into_iter().for_each(|group| we_dial(&federation, CCM, group));
}

#[test]
fn we_refuse_openssls_revoked_client() {
    let Some(federation) = Federation::ours() else { return };
    let (port, server) = serve(&federation, GCM, &GROUPS, 2);
    let client = dial(&federation, port, "wang", GCM, Group::CurveSm2, "x\n");
    let refusal = server.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(refusal.contains("Revoked"), "{refusal}");
    let (_, heard, printed) = client.finish();
    assert!(printed.contains("certificate revoked"), "the alert in {printed}");
    assert_eq!(heard, b"", "nothing was said back");
}

#[test]
fn openssl_refuses_our_revoked_client() {
    let Some(federation) = Federation::ours() else { return };
    let (server, port) = listen(&federation, GCM, Group::CurveSm2);
    let (mut connection, mut socket) = connect(&federation, port, "wang", GCM, &GROUPS);
    let mut stream = Stream::new(&mut connection, &mut socket);
    // The client of TLS 1.3 is done before the server has judged it: the refusal comes as an answer.
    let said = stream.write_all(b"x\n").and_then(|()| stream.read_exact(&mut [0; 2]));
    let refusal = said.unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::InvalidData, "an alert and no lost connection: {refusal}");
    assert!(refusal.to_string().contains("CertificateRevoked"), "{refusal}");
    let (_, _, printed) = server.finish();
    assert!(printed.contains("certificate revoked"), "{printed}");
}

#[test]
fn without_a_group_in_common_there_is_no_connection() {
    let Some(federation) = Federation::ours() else { return };
    let (port, server) = serve(&federation, GCM, &[Group::CurveSm2MlKem768], 2);
    let client = dial(&federation, port, "li", GCM, Group::CurveSm2, "x\n");
    assert!(server.recv_timeout(PATIENCE).unwrap().is_err());
    let (status, _, printed) = client.finish();
    assert!(!status.success() && printed.contains("handshake failure"), "{printed}");
}
