//! Refusals on their way through rustls, and back into words.

use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error, OtherError};

use crate::CertError;

/// The rustls error that carries a refusal. Where TLS has an alert that tells the peer what is wrong with its
/// certificate, that alert is sent; what is wrong on our side (a stale CRL) stays between us.
pub(super) fn to_tls(refusal: CertError) -> Error {
    let reason = match refusal {
        CertError::Revoked { .. } => CertificateError::Revoked,
        CertError::Expired { .. } => CertificateError::Expired,
        CertError::NotYetValid { .. } => CertificateError::NotValidYet,
        CertError::UnknownCa { .. } => CertificateError::UnknownIssuer,
        CertError::BadSignature { .. } => CertificateError::BadSignature,
        CertError::Malformed { .. } => CertificateError::BadEncoding,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    };
    Error::InvalidCertificate(reason)
}

/// The TLS alert that tells a peer of `refusal`: the same number whether it is found in the handshake or later.
pub fn alert(refusal: &CertError) -> u8 {
    let Error::InvalidCertificate(reason) = to_tls(refusal.clone()) else {
        return u8::from(AlertDescription::CertificateUnknown);
    };
    u8::from(AlertDescription::from(reason))
}

/// What a failed handshake means and what to do about it, or `None` if certificates were not the reason.
///
/// Covers both sides: refusals made here, and alerts that say the peer refused us.
pub fn explain(error: &Error) -> Option<String> {
    let text = match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            return Some(inner.to_string());
        }
        Error::InvalidCertificate(reason) => refused_by_us(reason)?,
        Error::AlertReceived(alert) => refused_by_peer(*alert)?,
        Error::NoCertificatesPresented => return Some(CertError::NoCertificate.to_string()),
        _ => return None,
    };
    Some(text.to_owned())
}

/// Read by both sides: the refusal is sent along with the alert.
fn refused_by_us(reason: &CertificateError) -> Option<&'static str> {
    Some(match reason {
        CertificateError::Revoked => {
            "the certificate shown is revoked; its holder needs a new key and certificate"
        }
        CertificateError::Expired => {
            "the certificate shown has expired; its holder must have it renewed. Check this machine's clock too"
        }
        CertificateError::NotValidYet => "the certificate shown is not valid yet; check this machine's clock",
        CertificateError::UnknownIssuer => {
            "the certificate shown is of another federation: no CA in the trust file issued it"
        }
        CertificateError::BadSignature => "the certificate shown is not signed by the CA it names",
        CertificateError::BadEncoding => "the certificate shown cannot be read",
        _ => return None,
    })
}

fn refused_by_peer(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::CertificateRevoked => {
            "the peer says that our certificate is revoked; make a new key and have it certified"
        }
        AlertDescription::CertificateExpired => {
            "the peer says that our certificate is not valid now; have it renewed, and check the clocks"
        }
        AlertDescription::UnknownCA => {
            "the peer does not know the CA of our certificate; are both of the same federation?"
        }
        AlertDescription::CertificateRequired => "the peer wants a certificate; give one with the context",
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            "the peer does not accept our certificate; its operator finds the reason in its log (a stale CRL there \
             is the usual one)"
        }
        AlertDescription::HandshakeFailure => {
            "the peer shares no cipher suite or key-exchange group with us; compare the configured groups"
        }
        AlertDescription::NoApplicationProtocol => "the peer speaks another version of the protocol",
        _ => return None,
    })
}
