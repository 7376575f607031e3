//! `TrustStore`: which CAs are believed, what they have revoked, and the judgement over a certificate.

use qianmo_crypto::{sm2::PublicKey, sm3::Digest, tls::certs_algorithms};
use qianmo_proto::{Identity, Role};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::num_bigint::BigUint;

use super::{
    authority::Authority,
    crl::{Crl, ListInfo},
};
use crate::{CertError, Certificate, certificate, moment, read};

/// Decimal digits of the largest number of a list: 20 octets (RFC 5280, 5.2.3).
const CRL_NUMBER_DIGITS: usize = 49;

/// Roots, CAs below them, and their CRLs, as loaded at one moment.
#[derive(Debug)]
pub struct TrustStore {
    authorities: Vec<Authority>,
    anchors: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    crls: Vec<Crl>,
    grace_ms: i64,
}

/// What a certificate is about to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// To sign a document.
    Document,
    /// As a TLS client.
    Client,
    /// As a TLS server: nodes only.
    Server,
}

/// A certificate that held, and whose it is. Only [`TrustStore`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The holder.
    pub identity: Identity,
    /// The holder's key.
    pub public_key: PublicKey,
    /// Serial number, lower-case hexadecimal.
    pub serial_hex: String,
    /// End of validity, UNIX milliseconds.
    pub not_after_ms: i64,
    /// SM3 of the DER certificate.
    pub fingerprint: Digest,
    /// The certificate and the CAs between it and the root.
    links: Vec<Link>,
}

/// One certificate of a chain, as revocation sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    issuer: Vec<u8>,
    serial: Vec<u8>,
}

impl TrustStore {
    /// Loads the trust file (`roots_pem`: root CAs, and CAs below them if any) and their CRLs. A CRL may be
    /// used for `crl_grace_s` seconds after its nextUpdate. Without a CRL everything will be refused, with a
    /// message that says so.
    ///
    /// # Errors
    /// [`CertError::NoRoot`], [`CertError::NotACa`], [`CertError::Malformed`], [`CertError::BadSignature`],
    /// [`CertError::UnknownCa`] for a CRL of somebody else, [`CertError::BadCrl`].
    pub fn load(roots_pem: &str, crl_pem: Option<&str>, crl_grace_s: u64) -> Result<Self, CertError> {
        let certificates: Vec<CertificateDer<'static>> = read::sections("trust file", roots_pem)?;
        let authorities: Vec<Authority> =
            certificates.into_iter().map(Authority::read).collect::<Result<_, _>>()?;
        let anchors: Vec<_> = authorities.iter().filter_map(|ca| ca.anchor.clone()).collect();
        if anchors.is_empty() {
            return Err(CertError::NoRoot);
        }
        let below_root = |ca: &&Authority| ca.anchor.is_none();
        let intermediates = authorities.iter().filter(below_root).map(|ca| ca.der.clone()).collect();
        let crls = crl_pem.map_or_else(|| Ok(Vec::new()), |pem| load_crls(pem, &authorities))?;
        let grace_ms = i64::try_from(crl_grace_s).unwrap_or(i64::MAX).saturating_mul(1000);
        Ok(Self { authorities, anchors, intermediates, crls, grace_ms })
    }

    /// Judges the certificate of a signed document: chain, validity, key usage, CRL, identity.
    ///
    /// # Errors
    /// One [`CertError`] variant per reason.
    pub fn verify(&self, cert_der: &[u8], now_ms: i64) -> Result<Verified, CertError> {
        self.verify_chain(&CertificateDer::from(cert_der), &[], Usage::Document, now_ms)
    }

    /// Judges a certificate for `usage`. `intermediates` are CAs that its holder sent along; those of the trust
    /// file are known already.
    ///
    /// # Errors
    /// One [`CertError`] variant per reason.
    pub fn verify_chain(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: Usage,
        now_ms: i64,
    ) -> Result<Verified, CertError> {
        let parsed = EndEntityCert::try_from(leaf).map_err(|error| refusal(error, leaf))?;
        let links = self.walk(&parsed, intermediates, now_ms).map_err(|error| match error {
            Walk::Webpki(error) => refusal(error, leaf),
            Walk::Ours(error) => error,
        })?;
        self.check_links(&links, now_ms)?;
        let certificate = Certificate::from_der(leaf)?;
        check_usage(&certificate, usage)?;
        Ok(Verified {
            identity: certificate.identity,
            public_key: certificate.public_key,
            serial_hex: certificate.serial_hex,
            not_after_ms: certificate.not_after_ms,
            fingerprint: certificate.fingerprint,
            links,
        })
    }

