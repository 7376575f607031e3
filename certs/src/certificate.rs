//! A leaf certificate as read, before anybody has vouched for it.

use qianmo_crypto::{
    sm2::PublicKey,
    sm3::{self, Digest},
};
use qianmo_proto::Identity;
use rustls_pki_types::CertificateDer;
use x509_parser::{
    certificate::{TbsCertificate, X509Certificate},
    error::X509Error,
};

use crate::{CertError, moment, read};

const WHAT: &str = "certificate";

/// What a certificate says. Nothing here is verified: for that see [`TrustStore`](crate::TrustStore).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The holder, from the SAN URI.
    pub identity: Identity,
    /// The holder's key.
    pub public_key: PublicKey,
    /// Serial number, lower-case hexadecimal without leading zeros.
    pub serial_hex: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// Start of validity, UNIX milliseconds.
    pub not_before_ms: i64,
    /// End of validity, UNIX milliseconds.
    pub not_after_ms: i64,
    /// SM3 of the DER encoding.
    pub fingerprint: Digest,
    pub(crate) usage: KeyUses,
}

/// What key usage and extended key usage allow. An absent extension allows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyUses {
    pub(crate) signature: bool,
    pub(crate) client: bool,
    pub(crate) server: bool,
}

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// [`CertError::Malformed`], [`CertError::Algorithm`] if the key is not SM2, [`CertError::NoIdentity`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertError> {
        let parsed: X509Certificate<'_> = read::whole(WHAT, der)?;
        let tbs = &parsed.tbs_certificate;
        let bad = |error: X509Error| CertError::malformed(WHAT, error);
        let names = tbs.subject_alternative_name().map_err(bad)?;
        Ok(Self {
            identity: read::identity(names.as_ref().map_or(&[], |san| &san.value.general_names))?,
            public_key: read::public_key(WHAT, &tbs.subject_pki)?,
            serial_hex: hex(tbs.raw_serial()),
            issuer: tbs.issuer.to_string(),
            not_before_ms: moment::from_asn1(tbs.validity.not_before),
            not_after_ms: moment::from_asn1(tbs.validity.not_after),
            fingerprint: sm3::digest(der),
            usage: KeyUses::of(tbs).map_err(bad)?,
        })
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// As [`Self::from_der`].
    pub fn from_pem(pem: &str) -> Result<Self, CertError> {
        let chain = chain_from_pem(pem)?;
        Self::from_der(chain.first().ok_or(CertError::NoCertificate)?)
    }
}

impl KeyUses {
    fn of(tbs: &TbsCertificate<'_>) -> Result<Self, X509Error> {
        let usage = tbs.key_usage()?;
        let extended = tbs.extended_key_usage()?;
        Ok(Self {
            signature: usage.is_some_and(|extension| extension.value.digital_signature()),
            client: extended.as_ref().is_some_and(|extension| extension.value.client_auth),
            server: extended.as_ref().is_some_and(|extension| extension.value.server_auth),
        })
    }
}

/// The certificates of a PEM text, in order: the leaf first, then the CAs between it and the root, if any.
///
/// # Errors
/// [`CertError::Malformed`] if there is none or one is not PEM.
pub fn chain_from_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, CertError> {
    read::sections(WHAT, pem)
}

/// Who holds the first certificate of a connection's chain: identity, fingerprint, serial number. The TLS
/// handshake has verified the chain already; this only reads it.
///
/// # Errors
/// [`CertError::NoCertificate`] for an empty chain, else as [`Certificate::from_der`].
pub fn peer_identity(chain: &[CertificateDer<'_>]) -> Result<(Identity, Digest, String), CertError> {
    let leaf = Certificate::from_der(chain.first().ok_or(CertError::NoCertificate)?)?;
    Ok((leaf.identity, leaf.fingerprint, leaf.serial_hex))
}

/// Serial number bytes as lower-case hexadecimal without leading zero bytes.
pub(crate) fn hex(serial: &[u8]) -> String {
    serial.iter().skip_while(|byte| **byte == 0).map(|byte| format!("{byte:02x}")).collect()
}
