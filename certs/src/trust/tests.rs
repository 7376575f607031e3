use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING, ID_KP_SERVER_AUTH};
use der::{Encode, EncodePem, asn1::Ia5String, pem::LineEnding};
use qianmo_crypto::sm2::SecretKey;
use rustls_pki_types::CertificateDer;
use x509_cert::{
    builder::{Builder, CertificateBuilder, CrlBuilder},
    certificate::Certificate as X509,
    crl::RevokedCert,
    ext::{
        Extension,
        pkix::{
            BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
            name::GeneralName,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    time::Validity,
};

use super::{Trust, TrustStore, Usage};
use crate::{
    Ca, CertError, Csr,
    build::{self, CertSigner, DerSignature, Extensions, Shape},
    chain_from_pem,
    moment::{self, DAY_MS},
};

const NOW: i64 = 1_795_000_000_000;
const HOUR_MS: i64 = 3_600_000;
const NODE: &str = "qianmo://hospital-a/node/main";
const LI: &str = "qianmo://hospital-a/steward/li";

/// A CA with one steward.
struct City {
    ca: Ca,
    li: CertificateDer<'static>,
    serial: String,
}

impl City {
    fn new() -> Self {
        let mut ca = Ca::create("City", 10, NOW).unwrap();
        let issued = ca.issue(&request(LI), 30, NOW).unwrap();
        Self { li: der(&issued.pem), serial: issued.serial_hex, ca }
    }

    /// A store with a CRL of 24 hours made now, and one hour of grace.
    fn store(&mut self) -> TrustStore {
        let crl = self.ca.crl(24, NOW).unwrap();
        TrustStore::load(&self.ca.certificate_pem(), Some(&crl), 3600).unwrap()
    }
}

fn request(identity: &str) -> String {
    Csr::create(&SecretKey::generate().unwrap(), &identity.parse().unwrap(), &[]).unwrap()
}

fn der(pem: &str) -> CertificateDer<'static> {
    chain_from_pem(pem).unwrap().remove(0)
}

#[test]
fn a_good_certificate_is_read_in_full() {
    let mut city = City::new();
    let held = city.store().verify(&city.li, NOW).unwrap();
    assert_eq!((held.identity.to_string(), held.serial_hex), (LI.into(), city.serial));
    assert_eq!(held.not_after_ms, NOW + 30 * DAY_MS);
    assert_eq!(held.fingerprint, qianmo_crypto::sm3::digest(&city.li));
}

#[test]
fn outside_its_validity_it_is_refused() {
    let mut city = City::new();
    let store = city.store();
    let late = store.verify(&city.li, NOW + 31 * DAY_MS).unwrap_err();
    assert_eq!(late, CertError::Expired { not_after_ms: NOW + 30 * DAY_MS });
    let early = store.verify(&city.li, NOW - HOUR_MS).unwrap_err();
    assert!(matches!(early, CertError::NotYetValid { .. }), "{early}");
    assert!(store.verify(&city.li, -1).is_err());
}

#[test]
fn of_another_ca_it_is_refused() {
    let (mut city, other) = (City::new(), City::new());
    let same_name = city.store().verify(&other.li, NOW).unwrap_err();
    assert!(matches!(same_name, CertError::BadSignature { .. }), "{same_name}");

    let mut town = Ca::create("Town", 10, NOW).unwrap();
    let stranger = der(&town.issue(&request(LI), 30, NOW).unwrap().pem);
    let refused = city.store().verify(&stranger, NOW).unwrap_err();
    assert_eq!(refused, CertError::UnknownCa { issuer: "CN=Town".into() });
}

#[test]
fn once_revoked_it_is_refused_even_under_a_stale_list() {
    let mut city = City::new();
    city.ca.revoke(&city.serial, NOW).unwrap();
    let store = city.store();
    for now in [NOW, NOW + 26 * HOUR_MS] {
        let refused = store.verify(&city.li, now).unwrap_err();
        let serial = city.serial.clone();
        assert_eq!(refused, CertError::Revoked { serial, issuer: "CN=City".into(), revoked_ms: NOW });
    }
}

#[test]
fn without_a_fresh_crl_nothing_holds() {
    let mut city = City::new();
    let bare = TrustStore::load(&city.ca.certificate_pem(), None, u64::MAX).unwrap();
    assert_eq!(bare.verify(&city.li, NOW).unwrap_err(), CertError::MissingCrl { issuer: "CN=City".into() });

    let store = city.store();
    assert!(store.verify(&city.li, NOW + 25 * HOUR_MS).is_ok(), "within the grace");
    let stale = store.verify(&city.li, NOW + 25 * HOUR_MS + 1).unwrap_err();
    assert_eq!(stale, CertError::StaleCrl { issuer: "CN=City".into(), since_ms: NOW + 24 * HOUR_MS });
    assert!(stale.to_string().contains("stale since 20"), "{stale}");

    let tomorrow = city.ca.crl(24, NOW + DAY_MS).unwrap();
    let store = TrustStore::load(&city.ca.certificate_pem(), Some(&tomorrow), 0).unwrap();
    assert!(matches!(store.verify(&city.li, NOW), Err(CertError::FutureCrl { .. })));
}

#[test]
fn a_crl_of_somebody_else_is_refused() {
    let city = City::new();
    let mut twin = City::new();
    let forged = twin.ca.crl(24, NOW).unwrap();
    let refused = TrustStore::load(&city.ca.certificate_pem(), Some(&forged), 0).unwrap_err();
    assert!(matches!(refused, CertError::BadSignature { what: "CRL", .. }), "{refused}");

    let strange = Ca::create("Town", 10, NOW).unwrap().crl(24, NOW).unwrap();
    let refused = TrustStore::load(&city.ca.certificate_pem(), Some(&strange), 0).unwrap_err();
    assert!(matches!(refused, CertError::UnknownCa { .. }), "{refused}");
}

#[test]
fn trust_files_without_a_root_are_refused() {
    let mut city = City::new();
    let leaf = city.ca.renew(&request(LI), 30, NOW).unwrap().pem;
    assert!(matches!(TrustStore::load(&leaf, None, 0), Err(CertError::NotACa { .. })));
    assert!(matches!(TrustStore::load("", None, 0), Err(CertError::Malformed { .. })));
    let both = format!("{}{leaf}", city.ca.certificate_pem());
    assert!(matches!(TrustStore::load(&both, None, 0), Err(CertError::NotACa { .. })));
    let sub = Builders::new().intermediate();
    assert!(matches!(TrustStore::load(&sub.pem(), None, 0), Err(CertError::NoRoot)));
}

#[test]
fn several_federations_can_be_trusted_at_once() {
    let (mut city, mut town) = (City::new(), Ca::create("Town", 10, NOW).unwrap());
    let visitor = der(&town.issue(&request(LI), 30, NOW).unwrap().pem);
    let roots = format!("{}{}", city.ca.certificate_pem(), town.certificate_pem());
    let (first, second) = (city.ca.crl(24, NOW).unwrap(), town.crl(1, NOW).unwrap());
    let store = TrustStore::load(&roots, Some(&format!("{first}{second}")), 0).unwrap();
    assert!(store.verify(&visitor, NOW).is_ok());
    // One CA's stale list is no reason to refuse the other's certificates.
    assert!(matches!(store.verify(&visitor, NOW + 2 * HOUR_MS), Err(CertError::StaleCrl { .. })));
    assert!(store.verify(&city.li, NOW + 2 * HOUR_MS).is_ok());
}

#[test]
fn a_reload_counts_for_peers_already_accepted() {
    let mut city = City::new();
    let trust = Trust::new(city.store());
    let held = trust.current().verify(&city.li, NOW).unwrap();
    assert!(trust.still_valid(&held, NOW).is_ok());
    assert!(matches!(trust.still_valid(&held, NOW + 26 * HOUR_MS), Err(CertError::StaleCrl { .. })));
    assert!(matches!(trust.still_valid(&held, NOW + 31 * DAY_MS), Err(CertError::Expired { .. })));

    city.ca.revoke(&city.serial, NOW).unwrap();
    trust.replace(city.store()).unwrap();
    assert!(matches!(trust.still_valid(&held, NOW), Err(CertError::Revoked { .. })));
    trust.replace(TrustStore::load(&city.ca.certificate_pem(), None, 0).unwrap()).unwrap();
    assert!(matches!(trust.still_valid(&held, NOW), Err(CertError::MissingCrl { .. })));
}

#[test]
fn an_older_crl_does_not_bring_a_certificate_back() {
    let mut city = City::new();
    let before = city.store();
    city.ca.revoke(&city.serial, NOW).unwrap();
    let trust = Trust::new(city.store());
    let refused = trust.replace(before).unwrap_err();
    assert_eq!(
        refused,
        CertError::OlderCrl { issuer: "CN=City".into(), held: "2".into(), offered: "1".into() }
    );
    assert!(matches!(trust.current().verify(&city.li, NOW), Err(CertError::Revoked { .. })));
}

#[test]
fn of_two_lists_in_a_file_the_newer_counts() {
    let mut city = City::new();
    let old = city.ca.crl(24, NOW).unwrap();
    city.ca.revoke(&city.serial, NOW).unwrap();
    let new = city.ca.crl(24, NOW).unwrap();
    for file in [format!("{old}{new}"), format!("{new}{old}")] {
        let store = TrustStore::load(&city.ca.certificate_pem(), Some(&file), 0).unwrap();
        assert!(matches!(store.verify(&city.li, NOW), Err(CertError::Revoked { .. })));
    }
}

#[test]
fn only_nodes_are_servers() {
    let mut city = City::new();
    let node = der(&city.ca.issue(&request(NODE), 30, NOW).unwrap().pem);
    let store = city.store();
    let judge = |leaf, usage| store.verify_chain(leaf, &[], usage, NOW);
    assert!(judge(&node, Usage::Server).is_ok() && judge(&node, Usage::Client).is_ok());
    assert!(judge(&city.li, Usage::Client).is_ok());
    assert!(matches!(judge(&city.li, Usage::Server), Err(CertError::WrongRole { .. })));
}

/// A hand-made CA that issues what [`Ca`] never would.
struct Builders {
    root: Made,
}

/// A certificate with its key.
struct Made {
    cert: X509,
    key: SecretKey,
}

impl Made {
    fn pem(&self) -> String {
        self.cert.to_pem(LineEnding::LF).unwrap()
    }

    fn name(&self) -> &Name {
        self.cert.tbs_certificate().subject()
    }

    fn issue(&self, subject: &Name, extensions: Vec<Extension>) -> Made {
        let key = SecretKey::generate().unwrap();
        let cert = build(&self.key, self.name(), subject, &key, extensions);
        Made { cert, key }
    }

    fn crl(&self, revoked: &[&Made]) -> String {
        let builder = CrlBuilder::new_with_this_update(
            &self.cert,
            CrlNumber::try_from(1u8).unwrap(),
            moment::x509(NOW).unwrap(),
        );
        let mut builder = builder.unwrap().with_next_update(Some(moment::x509(NOW + DAY_MS).unwrap()));
        if !revoked.is_empty() {
            builder = builder.with_certificates(revoked.iter().map(|made| RevokedCert {
                serial_number: made.cert.tbs_certificate().serial_number().clone(),
                revocation_date: moment::x509(NOW).unwrap(),
                crl_entry_extensions: None,
            }));
        }
        let crl = builder.build::<_, DerSignature>(&CertSigner::new(&self.key)).unwrap();
        crl.to_pem(LineEnding::LF).unwrap()
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.cert.to_der().unwrap())
    }
}

