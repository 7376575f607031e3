use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use qianmo_crypto::sm2::SecretKey;
use tempfile::TempDir;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::{issue::SERIAL_LEN, *};
use crate::{CertError, Certificate, Host, chain_from_pem};

const NOW: i64 = 1_795_000_000_000;
const NODE: &str = "qianmo://hospital-a/node/main";
const LI: &str = "qianmo://hospital-a/steward/li";

fn ca() -> Ca {
    Ca::create("市数据交换 CA", 10, NOW).unwrap()
}

fn request(identity: &str, hosts: &[Host]) -> String {
    Csr::create(&SecretKey::generate().unwrap(), &identity.parse().unwrap(), hosts).unwrap()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_saved_ca_loads_with_everything_it_knew() {
    let dir = TempDir::new().unwrap();
    let mut ca = ca();
    let issued = ca.issue(&request(LI, &[]), 30, NOW).unwrap();
    ca.revoke_for(&issued.serial_hex, RevocationReason::KeyCompromise, NOW + 1).unwrap();
    ca.crl(24, NOW + 2).unwrap();
    ca.save(dir.path()).unwrap();
    let (name, fingerprint, entries) = (ca.name(), ca.fingerprint(), ca.issued().to_vec());
    drop(ca);

    let mut again = Ca::load(dir.path()).unwrap();
    assert_eq!((again.name(), again.fingerprint(), again.issued()), (name, fingerprint, &entries[..]));
    assert_eq!(mode(dir.path().join("root.key")), 0o600);
    assert_eq!(mode(dir.path().join("root.crt")), 0o644);
    assert!(again.name().contains("市数据交换 CA"));
    again.crl(24, NOW + 3).unwrap();
    again.save(dir.path().join(".")).unwrap();
    let index = fs::read_to_string(dir.path().join("index.toml")).unwrap();
    assert!(index.contains("crl_number = 2"), "{index}");
}

#[test]
fn a_root_key_under_a_passphrase_opens_under_it_alone() {
    let (dir, plain) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    ca().save_locked(dir.path(), Some(b"correct horse")).unwrap();
    let pem = fs::read_to_string(dir.path().join("root.key")).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{pem}");
    let mut opened = Ca::unlock(dir.path(), Some(b"correct horse")).unwrap();
    opened.issue(&request(LI, &[]), 30, NOW).unwrap();
    opened.save(dir.path()).unwrap();
    drop(opened);
    assert_eq!(fs::read_to_string(dir.path().join("root.key")).unwrap(), pem);
    assert!(matches!(Ca::load(dir.path()), Err(CaError::Locked { .. })));
    assert!(matches!(Ca::unlock(dir.path(), Some(b"correct house")), Err(CaError::Passphrase { .. })));
    ca().save(plain.path()).unwrap();
    assert!(matches!(Ca::unlock(plain.path(), Some(b"x")), Err(CaError::NotLocked { .. })));
}

#[test]
fn one_process_at_a_time_and_no_ca_on_top_of_another() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(Ca::load(dir.path()), Err(CaError::NotFound { .. })));
    let mut first = ca();
    first.save(dir.path()).unwrap();
    assert!(matches!(Ca::load(dir.path()), Err(CaError::Busy { .. })));
    drop(first);
    assert!(matches!(ca().save(dir.path()), Err(CaError::Exists { .. })));
    assert!(Ca::load(dir.path()).is_ok());
}

