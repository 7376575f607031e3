//! A small certificate authority: one root key, leaf certificates, one CRL.

mod error;
mod folder;
mod index;

use std::path::Path;

use der::{Encode, EncodePem, pem::LineEnding};
use qianmo_crypto::{
    random,
    sm2::{PublicKey, SecretKey},
    sm3::{self, Digest},
};
use qianmo_proto::Identity;
use x509_cert::{
    builder::{Builder, CertificateBuilder, CrlBuilder},
    certificate::Certificate as X509,
    crl::RevokedCert,
    ext::pkix::{BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage, KeyUsages},
    name::Name,
    serial_number::SerialNumber,
    time::Validity,
};

pub use self::{
    error::CaError,
    index::{Issued, Revocation, RevocationReason},
};
use self::{folder::Folder, index::Index};
use crate::{
    Csr,
    build::{self, CertSigner, DerSignature, Extensions, Shape},
    certificate::hex,
    moment::{self, DAY_MS, MINUTE_MS},
    profile::Profile,
};

/// Bytes of a serial number: 127 random bits and a zero one, so that it is positive (RFC 5280, 4.1.2.2).
const SERIAL_LEN: usize = 16;

/// Longest life of a CA in years.
const MAX_YEARS: u32 = 30;

/// Longest common name (RFC 5280, appendix A: ub-common-name).
const TITLE_CHARS: usize = 64;

/// A certificate authority in memory. Nothing is on disk until [`Ca::save`].
///
/// A folder belongs to one process at a time: [`Ca::load`] and [`Ca::save`] hold a lock on it until the `Ca` is
/// dropped.
pub struct Ca {
    certificate: X509,
    key: SecretKey,
    index: Index,
    folder: Option<Folder>,
}

/// A certificate just issued.
#[derive(Clone, Debug)]
pub struct IssuedCert {
    /// The certificate, PEM.
    pub pem: String,
    /// Whose it is.
    pub identity: Identity,
    /// Serial number, lower-case hexadecimal.
    pub serial_hex: String,
}

impl Ca {
    /// Makes a root key and its certificate, valid for `years` of 366 days. `title` names the federation and
    /// may be Chinese.
    ///
    /// # Errors
    /// [`CaError::Title`], [`CaError::Years`], [`CaError::Crypto`].
    pub fn create(title: &str, years: u32, now_ms: i64) -> Result<Self, CaError> {
        if title.trim().is_empty()
            || title.chars().count() > TITLE_CHARS
            || title.chars().any(char::is_control)
        {
            return Err(CaError::Title);
        }
        if !(1..=MAX_YEARS).contains(&years) {
            return Err(CaError::Years { max: MAX_YEARS });
        }
        let key = SecretKey::generate()?;
        let not_after_ms = now_ms.saturating_add(i64::from(years) * 366 * DAY_MS);
        let name = build::ca_subject(title)?;
        let shape = Shape { extensions: root_extensions(&name, &key)?, issuer: name.clone(), subject: name };
        let validity = validity(now_ms - 5 * MINUTE_MS, not_after_ms)?;
        let spki = build::spki(&key.public_key())?;
        let builder = CertificateBuilder::new(shape, serial()?, validity, spki)?;
        let certificate = builder.build::<_, DerSignature>(&CertSigner::new(&key))?;
        Ok(Self { certificate, key, index: Index::default(), folder: None })
    }

    /// Opens the CA in `dir`, locking it.
    ///
    /// # Errors
    /// [`CaError::NotFound`], [`CaError::Busy`], [`CaError::KeyReadable`] if others may read the root key,
    /// [`CaError::Damaged`], [`CaError::KeyMismatch`], [`CaError::Io`].
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, CaError> {
        let folder = Folder::open(dir.as_ref())?;
        let (certificate, key, index) = folder.read()?;
        let certified = certificate.tbs_certificate().subject_public_key_info().to_der()?;
        if certified != key.public_key().to_spki_der() {
            return Err(CaError::KeyMismatch { dir: folder.path().to_owned() });
        }
        Ok(Self { certificate, key, index, folder: Some(folder) })
    }

