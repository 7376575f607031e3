//! CA certificates of the trust file.

use qianmo_crypto::sm2::PublicKey;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::EndEntityCert;
use x509_parser::certificate::X509Certificate;

use crate::{CertError, moment, read};

const WHAT: &str = "CA certificate";

/// A CA that is trusted because it stands in the trust file: a root, or a CA below one.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    /// Its name for people.
    pub(super) name: String,
    /// Its subject as webpki compares it: the contents of the SEQUENCE.
    pub(super) subject: Vec<u8>,
    pub(super) public_key: PublicKey,
    pub(super) der: CertificateDer<'static>,
    /// Set if it signed itself.
    pub(super) anchor: Option<TrustAnchor<'static>>,
    pub(super) may_sign_crls: bool,
    not_before_ms: i64,
    not_after_ms: i64,
}

impl Authority {
    /// Reads a CA certificate; a self-issued one must carry its own signature.
    pub(super) fn read(der: CertificateDer<'static>) -> Result<Self, CertError> {
        let parsed: X509Certificate<'_> = read::whole(WHAT, &der)?;
        let bad = |error: x509_parser::error::X509Error| CertError::malformed(WHAT, error);
        let name = parsed.subject.to_string();
        let usage = parsed.key_usage().map_err(bad)?.map(|extension| extension.value);
        if !parsed.is_ca() || !usage.is_some_and(|usage| usage.key_cert_sign()) {
            return Err(CertError::NotACa { name });
        }
        let public_key = read::public_key(WHAT, &parsed.subject_pki)?;
        let anchor = anchor(&parsed, &public_key, &der)?;
        let subject = EndEntityCert::try_from(&der)
            .map_err(|error| CertError::malformed(WHAT, format!("{error:?}")))?
            .subject()
            .to_vec();
        Ok(Self {
            may_sign_crls: usage.is_some_and(|usage| usage.crl_sign()),
            not_before_ms: moment::from_asn1(parsed.validity.not_before),
            not_after_ms: moment::from_asn1(parsed.validity.not_after),
            der: der.clone(),
            name,
            subject,
            public_key,
            anchor,
        })
    }

    /// Refuses a CA outside its validity. webpki does not look at a root's.
    pub(super) fn check_validity(&self, now_ms: i64) -> Result<(), CertError> {
        if (self.not_before_ms..=self.not_after_ms).contains(&now_ms) {
            return Ok(());
        }
        Err(CertError::CaExpired {
            issuer: self.name.clone(),
            not_before_ms: self.not_before_ms,
            not_after_ms: self.not_after_ms,
        })
    }
}

/// The trust anchor, if the certificate is a root.
fn anchor(
    parsed: &X509Certificate<'_>,
    public_key: &PublicKey,
    der: &CertificateDer<'static>,
) -> Result<Option<TrustAnchor<'static>>, CertError> {
    if parsed.subject.as_raw() != parsed.issuer.as_raw() {
        return Ok(None);
    }
    let signed = parsed.tbs_certificate.as_ref();
    let signature = &parsed.signature_value;
    if !read::signed_by(WHAT, public_key, &parsed.signature_algorithm, signed, signature)? {
        return Err(CertError::BadSignature { what: WHAT, issuer: parsed.issuer.to_string() });
    }
    let anchor = webpki::anchor_from_trusted_cert(der);
    anchor
        .map(|anchor| Some(anchor.to_owned()))
        .map_err(|error| CertError::malformed(WHAT, format!("{error:?}")))
}
