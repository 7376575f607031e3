//! Why a connection ended: numbers that both sides know and words for people. One cause has one code, whether it is
//! found in the handshake or just after it.

use std::net::SocketAddr;

use qianmo_certs::{CertError, tls};
use qianmo_proto::{ErrorCode, Identity, WireError};
use quinn::{Connection, ConnectionError, VarInt};

/// Nothing more is wanted.
pub(crate) const DONE: VarInt = VarInt::from_u32(0);
/// No room for one more connection of this identity.
pub(crate) const NO_ROOM: VarInt = VarInt::from_u32(1);
/// The node shuts down.
pub(crate) const SHUTTING_DOWN: VarInt = VarInt::from_u32(2);
/// Plus the TLS alert: a certificate is refused. The same number as in QUIC's own errors (RFC 9001, 4.8).
const ALERT: u32 = 0x100;
/// QUIC's own "no room" (RFC 9000, 20.1: CONNECTION_REFUSED).
const REFUSED: u64 = 2;

/// Ends a connection whose certificate does not hold, as the handshake would have.
pub(crate) fn refuse(connection: &Connection, refusal: &CertError) {
    let code = VarInt::from_u32(ALERT + u32::from(tls::alert(refusal)));
    connection.close(code, refusal.to_string().as_bytes());
}

/// What an ended connection to `node` means.
pub(crate) fn explain(node: &Identity, address: SocketAddr, ended: &ConnectionError) -> WireError {
    let by_us = matches!(ended, ConnectionError::TransportError(_));
    let (cause, reason) = cause(ended);
    match cause {
        Cause::Alert(alert) => certificate(node, address, by_us, alert, &reason),
        Cause::NoRoom => {
            let text =
                format!("{node} at {address} takes no more connections now; try again later ({reason})");
            WireError::new(ErrorCode::Busy, text)
        }
        Cause::ShuttingDown => {
            WireError::new(ErrorCode::ShuttingDown, format!("{node} at {address} is shutting down"))
        }
        Cause::Lost => unreachable(node, address, &reason),
    }
}

/// Nobody answers, or somebody who is no node.
pub(crate) fn unreachable(node: &Identity, address: SocketAddr, reason: &dyn std::fmt::Display) -> WireError {
    let port = address.port();
    let text = format!(
        "{node} at {address} cannot be reached: {reason}; is it running (qianmo serve), is the address right, and do \
         the firewalls on the way let UDP to port {port} through?"
    );
    let zh = format!(
        "无法连接 {address} 上的 {node}：{reason}；请确认该节点正在运行（qianmo serve）、地址无误，\
         且途经的防火墙放行到 {port} 端口的 UDP"
    );
    WireError::new(ErrorCode::PeerUnreachable, text).with_zh(zh)
}

#[derive(Debug, PartialEq, Eq)]
enum Cause {
    Alert(u8),
    NoRoom,
    ShuttingDown,
    Lost,
}

fn cause(ended: &ConnectionError) -> (Cause, String) {
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match ended {
        ConnectionError::ConnectionClosed(close) => (of_quic(close.error_code.into()), words(&close.reason)),
        ConnectionError::TransportError(error) => (of_quic(error.code.into()), error.reason.clone()),
        ConnectionError::ApplicationClosed(close) => (of_ours(close.error_code), words(&close.reason)),
        other => (Cause::Lost, other.to_string()),
    }
}

fn of_quic(code: u64) -> Cause {
    match alert(code) {
        Some(alert) => Cause::Alert(alert),
        None if code == REFUSED => Cause::NoRoom,
        None => Cause::Lost,
    }
}

fn of_ours(code: VarInt) -> Cause {
    match code {
        NO_ROOM => Cause::NoRoom,
        SHUTTING_DOWN => Cause::ShuttingDown,
        _ => alert(code.into_inner()).map_or(Cause::Lost, Cause::Alert),
    }
}

fn alert(code: u64) -> Option<u8> {
    code.checked_sub(u64::from(ALERT)).and_then(|alert| u8::try_from(alert).ok())
}

