//! Key-exchange groups of TLS 1.3, as rustls runs them.
//!
//! rustls calls these synchronously, and in QUIC servers under the endpoint's lock: they compute and never wait.

mod curve_sm2;
mod hybrid;

pub(crate) use curve_sm2::CurveSm2;
pub(crate) use hybrid::CurveSm2MlKem768;

use rustls::{Error, PeerMisbehaved};

use crate::CryptoError;

/// A bad share is the peer's fault and ends in an alert; all else is ours.
fn to_tls(error: CryptoError) -> Error {
    match error {
        CryptoError::PublicKey(_) | CryptoError::KeyShare(_) => PeerMisbehaved::InvalidKeyShare.into(),
        CryptoError::Random => Error::FailedToGetRandomBytes,
        other => Error::General(other.to_string()),
    }
}
