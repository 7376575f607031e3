#![forbid(unsafe_code)]
//! Who is who in a Qianmo federation: X.509 certificates with SM2 keys.
//!
//! An identity is the SAN URI `qianmo://<department>/<role>/<name>`. This crate makes keys' requests
//! ([`Csr`]), runs a small CA ([`Ca`]), judges certificates ([`TrustStore`], [`Trust`]) and builds the TLS
//! configurations that use those judgements ([`server_config`], [`client_config`]).
//!
//! It is **not** a network client (CRLs arrive as text), it keeps no clock (`now_ms` is UNIX time in
//! milliseconds), and it does not say what a role may do (`qianmo-policies`).
//!
//! Everything fails closed: no CRL, a stale one, or one that cannot be read means that nothing its CA issued
//! is accepted.
//!
//! ```
//! use qianmo_certs::{Ca, Csr, TrustStore};
//! use qianmo_crypto::sm2::SecretKey;
//!
//! let now_ms = 1_795_000_000_000;
//! let mut ca = Ca::create("City data exchange", 10, now_ms)?;
//! let key = SecretKey::generate()?;
//! let csr = Csr::create(&key, &"qianmo://hospital-a/steward/li".parse()?, &[])?;
//! let issued = ca.issue(&csr, 365, now_ms)?;
//! let store = TrustStore::load(&ca.certificate_pem(), Some(&ca.crl(24, now_ms)?), 0)?;
//! let holder = store.verify(&qianmo_certs::chain_from_pem(&issued.pem)?[0], now_ms)?;
//! assert_eq!(holder.identity.to_string(), "qianmo://hospital-a/steward/li");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
pub mod ca;
mod certificate;
mod csr;
mod error;
pub mod files;
mod host;
mod moment;
mod profile;
mod read;
pub mod tls;
mod trust;

pub use ca::{Ca, CaError, Issued, IssuedCert, RevocationReason};
pub use certificate::{Certificate, chain_from_pem, peer_identity};
pub use csr::Csr;
pub use error::CertError;
pub use host::Host;
pub use tls::{client_config, server_config};
pub use trust::{ListInfo, Trust, TrustStore, Usage, Verified};