impl Builders {
    fn new() -> Self {
        Self::valid(NOW - DAY_MS, NOW + 400 * DAY_MS)
    }

    fn valid(from_ms: i64, until_ms: i64) -> Self {
        let (key, name) = (SecretKey::generate().unwrap(), build::ca_subject("Root").unwrap());
        let cert = build_valid(&key, &name, &name, &key, ca_extensions(&name), from_ms, until_ms);
        Self { root: Made { cert, key } }
    }

    fn intermediate(&self) -> Made {
        let name = build::ca_subject("Sub CA").unwrap();
        self.root.issue(&name, ca_extensions(&name))
    }

    /// Verifies a leaf of the root with these extensions.
    fn verdict(
        &self,
        extensions: impl FnOnce(Extensions<'_>) -> der::Result<Extensions<'_>>,
    ) -> Result<(), CertError> {
        let name = build::ca_subject("leaf").unwrap();
        let list = extensions(Extensions::of(&name)).unwrap().done();
        let leaf = self.root.issue(&name, list).der();
        let store = TrustStore::load(&self.root.pem(), Some(&self.root.crl(&[])), 0).unwrap();
        store.verify_chain(&leaf, &[], Usage::Client, NOW).map(drop)
    }
}

fn ca_extensions(name: &Name) -> Vec<Extension> {
    let list = Extensions::of(name).with(&BasicConstraints { ca: true, path_len_constraint: None });
    list.unwrap().with(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)).unwrap().done()
}