/// A certificate that one of the sides refuses: which side says who must act.
fn certificate(node: &Identity, address: SocketAddr, by_us: bool, alert: u8, reason: &str) -> WireError {
    let hint = match alert {
        44 => "a certificate is revoked",
        45 => "a certificate is expired or not yet valid",
        48 => "a certificate is of another federation (unknown CA)",
        51 => "a signature does not hold: is it a certificate of another federation with the same name?",
        40 | 47 => "no common key exchange or suite",
        116 => "a certificate is required",
        // Says little by its number: the reason does.
        42 | 46 if !reason.is_empty() => "",
        42 | 46 => "a certificate is not acceptable; is a fresh crl.pem in place on both sides?",
        _ => "the TLS handshake failed",
    };
    let told = match (hint, reason) {
        ("", reason) => reason.to_owned(),
        (hint, "") => hint.to_owned(),
        (hint, reason) => format!("{hint} ({reason})"),
    };
    let text = if by_us {
        format!("{node} at {address} is not accepted here: {told}")
    } else {
        format!("{node} at {address} does not accept this connection: {told}")
    };
    WireError::new(ErrorCode::Certificate, text)
}

#[cfg(test)]
mod tests {
    use quinn_proto::{ApplicationClose, ConnectionClose, TransportError, TransportErrorCode};

    use super::*;

    fn told(ended: &ConnectionError) -> WireError {
        explain(&"qianmo://hospital-a/node/main".parse().unwrap(), ([127, 0, 0, 1], 7400).into(), ended)
    }

    fn application(code: VarInt, reason: &str) -> ConnectionError {
        ConnectionError::ApplicationClosed(ApplicationClose {
            error_code: code,
            reason: reason.as_bytes().to_vec().into(),
        })
    }

    fn handshake(alert: u8, reason: &str) -> ConnectionError {
        ConnectionError::ConnectionClosed(ConnectionClose {
            error_code: TransportErrorCode::crypto(alert),
            frame_type: None,
            reason: reason.as_bytes().to_vec().into(),
        })
    }

    #[test]
    fn a_stale_list_is_told_alike_in_the_handshake_and_after_it() {
        let stale = CertError::StaleCrl { issuer: "CN=City".into(), since_ms: 1_795_000_000_000 };
        let number = tls::alert(&stale);
        let words = stale.to_string();
        let early = told(&handshake(number, &words));
        let late = told(&application(VarInt::from_u32(ALERT + u32::from(number)), &words));
        assert_eq!(early, late);
        assert_eq!(early.code, ErrorCode::Certificate);
        assert!(early.message.contains("does not accept this connection: the certificate revocation list"));
        assert!(early.message.contains("crl.pem"), "{early}");
    }

    #[test]
    fn every_end_has_its_code() {
        let revoked = CertError::Revoked { serial: "1".into(), issuer: "CN=City".into(), revoked_ms: 0 };
        assert_eq!(tls::alert(&revoked), 44);
        for (ended, code, word) in [
            (handshake(44, "x"), ErrorCode::Certificate, "is revoked (x)"),
            (handshake(46, ""), ErrorCode::Certificate, "crl.pem in place"),
            (application(NO_ROOM, "too many"), ErrorCode::Busy, "(too many)"),
            (application(SHUTTING_DOWN, ""), ErrorCode::ShuttingDown, "shutting down"),
            (application(DONE, "done"), ErrorCode::PeerUnreachable, "done"),
            (application(VarInt::MAX, "?"), ErrorCode::PeerUnreachable, "UDP to port 7400"),
            (ConnectionError::TimedOut, ErrorCode::PeerUnreachable, "UDP"),
            (
                ConnectionError::TransportError(TransportError {
                    code: TransportErrorCode::crypto(46),
                    frame: None,
                    reason: "expected a, but b answered".into(),
                }),
                ErrorCode::Certificate,
                "is not accepted here: expected a, but b answered",
            ),
        ] {
            let error = told(&ended);
            assert_eq!(error.code, code, "{error}");
            assert!(error.message.contains(word), "{error}");
        }
    }
}