    /// Writes the CA to `dir`: `root.crt`, `root.key` (readable by its owner only) and `index.toml`. Each file
    /// is replaced whole or not at all.
    ///
    /// # Errors
    /// [`CaError::Exists`] if another CA lives there, [`CaError::Busy`], [`CaError::Io`].
    pub fn save(&mut self, dir: impl AsRef<Path>) -> Result<(), CaError> {
        let dir = dir.as_ref();
        if !self.folder.as_ref().is_some_and(|folder| folder.is(dir)) {
            self.folder = Some(Folder::create(dir)?);
        }
        match &self.folder {
            Some(folder) => folder.write(&self.certificate_pem(), &self.key, &self.index),
            None => Err(CaError::NotFound { dir: dir.to_owned() }),
        }
    }

    /// The root certificate, PEM: the trust file of every member.
    pub fn certificate_pem(&self) -> String {
        // What was encoded once encodes again.
        self.certificate.to_pem(LineEnding::LF).unwrap_or_default()
    }

    /// The CA's distinguished name.
    pub fn name(&self) -> String {
        self.certificate.tbs_certificate().subject().to_string()
    }

    /// SM3 of the root certificate: what members compare by telephone.
    pub fn fingerprint(&self) -> Digest {
        sm3::digest(&self.certificate.to_der().unwrap_or_default())
    }

    /// Every certificate issued, in order.
    pub fn issued(&self) -> &[Issued] {
        &self.index.issued
    }

    /// Issues a certificate for a request, valid for `days`. The operator must have made sure that the asker is
    /// who the request says ([`Csr::from_pem`] shows it).
    ///
    /// # Errors
    /// [`CaError::AlreadyIssued`] if the identity has a certificate that is in force, [`CaError::KeyReused`],
    /// [`CaError::Days`], [`CaError::HostNotAllowed`], [`CaError::Cert`] for a bad request.
    pub fn issue(&mut self, csr_pem: &str, days: u32, now_ms: i64) -> Result<IssuedCert, CaError> {
        let csr = Csr::from_pem(csr_pem)?;
        if let Some(held) = self.index.in_force(&csr.identity, now_ms) {
            let (identity, serial_hex) = (csr.identity, held.serial_hex.clone());
            return Err(CaError::AlreadyIssued { identity, serial_hex });
        }
        self.sign(&csr, days, now_ms)
    }

    /// Like [`Ca::issue`], but also for an identity that has a certificate in force. That one stays valid until
    /// it expires or is revoked.
    ///
    /// # Errors
    /// As [`Ca::issue`], without [`CaError::AlreadyIssued`].
    pub fn renew(&mut self, csr_pem: &str, days: u32, now_ms: i64) -> Result<IssuedCert, CaError> {
        self.sign(&Csr::from_pem(csr_pem)?, days, now_ms)
    }

    fn sign(&mut self, csr: &Csr, days: u32, now_ms: i64) -> Result<IssuedCert, CaError> {
        let profile = Profile::of(csr.identity.role()).map_err(CaError::Profile)?;
        if let Some(host) = csr.hosts.first().filter(|_| !profile.extra_hosts) {
            return Err(CaError::HostNotAllowed { identity: csr.identity.clone(), host: host.to_string() });
        }
        let key = sm3::digest(&csr.public_key.to_spki_der());
        if let Some(other) = self.index.other_holder(&key, &csr.identity) {
            return Err(CaError::KeyReused { identity: csr.identity.clone(), other: other.clone() });
        }
        let not_before_ms = now_ms - i64::from(profile.backdate_minutes) * MINUTE_MS;
        let not_after_ms = self.not_after(days, profile.max_days, now_ms)?;
        let extensions = self.leaf_extensions(csr, &profile)?;
        let shape =
            Shape { issuer: self.subject().clone(), subject: build::subject(&csr.identity)?, extensions };
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
        Ok(IssuedCert { pem: made.to_pem(LineEnding::LF)?, identity, serial_hex })
    }