fn build(
    signer: &SecretKey,
    issuer: &Name,
    subject: &Name,
    key: &SecretKey,
    extensions: Vec<Extension>,
) -> X509 {
    build_valid(signer, issuer, subject, key, extensions, NOW - DAY_MS, NOW + 300 * DAY_MS)
}

fn build_valid(
    signer: &SecretKey,
    issuer: &Name,
    subject: &Name,
    key: &SecretKey,
    extensions: Vec<Extension>,
    from_ms: i64,
    until_ms: i64,
) -> X509 {
    let shape = Shape { issuer: issuer.clone(), subject: subject.clone(), extensions };
    let validity = Validity::new(moment::x509(from_ms).unwrap(), moment::x509(until_ms).unwrap());
    let mut serial = [0x40; 16];
    qianmo_crypto::random::fill(&mut serial[1..]).unwrap();
    let spki = build::spki(&key.public_key()).unwrap();
    let builder =
        CertificateBuilder::new(shape, SerialNumber::new(&serial).unwrap(), validity, spki).unwrap();
    builder.build::<_, DerSignature>(&CertSigner::new(signer)).unwrap()
}

fn names(uris: &[&str]) -> SubjectAltName {
    let uri = |text: &&str| GeneralName::UniformResourceIdentifier(Ia5String::new(text).unwrap());
    SubjectAltName(uris.iter().map(uri).collect())
}