    /// Whether a judgement made earlier, perhaps by another store, would still hold: not expired, CRLs present
    /// and fresh, nothing in the chain revoked. Looks up serial numbers; no signature is computed.
    ///
    /// # Errors
    /// [`CertError::Expired`], [`CertError::MissingCrl`], [`CertError::StaleCrl`], [`CertError::Revoked`].
    pub fn still_valid(&self, verified: &Verified, now_ms: i64) -> Result<(), CertError> {
        if now_ms > verified.not_after_ms {
            return Err(CertError::Expired { not_after_ms: verified.not_after_ms });
        }
        self.check_links(&verified.links, now_ms)
    }

    /// The lists of revoked certificates it goes by.
    pub fn lists(&self) -> Vec<ListInfo> {
        self.crls.iter().map(Crl::info).collect()
    }

    /// All of these lists, PEM.
    pub fn lists_pem(&self) -> String {
        self.crls.iter().map(Crl::pem).collect()
    }

    /// The lists, PEM, that somebody lacks who has those of the CAs and with the decimal numbers in `have`; empty if
    /// none.
    pub fn lists_newer_than(&self, have: &[(String, String)]) -> String {
        let had = |crl: &&Crl| {
            let number = have.iter().find(|(issuer, _)| *issuer == crl.issuer).map(|(_, number)| number);
            // Reading a number takes the square of its length, and no CA has a longer one.
            let number = number.filter(|number| number.len() <= CRL_NUMBER_DIGITS);
            let number = number.and_then(|number| BigUint::parse_bytes(number.as_bytes(), 10));
            number.is_some_and(|number| number >= crl.number)
        };
        self.crls.iter().filter(|crl| !had(crl)).map(Crl::pem).collect()
    }

    /// Whether it has a list that `held` lacks, or a newer one.
    ///
    /// # Errors
    /// [`CertError::StaleCrl`], [`CertError::FutureCrl`] if that list is not in force now.
    pub fn improves(&self, held: &Self, now_ms: i64) -> Result<bool, CertError> {
        let mut newer = false;
        for crl in &self.crls {
            let known = held.crls.iter().find(|known| known.same_issuer(crl));
            if known.is_none_or(|known| known.number < crl.number) {
                crl.check_fresh(now_ms, 0)?;
                newer = true;
            }
        }
        Ok(newer)
    }

