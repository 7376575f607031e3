//! Certificate verifiers for rustls. Both ask the [`Trust`] of the moment; neither caches anything.

use std::sync::Arc;

use qianmo_crypto::tls::SIGNATURE_ALGORITHMS;
use qianmo_proto::Identity;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::verify_tls13_signature,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::refusal::to_tls;
use crate::{CertError, Trust, Usage, Verified, moment};

/// Judges the certificates of clients.
#[derive(Debug)]
pub(super) struct ClientVerifier(Arc<Trust>);

impl ClientVerifier {
    pub(super) const fn new(trust: Arc<Trust>) -> Self {
        Self(trust)
    }
}

impl ClientCertVerifier for ClientVerifier {
    /// No hints: the roots may change while the configuration stays.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        judge(&self.0, end_entity, intermediates, Usage::Client, now).map_err(to_tls)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &SIGNATURE_ALGORITHMS)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURE_ALGORITHMS.supported_schemes()
    }
}

/// Judges the certificates of servers, and whether the one expected answered.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    trust: Arc<Trust>,
    expect: Option<Identity>,
}

impl ServerVerifier {
    pub(super) const fn new(trust: Arc<Trust>, expect: Option<Identity>) -> Self {
        Self { trust, expect }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertError> {
        let found = judge(&self.trust, leaf, sent, Usage::Server, now)?.identity;
        match &self.expect {
            Some(expected) if *expected != found => {
                Err(CertError::WrongPeer { expected: expected.clone(), found })
            }
            _ => Ok(()),
        }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity, intermediates, now).map_err(to_tls)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &SIGNATURE_ALGORITHMS)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURE_ALGORITHMS.supported_schemes()
    }
}

fn judge(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    sent: &[CertificateDer<'_>],
    usage: Usage,
    now: UnixTime,
) -> Result<Verified, CertError> {
    trust.current().verify_chain(leaf, sent, usage, moment::from_unix(now))
}

/// Never reached: no configuration here speaks TLS 1.2.
fn no_tls12() -> Error {
    PeerIncompatible::Tls12NotOfferedOrEnabled.into()
}
