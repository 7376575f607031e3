//! Configurations for handshakes between two keys that know each other. Both sides show raw public keys (RFC 7250):
//! certificates are the certs crate's affair.

use std::sync::Arc;

use qianmo_crypto::keys::{KeyProvider, SoftKeys};
use qianmo_crypto::sm2::SecretKey;
use qianmo_crypto::tls::{self, Group, Suite};
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use zeroize::Zeroizing;

pub(crate) const HYBRID: Group = Group::CurveSm2MlKem768;
pub(crate) const CLASSIC: Group = Group::CurveSm2;

/// Accepts one key.
#[derive(Debug)]
struct Pin(Vec<u8>);

impl Pin {
    fn check(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        let known = shown.as_ref() == self.0;
        known.then_some(()).ok_or_else(|| CertificateError::ApplicationVerificationFailure.into())
    }

    fn check_signature(
        msg: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        verify_tls13_signature_with_raw_key(msg, &key, signature, &tls::SIGNATURE_ALGORITHMS)
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(shown).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        msg: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::check_signature(msg, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::SIGNATURE_ALGORITHMS.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Pin {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(shown).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        msg: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Self::check_signature(msg, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::SIGNATURE_ALGORITHMS.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

pub(crate) fn soft_keys() -> SoftKeys {
    SoftKeys::new(SecretKey::generate().unwrap(), Zeroizing::new([1; 16]))
}

/// The keys of both sides, and the groups each allows.
pub(crate) struct Setup {
    pub(crate) client: Arc<dyn KeyProvider>,
    pub(crate) server: Arc<dyn KeyProvider>,
    pub(crate) client_groups: Vec<Group>,
    pub(crate) server_groups: Vec<Group>,
    pub(crate) suites: Vec<Suite>,
}

impl Setup {
    pub(crate) fn new(client_groups: &[Group], server_groups: &[Group]) -> Self {
        Self {
            client: Arc::new(soft_keys()),
            server: Arc::new(soft_keys()),
            client_groups: client_groups.to_vec(),
            server_groups: server_groups.to_vec(),
            suites: vec![Suite::Sm4GcmSm3],
        }
    }

    pub(crate) fn configs(&self) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
        let pin = |keys: &Arc<dyn KeyProvider>| Arc::new(Pin(keys.public_key().to_spki_der()));
        let client = ClientConfig::builder_with_provider(self.provider(&self.client_groups))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(pin(&self.server))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified(
                &self.client,
            ))));
        let server = ServerConfig::builder_with_provider(self.provider(&self.server_groups))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_client_cert_verifier(pin(&self.client))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified(&self.server))));
        (Arc::new(client), Arc::new(server))
    }

    fn provider(&self, groups: &[Group]) -> Arc<CryptoProvider> {
        Arc::new(tls::provider_with(&self.suites, groups))
    }
}

fn certified(keys: &Arc<dyn KeyProvider>) -> Arc<CertifiedKey> {
    let spki = CertificateDer::from(keys.public_key().to_spki_der());
    Arc::new(CertifiedKey::new(vec![spki], tls::signing_key(Arc::clone(keys))))
}
