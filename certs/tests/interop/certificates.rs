//! Certificates and revocation lists, both ways.

use qianmo_certs::{Certificate, TrustStore, chain_from_pem};

use crate::{
    federation::{Federation, LI, now_ms},
    openssl::DIST_ID,
};

/// One member is accepted and the revoked one refused, by OpenSSL, with the list's signature checked.
fn openssl_judges(federation: &Federation) {
    let verify =
        format!("verify -vfyopt {DIST_ID} -x509_strict -crl_check -CRLfile crl.pem -CAfile root.crt");
    let openssl = &federation.openssl;
    openssl.ok(&format!("{verify} -purpose sslserver node.crt"));
    openssl.ok(&format!("{verify} -purpose sslclient node.crt li.crt"));
    let refusal = openssl.refuses(&format!("{verify} wang.crt"));
    assert!(refusal.contains("certificate revoked"), "{refusal}");
}

/// The same judgement by us.
fn we_judge(federation: &Federation) {
    let openssl = &federation.openssl;
    let store = TrustStore::load(&openssl.read("root.crt"), Some(&openssl.read("crl.pem")), 0).unwrap();
    let leaf = |name: &str| chain_from_pem(&openssl.read(&format!("{name}.crt"))).unwrap().remove(0);
    assert_eq!(store.verify(&leaf("li"), now_ms()).unwrap().identity.to_string(), LI);
    let refusal = store.verify(&leaf("wang"), now_ms()).unwrap_err().to_string();
    assert!(refusal.contains("revoked"), "{refusal}");
}

#[test]
fn what_our_ca_issues_is_judged_alike() {
    let Some(federation) = Federation::ours() else { return };
    openssl_judges(&federation);
    we_judge(&federation);
}

#[test]
fn what_openssls_ca_issues_is_judged_alike() {
    let Some(federation) = Federation::theirs() else { return };
    openssl_judges(&federation);
    we_judge(&federation);
}

/// A list whose signature is another CA's is refused by both, though the names match.
#[test]
fn a_list_of_another_ca_is_refused_by_both() {
    let (Some(city), Some(town)) = (Federation::theirs(), Federation::theirs()) else { return };
    let openssl = &city.openssl;
    openssl.write("crl.pem", town.openssl.read("crl.pem"));
    let verify = format!("verify -vfyopt {DIST_ID} -crl_check -CRLfile crl.pem -CAfile root.crt li.crt");
    openssl.refuses(&verify);
    let loaded = TrustStore::load(&openssl.read("root.crt"), Some(&openssl.read("crl.pem")), 0);
    let leaf = chain_from_pem(&openssl.read("li.crt")).unwrap().remove(0);
    assert!(loaded.and_then(|store| store.verify(&leaf, now_ms())).is_err());
}

/// GmSSL refuses a leaf with an empty BasicConstraints, a serial number of few bytes, and a server without a DNS
/// name among its alternative names.
#[test]
fn our_certificates_keep_to_what_gmssl_takes() {
    let Some(federation) = Federation::ours() else { return };
    for name in ["node", "li"] {
        let text = federation.openssl.ok(&format!("x509 -in {name}.crt -noout -text"));
        assert!(!text.contains("Basic Constraints"), "{text}");
        let pem = federation.openssl.read(&format!("{name}.crt"));
        let leaf = Certificate::from_der(&chain_from_pem(&pem).unwrap().remove(0)).unwrap();
        // Sixteen bytes, of which 126 bits are random.
        assert_eq!(leaf.serial_hex.len(), 32, "{}", leaf.serial_hex);
        assert_eq!(text.contains("DNS:main.node.hospital-a.qianmo.internal"), name == "node", "{text}");
    }
}
