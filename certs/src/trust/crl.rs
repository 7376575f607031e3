//! A CRL in use: signed by a trusted CA, complete, with a number and a date of replacement.

use der::pem;
use rustls_pki_types::CertificateRevocationListDer;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::{num_bigint::BigUint, revocation_list::CertificateRevocationList};

use super::authority::Authority;
use crate::{CertError, moment, read};

const WHAT: &str = "CRL";

/// What a list of revoked certificates says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInfo {
    /// The CA's name for people.
    pub issuer: String,
    /// Its number, decimal: each list of a CA has a higher one than the one before.
    pub number: String,
    /// When it was made, UNIX milliseconds.
    pub this_update_ms: i64,
    /// When its successor is due, UNIX milliseconds.
    pub next_update_ms: i64,
}

/// One CA's list of revoked certificates (RFC 5280, section 5).
#[derive(Debug)]
pub(super) struct Crl {
    /// The CA's name for people.
    pub(super) issuer: String,
    /// webpki's parse: an index of serial numbers.
    list: CertRevocationList<'static>,
    /// As it was signed, to be handed on.
    der: Vec<u8>,
    pub(super) number: BigUint,
    this_update_ms: i64,
    next_update_ms: i64,
}

impl Crl {
    /// Reads a CRL and checks that one of `authorities` signed it.
    pub(super) fn read(
        der: &CertificateRevocationListDer<'_>,
        authorities: &[Authority],
    ) -> Result<Self, CertError> {
        let parsed: CertificateRevocationList<'_> = read::whole(WHAT, der)?;
        let issuer = parsed.issuer().to_string();
        let unusable = |reason: String| CertError::BadCrl { issuer: issuer.clone(), reason };
        let list = OwnedCertRevocationList::from_der(der).map_err(|error| unusable(format!("{error:?}")))?;
        let list = CertRevocationList::from(list);
        if list.issuing_distribution_point().is_some() {
            return Err(unusable("it covers only a part of the CA's certificates".into()));
        }
        check_signature(&parsed, list.issuer(), authorities)?;
        let number = parsed.crl_number().ok_or_else(|| unusable("it has no CRL number".into()))?;
        let next_update = parsed.next_update().ok_or_else(|| unusable("it has no nextUpdate".into()))?;
        Ok(Self {
            number: number.clone(),
            this_update_ms: moment::from_asn1(parsed.last_update()),
            next_update_ms: moment::from_asn1(next_update),
            list,
            der: der.to_vec(),
            issuer,
        })
    }

    /// What it says of itself.
    pub(super) fn info(&self) -> ListInfo {
        ListInfo {
            issuer: self.issuer.clone(),
            number: self.number.to_string(),
            this_update_ms: self.this_update_ms,
            next_update_ms: self.next_update_ms,
        }
    }

    /// The list as it was signed, PEM.
    pub(super) fn pem(&self) -> String {
        let encoded = pem::encode_string("X509 CRL", pem::LineEnding::LF, &self.der);
        // The label is legal and memory is not: nothing is left to fail.
        encoded.unwrap_or_default()
    }

    /// Whether this is the list of the CA with this subject (contents of the SEQUENCE).
    pub(super) fn is_of(&self, issuer: &[u8]) -> bool {
        self.list.issuer() == issuer
    }

    /// Whether both are lists of the same CA.
    pub(super) fn same_issuer(&self, other: &Self) -> bool {
        self.is_of(other.list.issuer())
    }

    /// Refuses a list whose replacement is overdue by more than `grace_ms`, or that is dated in the future.
    pub(super) fn check_fresh(&self, now_ms: i64, grace_ms: i64) -> Result<(), CertError> {
        if now_ms > self.next_update_ms.saturating_add(grace_ms) {
            return Err(CertError::StaleCrl { issuer: self.issuer.clone(), since_ms: self.next_update_ms });
        }
        // The CA's clock may be a little ahead of ours.
        if now_ms < self.this_update_ms.saturating_sub(5 * moment::MINUTE_MS) {
            let (issuer, this_update_ms) = (self.issuer.clone(), self.this_update_ms);
            return Err(CertError::FutureCrl { issuer, this_update_ms });
        }
        Ok(())
    }

    /// When the certificate with this DER serial number was revoked, UNIX milliseconds.
    pub(super) fn revoked_ms(&self, serial: &[u8]) -> Result<Option<i64>, CertError> {
        let found = self.list.find_serial(serial);
        let found = found.map_err(|error| CertError::BadCrl {
            issuer: self.issuer.clone(),
            reason: format!("{error:?}"),
        })?;
        Ok(found.map(|entry| moment::from_unix(entry.revocation_date)))
    }
}

fn check_signature(
    parsed: &CertificateRevocationList<'_>,
    subject: &[u8],
    authorities: &[Authority],
) -> Result<(), CertError> {
    let issuer = || parsed.issuer().to_string();
    let mut signers = authorities.iter().filter(|ca| ca.may_sign_crls && ca.subject == subject).peekable();
    if signers.peek().is_none() {
        return Err(CertError::UnknownCa { issuer: issuer() });
    }
    let signed = parsed.tbs_cert_list.as_ref();
    for ca in signers {
        let signature = &parsed.signature_value;
        if read::signed_by(WHAT, &ca.public_key, &parsed.signature_algorithm, signed, signature)? {
            return Ok(());
        }
    }
    Err(CertError::BadSignature { what: WHAT, issuer: issuer() })
}