    /// Refuses a store whose CRLs are older than this one's.
    pub(super) fn check_successor(&self, successor: &Self) -> Result<(), CertError> {
        for (held, offered) in
            self.crls.iter().flat_map(|held| successor.crls.iter().map(move |new| (held, new)))
        {
            if held.same_issuer(offered) && offered.number < held.number {
                return Err(CertError::OlderCrl {
                    issuer: held.issuer.clone(),
                    held: held.number.to_string(),
                    offered: offered.number.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Walks from `leaf` to a root: signatures, validity, basic and name constraints (RFC 5280, section 6).
    fn walk(
        &self,
        leaf: &EndEntityCert<'_>,
        sent: &[CertificateDer<'_>],
        now_ms: i64,
    ) -> Result<Vec<Link>, Walk> {
        let intermediates: Vec<_> = self.intermediates.iter().chain(sent).cloned().collect();
        let path = leaf.verify_for_usage(
            certs_algorithms(),
            &self.anchors,
            &intermediates,
            moment::unix(now_ms),
            // Every profile has it; check_usage says more.
            KeyUsage::client_auth(),
            // Revocation is checked by check_links, which still_valid shares.
            None,
            None,
        )?;
        self.check_root(&path, now_ms)?;
        let certificates = std::iter::once(&**path.end_entity()).chain(path.intermediate_certificates());
        Ok(certificates
            .map(|cert| Link { issuer: cert.issuer().to_vec(), serial: cert.serial().to_vec() })
            .collect())
    }

    fn check_root(&self, path: &VerifiedPath<'_>, now_ms: i64) -> Result<(), Walk> {
        let root = self.authorities.iter().find(|ca| ca.anchor.as_ref() == Some(path.anchor()));
        root.ok_or(webpki::Error::UnknownIssuer)?.check_validity(now_ms).map_err(Walk::Ours)
    }

    /// Every certificate needs a fresh CRL of its issuer that does not list it.
    fn check_links(&self, links: &[Link], now_ms: i64) -> Result<(), CertError> {
        for link in links {
            let crl = self.crls.iter().find(|crl| crl.is_of(&link.issuer));
            let crl = crl.ok_or_else(|| CertError::MissingCrl { issuer: self.name_of(&link.issuer) })?;
            if let Some(revoked_ms) = crl.revoked_ms(&link.serial)? {
                let serial = certificate::hex(&link.serial);
                return Err(CertError::Revoked { serial, issuer: crl.issuer.clone(), revoked_ms });
            }
            crl.check_fresh(now_ms, self.grace_ms)?;
        }
        Ok(())
    }

    fn name_of(&self, subject: &[u8]) -> String {
        let found = self.authorities.iter().find(|ca| ca.subject == subject);
        found.map_or_else(|| "its issuer".to_owned(), |ca| ca.name.clone())
    }
}

/// Why the walk to a root failed.
enum Walk {
    Webpki(webpki::Error),
    Ours(CertError),
}

impl From<webpki::Error> for Walk {
    fn from(error: webpki::Error) -> Self {
        Self::Webpki(error)
    }
}

/// Reads the CRLs of a file; of several of one CA the newest counts.
fn load_crls(pem: &str, authorities: &[Authority]) -> Result<Vec<Crl>, CertError> {
    let sections: Vec<CertificateRevocationListDer<'_>> = read::sections("CRL", pem)?;
    let mut crls: Vec<Crl> = Vec::new();
    for section in &sections {
        let crl = Crl::read(section, authorities)?;
        match crls.iter_mut().find(|known| known.same_issuer(&crl)) {
            Some(known) if known.number < crl.number => *known = crl,
            Some(_) => {}
            None => crls.push(crl),
        }
    }
    Ok(crls)
}

/// Key usage, extended key usage and role. An absent extension allows nothing.
fn check_usage(certificate: &Certificate, usage: Usage) -> Result<(), CertError> {
    let role = certificate.identity.role();
    if usage == Usage::Server && role != Role::Node {
        return Err(CertError::WrongRole { found: certificate.identity.clone(), needed: Role::Node });
    }
    let (allowed, purpose) = match usage {
        Usage::Document => (true, "to sign"),
        Usage::Client => (certificate.usage.client, "as a TLS client"),
        Usage::Server => (certificate.usage.server, "as a TLS server"),
    };
    if allowed && certificate.usage.signature {
        return Ok(());
    }
    Err(CertError::WrongUsage { holder: certificate.identity.to_string(), purpose })
}

/// webpki's verdict in our words.
fn refusal(error: webpki::Error, leaf: &CertificateDer<'_>) -> CertError {
    use webpki::Error as E;
    const WHAT: &str = "certificate";
    match error {
        E::CertExpired { not_after, .. } => CertError::Expired { not_after_ms: moment::from_unix(not_after) },
        E::CertNotValidYet { not_before, .. } => {
            CertError::NotYetValid { not_before_ms: moment::from_unix(not_before) }
        }
        E::UnknownIssuer => CertError::UnknownCa { issuer: issuer_of(leaf) },
        E::InvalidSignatureForPublicKey => CertError::BadSignature { what: WHAT, issuer: issuer_of(leaf) },
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => CertError::Algorithm { what: WHAT },
        E::CaUsedAsEndEntity => {
            CertError::WrongUsage { holder: "a CA".into(), purpose: "by anybody but the CA" }
        }
        E::RequiredEkuNotFoundContext(_) => {
            CertError::WrongUsage { holder: "this holder".into(), purpose: "in this federation" }
        }
        other => CertError::malformed(WHAT, format!("{other:?}")),
    }
}

/// The issuer that a certificate names, for messages.
fn issuer_of(leaf: &CertificateDer<'_>) -> String {
    let parsed: Result<x509_parser::certificate::X509Certificate<'_>, _> = read::whole("certificate", leaf);
    parsed.map_or_else(|_| "an unreadable issuer".into(), |certificate| certificate.issuer.to_string())
}