    /// Revokes a certificate without giving a reason. It counts once members have the next [`Ca::crl`].
    ///
    /// # Errors
    /// [`CaError::UnknownSerial`], [`CaError::AlreadyRevoked`].
    pub fn revoke(&mut self, serial_hex: &str, now_ms: i64) -> Result<(), CaError> {
        self.revoke_for(serial_hex, RevocationReason::Unspecified, now_ms)
    }

    /// Revokes a certificate and says why.
    ///
    /// # Errors
    /// As [`Ca::revoke`].
    pub fn revoke_for(
        &mut self,
        serial_hex: &str,
        reason: RevocationReason,
        now_ms: i64,
    ) -> Result<(), CaError> {
        let entry = self.index.issued.iter_mut().find(|entry| entry.serial_hex == serial_hex);
        let entry = entry.ok_or_else(|| CaError::UnknownSerial(serial_hex.to_owned()))?;
        if let Some(earlier) = &entry.revoked {
            return Err(CaError::AlreadyRevoked { serial_hex: serial_hex.to_owned(), at_ms: earlier.at_ms });
        }
        entry.revoked = Some(Revocation { at_ms: now_ms, reason });
        Ok(())
    }

    /// Makes the next CRL, PEM: version 2, numbered, to be replaced after `next_update_hours`. Lists every
    /// certificate ever revoked, expired or not, because documents signed with them live on. Call [`Ca::save`]
    /// before handing it out, so that its number is not used again.
    ///
    /// # Errors
    /// [`CaError::Crypto`] or [`CaError::Encoding`].
    pub fn crl(&mut self, next_update_hours: u32, now_ms: i64) -> Result<String, CaError> {
        let number = self.index.crl_number + 1;
        let next_update_ms = now_ms.saturating_add(i64::from(next_update_hours) * 60 * MINUTE_MS);
        let entries: Vec<RevokedCert> =
            self.index.issued.iter().filter_map(Issued::crl_entry).collect::<Result<_, _>>()?;
        let crl_number = CrlNumber::try_from(number)?;
        let mut builder =
            CrlBuilder::new_with_this_update(&self.certificate, crl_number, moment::x509(now_ms)?)?
                .with_next_update(Some(moment::x509(next_update_ms)?));
        // An empty list must be absent (RFC 5280, 5.1.2.6).
        if !entries.is_empty() {
            builder = builder.with_certificates(entries.into_iter());
        }
        let crl = builder.build::<_, DerSignature>(&CertSigner::new(&self.key))?;
        self.index.crl_number = number;
        Ok(crl.to_pem(LineEnding::LF)?)
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

    fn leaf_extensions(&self, csr: &Csr, profile: &Profile) -> der::Result<Vec<x509_cert::ext::Extension>> {
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

    fn subject(&self) -> &Name {
        self.certificate.tbs_certificate().subject()
    }
}

fn root_extensions(name: &Name, key: &SecretKey) -> der::Result<Vec<x509_cert::ext::Extension>> {
    let public_key: PublicKey = key.public_key();
    Ok(Extensions::of(name)
        .with(&BasicConstraints { ca: true, path_len_constraint: Some(0) })?
        .with(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?
        .with(&build::key_id(&public_key)?)?
        .with(&build::authority_key_id(&public_key)?)?
        .done())
}

fn validity(not_before_ms: i64, not_after_ms: i64) -> der::Result<Validity> {
    Ok(Validity::new(moment::x509(not_before_ms)?, moment::x509(not_after_ms)?))
}

/// A fresh serial number. The second highest bit is set, so that its length never varies.
fn serial() -> Result<SerialNumber, CaError> {
    let mut bytes = [0; SERIAL_LEN];
    random::fill(&mut bytes)?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::new(&bytes)?)
}

#[cfg(test)]
mod tests;