#[test]
fn usages_and_names_that_our_ca_would_not_issue_are_refused() {
    let city = Builders::new();
    let client = ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH]);
    let signs = KeyUsage(KeyUsages::DigitalSignature.into());
    assert_eq!(city.verdict(|e| e.with(&signs)?.with(&client)?.with(&names(&[LI, "https://li"]))), Ok(()));

    let no_usage = city.verdict(|e| e.with(&client)?.with(&names(&[LI])));
    assert!(matches!(no_usage, Err(CertError::WrongUsage { .. })), "{no_usage:?}");
    let agrees = KeyUsage(KeyUsages::KeyAgreement.into());
    let wrong_usage = city.verdict(|e| e.with(&agrees)?.with(&client)?.with(&names(&[LI])));
    assert!(matches!(wrong_usage, Err(CertError::WrongUsage { .. })), "{wrong_usage:?}");
    let no_purpose = city.verdict(|e| e.with(&signs)?.with(&names(&[LI])));
    assert!(matches!(no_purpose, Err(CertError::WrongUsage { .. })), "{no_purpose:?}");
    for purpose in [ID_KP_CODE_SIGNING, ID_KP_SERVER_AUTH] {
        let other = ExtendedKeyUsage(vec![purpose]);
        let wrong_purpose = city.verdict(|e| e.with(&signs)?.with(&other)?.with(&names(&[LI])));
        assert!(matches!(wrong_purpose, Err(CertError::WrongUsage { .. })), "{wrong_purpose:?}");
    }

    let nameless = city.verdict(|e| e.with(&signs)?.with(&client));
    assert!(matches!(nameless, Err(CertError::NoIdentity { .. })), "{nameless:?}");
    for uris in [&["https://li"][..], &[LI, NODE], &[LI, LI], &["qianmo://a/root/b"], &["qianmo:x"]] {
        let unnamed = city.verdict(|e| e.with(&signs)?.with(&client)?.with(&names(uris)));
        assert!(matches!(unnamed, Err(CertError::NoIdentity { .. })), "{uris:?}: {unnamed:?}");
    }
    let ca = BasicConstraints { ca: true, path_len_constraint: None };
    let a_ca = city.verdict(|e| e.with(&ca)?.with(&signs)?.with(&client)?.with(&names(&[LI])));
    assert!(matches!(a_ca, Err(CertError::WrongUsage { .. })), "{a_ca:?}");
}