#[test]
fn a_folder_that_was_meddled_with_is_refused() {
    let saved = || {
        let dir = TempDir::new().unwrap();
        ca().save(dir.path()).unwrap();
        dir
    };
    let dir = saved();
    let key = dir.path().join("root.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Ca::load(dir.path()), Err(CaError::KeyReadable { .. })));

    let (dir, other) = (saved(), saved());
    fs::copy(other.path().join("root.key"), dir.path().join("root.key")).unwrap();
    assert!(matches!(Ca::load(dir.path()), Err(CaError::KeyMismatch { .. })));

    for file in ["root.crt", "root.key", "index.toml"] {
        let dir = saved();
        let text = fs::read_to_string(dir.path().join(file)).unwrap();
        fs::write(dir.path().join(file), &text[..text.len() / 2]).unwrap();
        assert!(matches!(Ca::load(dir.path()), Err(CaError::Damaged { .. })), "{file}");
    }
}

#[test]
fn titles_and_lives_have_limits() {
    for title in ["", "  ", "a\nb", &"x".repeat(65)] {
        assert!(matches!(Ca::create(title, 10, NOW), Err(CaError::Title)), "{title:?}");
    }
    for years in [0, 31] {
        assert!(matches!(Ca::create("City", years, NOW), Err(CaError::Years { .. })), "{years}");
    }
    assert!(Ca::create("a=b,c+d\"<>;#", 30, NOW).is_ok());
}

#[test]
fn an_identity_in_force_is_not_issued_twice_unless_renewed() {
    let mut ca = ca();
    let first = ca.issue(&request(LI, &[]), 30, NOW).unwrap();
    let refused = ca.issue(&request(LI, &[]), 30, NOW).unwrap_err();
    assert!(refused.to_string().contains("--renew"), "{refused}");
    let second = ca.renew(&request(LI, &[]), 30, NOW).unwrap();
    assert_ne!(first.serial_hex, second.serial_hex);

    ca.revoke(&first.serial_hex, NOW).unwrap();
    assert!(matches!(ca.issue(&request(LI, &[]), 30, NOW), Err(CaError::AlreadyIssued { .. })));
    ca.revoke(&second.serial_hex, NOW).unwrap();
    let third = ca.issue(&request(LI, &[]), 30, NOW).unwrap();

    let after = NOW + 31 * DAY_MS;
    assert!(ca.issue(&request(LI, &[]), 30, after).is_ok(), "{} has expired", third.serial_hex);
}

#[test]
fn a_key_belongs_to_one_identity() {
    let mut ca = ca();
    let key = SecretKey::generate().unwrap();
    let csr = |identity: &str| Csr::create(&key, &identity.parse().unwrap(), &[]).unwrap();
    ca.issue(&csr(LI), 30, NOW).unwrap();
    assert!(matches!(ca.issue(&csr(NODE), 30, NOW), Err(CaError::KeyReused { .. })));
    assert!(ca.renew(&csr(LI), 30, NOW).is_ok());
}

#[test]
fn validity_is_bounded_by_profile_and_root() {
    let mut ca = Ca::create("City", 1, NOW).unwrap();
    for days in [0, 366, u32::MAX] {
        assert!(matches!(ca.issue(&request(LI, &[]), days, NOW), Err(CaError::Days { .. })), "{days}");
    }
    assert!(matches!(ca.issue(&request(LI, &[]), 1, NOW + 400 * DAY_MS), Err(CaError::Days { max: 0, .. })));
    ca.issue(&request(LI, &[]), 365, NOW).unwrap();
    let mut ca = Ca::create("City", 10, NOW).unwrap();
    assert!(matches!(ca.issue(&request(LI, &[]), 826, NOW), Err(CaError::Days { max: 825, .. })));
}

/// GmSSL 3.3 refuses more than 3,653 days.
#[test]
fn a_root_of_ten_years_is_short_enough_for_gmssl() {
    let root = Ca::create("City", 10, NOW).unwrap();
    let end = root.certificate.tbs_certificate().validity().not_after.to_unix_duration();
    let seconds = end.as_secs() - NOW as u64 / 1_000;
    assert!((3_650..=3_652).contains(&(seconds / 86_400)), "{seconds} s");
}

#[test]
fn only_nodes_have_host_names() {
    let hosts = ["node.hospital-a.gov.cn".parse().unwrap(), "10.1.2.3".parse().unwrap()];
    let mut ca = ca();
    assert!(matches!(ca.issue(&request(LI, &hosts), 30, NOW), Err(CaError::HostNotAllowed { .. })));
    assert!(ca.issue(&request(NODE, &hosts), 30, NOW).is_ok());
}

#[test]
fn a_forged_request_leaves_no_trace() {
    let mut ca = ca();
    let good = request(LI, &[]);
    let middle = good.len() / 2;
    let letter = if good.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let forged = format!("{}{letter}{}", &good[..middle], &good[middle + 1..]);
    assert!(matches!(ca.issue(&forged, 30, NOW), Err(CaError::Cert(_))));
    assert!(ca.issued().is_empty());
}

#[test]
fn what_was_not_issued_or_is_revoked_cannot_be_revoked() {
    let mut ca = ca();
    assert!(matches!(ca.revoke("40ff", NOW), Err(CaError::UnknownSerial(_))));
    let issued = ca.issue(&request(LI, &[]), 30, NOW).unwrap();
    ca.revoke(&issued.serial_hex, NOW).unwrap();
    assert!(matches!(ca.revoke(&issued.serial_hex, NOW), Err(CaError::AlreadyRevoked { .. })));
}

#[test]
fn a_node_certificate_says_what_it_should_and_no_more() {
    let mut ca = ca();
    let hosts = ["node.hospital-a.gov.cn".parse().unwrap(), "10.1.2.3".parse().unwrap()];
    let issued = ca.issue(&request(NODE, &hosts), 30, NOW + 999).unwrap();
    let der = &chain_from_pem(&issued.pem).unwrap()[0];
    let (_, cert) = X509Certificate::from_der(der).unwrap();

    assert!(cert.basic_constraints().unwrap().is_none());
    let usage = cert.key_usage().unwrap().unwrap();
    assert!(usage.critical);
    assert_eq!(usage.value.flags, 1, "digitalSignature alone");
    let extended = cert.extended_key_usage().unwrap().unwrap().value;
    assert!(extended.server_auth && extended.client_auth && !extended.any && extended.other.is_empty());
    let names = &cert.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert_eq!(
        names[..],
        [
            GeneralName::URI(NODE),
            GeneralName::DNSName("main.node.hospital-a.qianmo.internal"),
            GeneralName::DNSName("node.hospital-a.gov.cn"),
            GeneralName::IPAddress(&[10, 1, 2, 3]),
        ]
    );
    assert_eq!(cert.raw_serial().len(), SERIAL_LEN);
    assert!(cert.raw_serial()[0] < 0x80 && cert.raw_serial()[0] >= 0x40);
    assert_eq!(cert.extensions().len(), 5);
    assert_eq!(cert.subject().to_string(), "O=hospital-a, OU=node, CN=main");

    let read = Certificate::from_pem(&issued.pem).unwrap();
    assert_eq!((read.identity, read.serial_hex), (issued.identity, issued.serial_hex));
    assert_eq!((read.not_before_ms, read.not_after_ms), (NOW - 5 * MINUTE_MS, NOW + 30 * DAY_MS));
    let known = &ca.issued()[0];
    assert_eq!((known.not_before_ms, known.not_after_ms), (read.not_before_ms, read.not_after_ms));
    assert_eq!(issued.not_after_ms, read.not_after_ms);
    assert_eq!(read.fingerprint, known.fingerprint);
}

#[test]
fn a_person_is_no_server() {
    let mut ca = ca();
    let issued = ca.issue(&request(LI, &[]), 30, NOW).unwrap();
    let der = &chain_from_pem(&issued.pem).unwrap()[0];
    let (_, cert) = X509Certificate::from_der(der).unwrap();
    let extended = cert.extended_key_usage().unwrap().unwrap().value;
    assert!(extended.client_auth && !extended.server_auth);
}

#[test]
fn errors_of_requests_reach_the_operator() {
    let refused = ca().issue("no PEM at all", 30, NOW).unwrap_err();
    assert!(matches!(refused, CaError::Cert(CertError::Malformed { .. })), "{refused}");
}
