//! OpenSSL 3 reads and verifies what this CA writes, and the other way round.
//!
//! Needs the `openssl` command. Without it each test prints that it was skipped; with
//! `QIANMO_REQUIRE_OPENSSL` set at build time, as in continuous integration, that is a failure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use qianmo_certs::{Ca, Csr, TrustStore, chain_from_pem};
use qianmo_crypto::sm2::SecretKey;
use tempfile::TempDir;

/// A day in 2026; OpenSSL is told to use it as the present.
const NOW: i64 = 1_795_000_000_000;
const DIST_ID: &str = "distid:1234567812345678";
const NODE: &str = "qianmo://hospital-a/node/main";

fn openssl(dir: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(dir).output().expect("openssl starts")
}

/// Runs OpenSSL and gives what it printed; a failure is the test's.
fn ok(dir: &Path, arguments: &[&str]) -> String {
    let output = openssl(dir, arguments);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "openssl {arguments:?}: {text}");
    text
}

/// Whether OpenSSL is here and knows SM2.
fn available() -> bool {
    let found = Command::new("openssl").args(["ecparam", "-name", "SM2", "-noout"]).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        assert!(option_env!("QIANMO_REQUIRE_OPENSSL").is_none(), "openssl with SM2 is required here");
        eprintln!("SKIPPED: no `openssl` with SM2 on this machine, so its verdict was not asked for");
    }
    found
}