#[test]
fn a_ca_below_the_root_needs_both_lists() {
    let city = Builders::new();
    let sub = city.intermediate();
    let leaf_name = build::ca_subject("leaf").unwrap();
    let extensions = Extensions::of(&leaf_name).with(&KeyUsage(KeyUsages::DigitalSignature.into())).unwrap();
    let extensions = extensions.with(&ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH])).unwrap();
    let leaf = sub.issue(&leaf_name, extensions.with(&names(&[LI])).unwrap().done());
    let roots = format!("{}{}", city.root.pem(), sub.pem());
    let verdict = |crls: &str| {
        let store = TrustStore::load(&roots, Some(crls), 0).unwrap();
        store.verify(&leaf.der(), NOW).map(drop)
    };
    let (of_root, of_sub) = (city.root.crl(&[]), sub.crl(&[]));
    assert_eq!(verdict(&format!("{of_root}{of_sub}")), Ok(()));
    assert_eq!(verdict(&of_sub), Err(CertError::MissingCrl { issuer: "CN=Root".into() }));
    assert_eq!(verdict(&of_root), Err(CertError::MissingCrl { issuer: "CN=Sub CA".into() }));
    let sub_revoked = verdict(&format!("{}{of_sub}", city.root.crl(&[&sub])));
    assert!(matches!(sub_revoked, Err(CertError::Revoked { .. })), "{sub_revoked:?}");

    // Sent along by the peer instead of standing in the trust file: its list has no known issuer.
    assert!(matches!(
        TrustStore::load(&city.root.pem(), Some(&format!("{of_root}{of_sub}")), 0),
        Err(CertError::UnknownCa { .. })
    ));
    let store = TrustStore::load(&city.root.pem(), Some(&of_root), 0).unwrap();
    let sent = store.verify_chain(&leaf.der(), &[sub.der()], Usage::Client, NOW);
    assert!(matches!(sent, Err(CertError::MissingCrl { .. })), "{sent:?}");
}

#[test]
fn an_expired_root_ends_its_federation() {
    let city = Builders::valid(NOW - 400 * DAY_MS, NOW - DAY_MS);
    let verdict = city.verdict(|e| e.with(&names(&[LI])));
    assert!(matches!(verdict, Err(CertError::CaExpired { .. })), "{verdict:?}");
}

#[test]
fn a_root_that_did_not_sign_itself_is_refused() {
    let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let name = build::ca_subject("Root").unwrap();
    let cert = build(&other, &name, &name, &key, ca_extensions(&name));
    let refused = TrustStore::load(&Made { cert, key }.pem(), None, 0).unwrap_err();
    assert!(matches!(refused, CertError::BadSignature { .. }), "{refused}");
}

#[test]
fn newer_lists_are_handed_on_and_only_they() {
    let mut city = City::new();
    let (old, new) = (city.store(), city.store());
    let info = &new.lists()[0];
    assert_eq!(
        (info.number.as_str(), info.this_update_ms, info.next_update_ms),
        ("2", NOW, NOW + 24 * HOUR_MS)
    );
    let have = |store: &TrustStore| -> Vec<(String, String)> {
        store.lists().into_iter().map(|list| (list.issuer, list.number)).collect()
    };
    assert_eq!(new.lists_newer_than(&have(&new)), "");
    assert_eq!(old.lists_newer_than(&have(&new)), "");
    assert_eq!(new.lists_newer_than(&[(info.issuer.clone(), "no number".into())]), new.lists_pem());
    let handed = new.lists_newer_than(&have(&old));
    assert_eq!(handed, new.lists_pem());

    // Whoever takes it has both at hand; of each CA the newer counts.
    let roots = city.ca.certificate_pem();
    let taken = TrustStore::load(&roots, Some(&(old.lists_pem() + &handed)), 0).unwrap();
    assert_eq!(taken.lists(), new.lists());
    assert_eq!(taken.improves(&old, NOW), Ok(true));
    assert_eq!(taken.improves(&new, NOW), Ok(false));
    assert_eq!(old.improves(&new, NOW), Ok(false));
    assert!(matches!(taken.improves(&old, NOW + 25 * HOUR_MS), Err(CertError::StaleCrl { .. })));
    assert!(matches!(taken.improves(&old, NOW - HOUR_MS), Err(CertError::FutureCrl { .. })));
    let trust = Trust::new(city.store());
    let third = trust.current().lists();
    let adopt = |offered: &str, now_ms| trust.adopt(&roots, offered, 0, now_ms);
    assert_eq!(adopt(&handed, NOW), Ok(false), "older than the one in use");
    let fourth = city.ca.crl(24, NOW).unwrap();
    assert!(adopt(&fourth, NOW + 25 * HOUR_MS).is_err(), "stale");
    assert!(adopt(&fourth[..fourth.len() / 2], NOW).is_err(), "half a list");
    assert_eq!(trust.current().lists(), third);
    assert_eq!(adopt(&fourth, NOW), Ok(true));
    assert_eq!(trust.current().lists()[0].number, "4");
    let stranger = City::new().store().lists_pem();
    assert!(adopt(&stranger, NOW).is_err(), "somebody else's");
    assert!(matches!(
        TrustStore::load(&roots, Some(&(old.lists_pem() + &stranger)), 0),
        Err(CertError::BadSignature { .. } | CertError::UnknownCa { .. })
    ));
}
