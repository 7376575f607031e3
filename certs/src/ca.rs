//! A small certificate authority: one root key, leaf certificates, one CRL.

mod error;
mod folder;
mod index;
mod issue;

use std::path::Path;

use der::{Encode, EncodePem, pem::LineEnding};
use qianmo_crypto::{
    sm2::{PublicKey, SecretKey},
    sm3::{self, Digest},
};
use qianmo_proto::Identity;
use x509_cert::{
    builder::{Builder, CertificateBuilder, CrlBuilder},
    certificate::Certificate as X509,
    crl::RevokedCert,
    ext::{
        Extension,
        pkix::{BasicConstraints, CrlNumber, KeyUsage, KeyUsages},
    },
    name::Name,
};

pub use self::{
    error::CaError,
    index::{Issued, Revocation, RevocationReason},
};
use self::{
    folder::Folder,
    index::Index,
    issue::{serial, validity},
};
use crate::{
    Csr,
    build::{self, CertSigner, DerSignature, Extensions, Shape},
    moment::{self, DAY_MS, MINUTE_MS},
};

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
    pem: String,
    fingerprint: Digest,
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
    /// When it ends, UNIX milliseconds.
    pub not_after_ms: i64,
}

impl Ca {
    /// Makes a root key and its certificate, valid for `years`, each fourth with a leap day:
    /// GmSSL refuses a certificate of more than 3,653 days, so ten years must not be longer. `title` names the federation and
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
        let not_after_ms = now_ms.saturating_add(i64::from(years * 365 + years / 4) * DAY_MS);
        let name = build::ca_subject(title)?;
        let shape = Shape { extensions: root_extensions(&name, &key)?, issuer: name.clone(), subject: name };
        let validity = validity(now_ms - 5 * MINUTE_MS, not_after_ms)?;
        let spki = build::spki(&key.public_key())?;
        let builder = CertificateBuilder::new(shape, serial()?, validity, spki)?;
        let certificate = builder.build::<_, DerSignature>(&CertSigner::new(&key))?;
        Self::assemble(certificate, key, Index::default(), None)
    }

    /// Opens the CA in `dir`, locking it.
    ///
    /// # Errors
    /// [`CaError::NotFound`], [`CaError::Busy`], [`CaError::KeyReadable`] if others may read the root key,
    /// [`CaError::Damaged`], [`CaError::KeyMismatch`], [`CaError::Io`].
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, CaError> {
        Self::unlock(dir, None)
    }

    /// [`Ca::load`] with the passphrase of the root key. A passphrase for a key that is not encrypted is refused, as its
    /// owner believes otherwise.
    ///
    /// # Errors
    /// As [`Ca::load`], and [`CaError::Locked`], [`CaError::NotLocked`], [`CaError::Passphrase`].
    pub fn unlock(dir: impl AsRef<Path>, passphrase: Option<&[u8]>) -> Result<Self, CaError> {
        let folder = Folder::open(dir.as_ref())?;
        let (certificate, key, index) = folder.read(passphrase)?;
        let certified = certificate.tbs_certificate().subject_public_key_info().to_der()?;
        if certified != key.public_key().to_spki_der() {
            return Err(CaError::KeyMismatch { dir: folder.path().to_owned() });
        }
        Self::assemble(certificate, key, index, Some(folder))
    }

    fn assemble(
        certificate: X509,
        key: SecretKey,
        index: Index,
        folder: Option<Folder>,
    ) -> Result<Self, CaError> {
        let (pem, fingerprint) = (certificate.to_pem(LineEnding::LF)?, sm3::digest(&certificate.to_der()?));
        Ok(Self { certificate, pem, fingerprint, key, index, folder })
    }

    /// Writes the CA to `dir`: `root.crt`, `root.key` (readable by its owner only) and `index.toml`. Each file
    /// is replaced whole or not at all.
    ///
    /// # Errors
    /// [`CaError::Exists`] if another CA lives there, [`CaError::Busy`], [`CaError::Io`].
    pub fn save(&mut self, dir: impl AsRef<Path>) -> Result<(), CaError> {
        self.save_locked(dir, None)
    }

    /// [`Ca::save`], for a new CA with the root key encrypted under a passphrase. A root key that is in the folder
    /// already stays as it is.
    ///
    /// # Errors
    /// As [`Ca::save`], and [`CaError::Crypto`].
    pub fn save_locked(&mut self, dir: impl AsRef<Path>, passphrase: Option<&[u8]>) -> Result<(), CaError> {
        let dir = dir.as_ref();
        if !self.folder.as_ref().is_some_and(|folder| folder.is(dir)) {
            self.folder = Some(Folder::create(dir)?);
        }
        match &self.folder {
            Some(folder) => folder.write(&self.pem, (&self.key, passphrase), &self.index),
            None => Err(CaError::NotFound { dir: dir.to_owned() }),
        }
    }

    /// The root certificate, PEM: the trust file of every member.
    pub fn certificate_pem(&self) -> String {
        self.pem.clone()
    }

    /// The CA's distinguished name.
    pub fn name(&self) -> String {
        self.certificate.tbs_certificate().subject().to_string()
    }

    /// SM3 of the root certificate: what members compare by telephone.
    pub const fn fingerprint(&self) -> Digest {
        self.fingerprint
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
}

fn root_extensions(name: &Name, key: &SecretKey) -> der::Result<Vec<Extension>> {
    let public_key: PublicKey = key.public_key();
    Ok(Extensions::of(name)
        .with(&BasicConstraints { ca: true, path_len_constraint: Some(0) })?
        .with(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?
        .with(&build::key_id(&public_key)?)?
        .with(&build::authority_key_id(&public_key)?)?
        .done())
}

#[cfg(test)]
mod tests;
