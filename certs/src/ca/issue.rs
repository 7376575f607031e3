//! Turning a request into a certificate.

use der::{Encode, EncodePem, pem::LineEnding};
use qianmo_crypto::{random, sm3};
use x509_cert::{
    builder::{Builder, CertificateBuilder},
    ext::{
        Extension,
        pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages},
    },
    serial_number::SerialNumber,
    time::Validity,
};

use super::{Ca, CaError, Issued, IssuedCert};
use crate::{
    Csr,
    build::{self, CertSigner, DerSignature, Extensions, Shape},
    certificate::hex,
    moment::{self, DAY_MS, MINUTE_MS},
    profile::Profile,
};

/// Bytes of a serial number: 126 random bits below 01, so that it is positive and never shorter
/// (RFC 5280, 4.1.2.2).
pub(super) const SERIAL_LEN: usize = 16;

impl Ca {
    /// Issues under the profile of the request's role, and remembers it.
    pub(super) fn sign(&mut self, csr: &Csr, days: u32, now_ms: i64) -> Result<IssuedCert, CaError> {
        let profile = Profile::of(csr.identity.role()).map_err(CaError::Profile)?;
        if let Some(host) = csr.hosts.first().filter(|_| !profile.extra_hosts) {
            return Err(CaError::HostNotAllowed { identity: csr.identity.clone(), host: host.to_string() });
        }
        // X.509 counts seconds; the index must say the same as the certificate.
        let now_ms = now_ms - now_ms.rem_euclid(1000);
        let key = sm3::digest(&csr.public_key.to_spki_der());
        if let Some(other) = self.index.other_holder(&key, &csr.identity) {
            return Err(CaError::KeyReused { identity: csr.identity.clone(), other: other.clone() });
        }
        let not_before_ms = now_ms - i64::from(profile.backdate_minutes) * MINUTE_MS;
        let not_after_ms = self.not_after(days, profile.max_days, now_ms)?;
        let extensions = self.leaf_extensions(csr, &profile)?;
        let shape = Shape {
            issuer: self.certificate.tbs_certificate().subject().clone(),
            subject: build::subject(&csr.identity)?,
            extensions,
        };
        let validity = validity(not_before_ms, not_after_ms)?;
        let builder = CertificateBuilder::new(shape, serial()?, validity, build::spki(&csr.public_key)?)?;
        let made = builder.build::<_, DerSignature>(&CertSigner::new(&self.key))?;
        let serial_hex = hex(made.tbs_certificate().serial_number().as_bytes());
        let fingerprint = sm3::digest(&made.to_der()?);
        let identity = csr.identity.clone();
        self.index.issued.push(Issued {
            serial_hex: serial_hex.clone(),
            identity: identity.clone(),
            not_before_ms,
            not_after_ms,
            fingerprint,
            key,
            revoked: None,
        });
        Ok(IssuedCert { pem: made.to_pem(LineEnding::LF)?, identity, serial_hex, not_after_ms })
    }

    /// End of validity, which must not outlive the CA.
    fn not_after(&self, days: u32, max_days: u32, now_ms: i64) -> Result<i64, CaError> {
        let own_end = self.certificate.tbs_certificate().validity().not_after.to_unix_duration().as_millis();
        let own_end = i64::try_from(own_end).unwrap_or(i64::MAX);
        let left = own_end.saturating_sub(now_ms).div_euclid(DAY_MS);
        let max = i64::from(max_days).min(left);
        if days == 0 || i64::from(days) > max {
            return Err(CaError::Days { asked: days, max: max.max(0) });
        }
        Ok(now_ms + i64::from(days) * DAY_MS)
    }

    fn leaf_extensions(&self, csr: &Csr, profile: &Profile) -> der::Result<Vec<Extension>> {
        // No BasicConstraints: GmSSL refuses an empty one on a leaf, and absent means CA:FALSE.
        let list = Extensions::of(&build::subject(&csr.identity)?)
            .with(&build::key_id(&csr.public_key)?)?
            .with(&build::authority_key_id(&self.key.public_key())?)?
            .with(&KeyUsage(KeyUsages::DigitalSignature.into()))?
            .with(&ExtendedKeyUsage(profile.purposes()))?
            .with(&build::alternative_names(&csr.identity, &csr.hosts)?)?
            .done();
        Ok(list)
    }
}

/// The time between two moments.
pub(super) fn validity(not_before_ms: i64, not_after_ms: i64) -> der::Result<Validity> {
    Ok(Validity::new(moment::x509(not_before_ms)?, moment::x509(not_after_ms)?))
}

/// A fresh serial number.
pub(super) fn serial() -> Result<SerialNumber, CaError> {
    let mut bytes = [0; SERIAL_LEN];
    random::fill(&mut bytes)?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::new(&bytes)?)
}