/// A CA folder with a node's request and certificate and a CRL that lists another certificate.
fn federation() -> (TempDir, Ca) {
    let dir = TempDir::new().unwrap();
    let mut ca = Ca::create("City", 10, NOW).unwrap();
    let identity = NODE.parse().unwrap();
    let hosts = ["10.1.2.3".parse().unwrap(), "node.hospital-a.gov.cn".parse().unwrap()];
    let csr = Csr::create(&SecretKey::generate().unwrap(), &identity, &hosts).unwrap();
    let issued = ca.issue(&csr, 365, NOW).unwrap();
    let li = "qianmo://hospital-a/steward/li".parse().unwrap();
    let li = ca.issue(&Csr::create(&SecretKey::generate().unwrap(), &li, &[]).unwrap(), 365, NOW).unwrap();
    ca.revoke_for(&li.serial_hex, qianmo_certs::RevocationReason::KeyCompromise, NOW).unwrap();
    for (name, text) in [
        ("root.crt", ca.certificate_pem()),
        ("node.csr", csr),
        ("node.crt", issued.pem),
        ("li.crt", li.pem),
        ("crl.pem", ca.crl(24, NOW).unwrap()),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    (dir, ca)
}

#[test]
fn openssl_verifies_our_certificates() {
    if !available() {
        return;
    }
    let (dir, _) = federation();
    let at = (NOW / 1000).to_string();
    for purpose in ["sslserver", "sslclient"] {
        let verified = ok(
            dir.path(),
            &[
                "verify",
                "-vfyopt",
                DIST_ID,
                "-attime",
                &at,
                "-x509_strict",
                "-purpose",
                purpose,
                "-CAfile",
                "root.crt",
                "node.crt",
            ],
        );
        assert!(verified.contains("node.crt: OK"), "{verified}");
    }
    let text = ok(dir.path(), &["x509", "-in", "node.crt", "-noout", "-text"]);
    for part in [
        "Signature Algorithm: SM2-with-SM3",
        "URI:qianmo://hospital-a/node/main",
        "DNS:main.node.hospital-a.qianmo.internal",
        "IP Address:10.1.2.3",
        "TLS Web Server Authentication, TLS Web Client Authentication",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn openssl_reads_our_requests_and_crls() {
    if !available() {
        return;
    }
    let (dir, _) = federation();
    let request =
        ok(dir.path(), &["req", "-in", "node.csr", "-verify", "-vfyopt", DIST_ID, "-noout", "-text"]);
    assert!(
        request.contains("verify OK") && request.contains("URI:qianmo://hospital-a/node/main"),
        "{request}"
    );
    let crl = ok(dir.path(), &["crl", "-in", "crl.pem", "-noout", "-text"]);
    for part in ["Version 2", "X509v3 CRL Number", "Key Compromise", "SM2-with-SM3"] {
        assert!(crl.contains(part), "{part} in {crl}");
    }
}

/// OpenSSL 3.0's `verify -crl_check` cannot be told the SM2 user id, so its signature check is run on the parts.
#[test]
fn openssl_verifies_the_signature_of_our_crls() {
    if !available() {
        return;
    }
    let (dir, _) = federation();
    let run = |arguments: &str| ok(dir.path(), &arguments.split(' ').collect::<Vec<_>>());
    let parts = run("asn1parse -in crl.pem");
    let offsets: Vec<&str> = parts.lines().filter(|line| line.contains(":d=1 ")).filter_map(offset).collect();
    let [tbs, _algorithm, signature] = offsets[..] else { panic!("three parts: {parts}") };
    run(&format!("asn1parse -in crl.pem -strparse {tbs} -noout -out tbs.der"));
    run(&format!("asn1parse -in crl.pem -strparse {signature} -noout -out signature.der"));
    fs::write(dir.path().join("root.pub"), run("x509 -in root.crt -pubkey -noout")).unwrap();
    let verified = run(&format!(
        "pkeyutl -verify -rawin -digest sm3 -in tbs.der -sigfile signature.der -pubin -inkey root.pub -pkeyopt {DIST_ID}"
    ));
    assert!(verified.contains("Signature Verified Successfully"), "{verified}");
}

/// The offset at the start of a line of `asn1parse`.
fn offset(line: &str) -> Option<&str> {
    line.split(':').next().map(str::trim)
}

#[test]
fn our_ca_takes_openssls_requests() {
    if !available() {
        return;
    }
    let (dir, mut ca) = federation();
    let names = "subjectAltName=URI:qianmo://tax-bureau/node/main,DNS:tax.gov.cn,IP:10.9.8.7";
    ok(dir.path(), &["genpkey", "-algorithm", "SM2", "-out", "tax.key"]);
    let request =
        ["req", "-new", "-key", "tax.key", "-sm3", "-sigopt", DIST_ID, "-subj", "/CN=tax", "-addext", names];
    ok(dir.path(), &[&request[..], &["-out", "tax.csr"]].concat());
    let csr = fs::read_to_string(dir.path().join("tax.csr")).unwrap();
    let issued = ca.issue(&csr, 30, NOW).unwrap();
    assert_eq!(issued.identity.to_string(), "qianmo://tax-bureau/node/main");
    fs::write(dir.path().join("tax.crt"), issued.pem).unwrap();
    let at = (NOW / 1000).to_string();
    ok(dir.path(), &["verify", "-vfyopt", DIST_ID, "-attime", &at, "-CAfile", "root.crt", "tax.crt"]);
}

#[test]
fn we_trust_a_ca_that_openssl_runs() {
    if !available() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let extensions = "[v3_ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
         [leaf]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n\
         subjectAltName=URI:qianmo://hospital-a/steward/li\n\
         [req]\ndistinguished_name=dn\n[dn]\n\
         [ca]\ndefault_ca=city\n[city]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sm3\ndefault_crl_days=30\n\
         certificate=ca.crt\nprivate_key=ca.key\ncrl_extensions=crl_ext\n[crl_ext]\nauthorityKeyIdentifier=keyid\n";
    for (name, text) in [("ca.cnf", extensions), ("index.txt", ""), ("crlnumber", "01\n")] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let run = |arguments: &str| ok(dir.path(), &arguments.split(' ').collect::<Vec<_>>());
    run("genpkey -algorithm SM2 -out ca.key");
    run("genpkey -algorithm SM2 -out li.key");
    run(&format!(
        "req -x509 -new -key ca.key -sm3 -sigopt {DIST_ID} -days 3650 -subj /CN=OpenSSL -config ca.cnf \
         -extensions v3_ca -out ca.crt"
    ));
    run(&format!("req -new -key li.key -sm3 -sigopt {DIST_ID} -subj /CN=li -config ca.cnf -out li.csr"));
    run(&format!(
        "x509 -req -in li.csr -CA ca.crt -CAkey ca.key -sm3 -sigopt {DIST_ID} -vfyopt {DIST_ID} -days 30 \
         -extfile ca.cnf -extensions leaf -set_serial 0x5a00112233445566 -out li.crt"
    ));
    run(&format!("ca -gencrl -config ca.cnf -sigopt {DIST_ID} -out crl.pem"));
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let store = TrustStore::load(&read("ca.crt"), Some(&read("crl.pem")), 0).unwrap();
    let leaf = chain_from_pem(&read("li.crt")).unwrap().remove(0);
    // OpenSSL dates by the machine's clock, so take the certificate's own first minute as the present.
    let issued_ms = qianmo_certs::Certificate::from_der(&leaf).unwrap().not_before_ms;
    let holder = store.verify(&leaf, issued_ms + 60_000).unwrap();
    assert_eq!(holder.identity.to_string(), "qianmo://hospital-a/steward/li");
    assert_eq!(holder.serial_hex, "5a00112233445566");
}
