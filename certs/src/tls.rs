//! TLS configurations for QUIC and TCP: mutual SM2 authentication, TLS 1.3, nothing remembered between
//! connections.
//!
//! Resumption, tickets and 0-RTT are off on both sides: each would skip the certificate and CRL checks.

mod refusal;
mod verifier;

use std::sync::Arc;

use qianmo_crypto::{
    keys::KeyProvider,
    tls::{Group, provider, signing_key},
};
use qianmo_proto::{Identity, Role};
use rustls::{
    ClientConfig, ServerConfig,
    client::Resumption,
    server::NoServerSessionStorage,
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::TimeProvider,
    version::TLS13,
};

pub use self::refusal::{alert, explain};
use self::verifier::{ClientVerifier, ServerVerifier};
use crate::{CertError, Certificate, Trust, chain_from_pem};

/// The application protocol spoken between nodes and people.
pub const ALPN: &[u8] = b"qianmo/1";

/// The configuration of a node that listens. `cert_pem` is its certificate, followed by the CAs below the root
/// if there are any; `trust` is read at each handshake.
///
/// A client is let in if its certificate holds, whatever its role: who may do what is decided per request. A
/// TLS 1.3 client believes it is connected before the server has judged its certificate, so a connection counts
/// only once an application message has come through.
///
/// # Errors
/// [`CertError::KeyMismatch`], [`CertError::WrongRole`] unless the certificate is a node's, [`CertError::WrongUsage`],
/// [`CertError::Malformed`], [`CertError::Tls`].
pub fn server_config(
    keys: Arc<dyn KeyProvider>,
    cert_pem: &str,
    trust: Arc<Trust>,
    time: Arc<dyn TimeProvider>,
    groups: &[Group],
) -> Result<ServerConfig, CertError> {
    let (leaf, own) = certified_key(keys, cert_pem)?;
    if leaf.identity.role() != Role::Node {
        return Err(CertError::WrongRole { found: leaf.identity, needed: Role::Node });
    }
    if !leaf.usage.server {
        return Err(CertError::WrongUsage { holder: leaf.identity.to_string(), purpose: "as a TLS server" });
    }
    let mut config = ServerConfig::builder_with_details(Arc::new(provider(groups)), time)
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| CertError::Tls(error.to_string()))?
        .with_client_cert_verifier(Arc::new(ClientVerifier::new(trust)))
        .with_cert_resolver(Arc::new(own));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// The configuration for dialling a node as the holder of `cert_pem`. With `expect`, only the node with that
/// identity is accepted; without it, any node of the federation is.
///
/// The host name given to rustls is not looked at: the server is recognised by its SAN URI. It is not sent
/// either, because an observer could read it.
///
/// # Errors
/// [`CertError::KeyMismatch`], [`CertError::WrongUsage`], [`CertError::Malformed`], [`CertError::Tls`].
pub fn client_config(
    keys: Arc<dyn KeyProvider>,
    cert_pem: &str,
    trust: Arc<Trust>,
    time: Arc<dyn TimeProvider>,
    groups: &[Group],
    expect: Option<Identity>,
) -> Result<ClientConfig, CertError> {
    let (leaf, own) = certified_key(keys, cert_pem)?;
    if !leaf.usage.client {
        return Err(CertError::WrongUsage { holder: leaf.identity.to_string(), purpose: "as a TLS client" });
    }
    let mut config = ClientConfig::builder_with_details(Arc::new(provider(groups)), time)
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| CertError::Tls(error.to_string()))?
        // "dangerous" is rustls's name for any verifier but its own; ours adds CRL freshness and identity.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ServerVerifier::new(trust, expect)))
        .with_client_cert_resolver(Arc::new(own));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Ok(config)
}

/// Our own certificate with our key, if they belong together.
fn certified_key(
    keys: Arc<dyn KeyProvider>,
    cert_pem: &str,
) -> Result<(Certificate, SingleCertAndKey), CertError> {
    let chain = chain_from_pem(cert_pem)?;
    let leaf = Certificate::from_der(chain.first().ok_or(CertError::NoCertificate)?)?;
    if leaf.public_key != keys.public_key() {
        return Err(CertError::KeyMismatch { holder: leaf.identity.to_string() });
    }
    let own = CertifiedKey::new(chain, signing_key(keys));
    Ok((leaf, SingleCertAndKey::from(own)))
}
