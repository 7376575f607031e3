//! Our ends of a connection: with GCM as nodes have them, with CCM by rustls's own verifiers.

use std::sync::Arc;

use qianmo_certs::{chain_from_pem, client_config, server_config};
use qianmo_crypto::tls::{Group, Suite, provider_with, signing_key};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::WebPkiServerVerifier,
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::DefaultTimeProvider,
    version::TLS13,
};
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};

use crate::federation::{Federation, NODE};

/// The node's own name, which rustls's verifier looks for and ours does not.
pub(crate) const SERVER_NAME: &str = "main.node.hospital-a.qianmo.internal";

/// The node, as a server.
pub(crate) fn server(federation: &Federation, suite: Suite, groups: &[Group]) -> ServerConfig {
    if suite == Suite::Sm4GcmSm3 {
        let (keys, certificate) = federation.member("node");
        let time = Arc::new(DefaultTimeProvider);
        return server_config(keys, &certificate, federation.trust(), time, groups).unwrap();
    }
    let provider = Arc::new(provider_with(&[suite], groups));
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(federation), Arc::clone(&provider))
        .with_crls([crl(federation)])
        .build()
        .unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(own(federation, "node"))
}

/// A member, as a client of the node.
pub(crate) fn client(federation: &Federation, name: &str, suite: Suite, groups: &[Group]) -> ClientConfig {
    if suite == Suite::Sm4GcmSm3 {
        let (keys, certificate) = federation.member(name);
        let (time, expect) = (Arc::new(DefaultTimeProvider), NODE.parse().unwrap());
        return client_config(keys, &certificate, federation.trust(), time, groups, Some(expect)).unwrap();
    }
    let provider = Arc::new(provider_with(&[suite], groups));
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(federation), Arc::clone(&provider))
        .with_crls([crl(federation)])
        .build()
        .unwrap();
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_webpki_verifier(verifier)
        .with_client_cert_resolver(own(federation, name))
}

fn roots(federation: &Federation) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for root in chain_from_pem(&federation.openssl.read("root.crt")).unwrap() {
        roots.add(root).unwrap();
    }
    Arc::new(roots)
}

fn crl(federation: &Federation) -> CertificateRevocationListDer<'static> {
    CertificateRevocationListDer::from_pem_slice(federation.openssl.read("crl.pem").as_bytes()).unwrap()
}

fn own(federation: &Federation, name: &str) -> Arc<SingleCertAndKey> {
    let (keys, certificate) = federation.member(name);
    let chain = chain_from_pem(&certificate).unwrap();
    Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, signing_key(keys))))
}
