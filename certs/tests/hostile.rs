//! Whatever arrives where a certificate, request, CRL or trust file should be: an error, never a panic.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use proptest::prelude::*;
use qianmo_certs::{Ca, Certificate, Csr, TrustStore, Usage, chain_from_pem};
use qianmo_crypto::sm2::SecretKey;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, CertificateSigningRequestDer, pem::PemObject,
};

const NOW: i64 = 1_795_000_000_000;

/// One good specimen of each kind.
struct Good {
    root_pem: String,
    crl_pem: String,
    csr_pem: String,
    leaf_pem: String,
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let mut ca = Ca::create("City", 10, NOW).unwrap();
    let identity = "qianmo://hospital-a/node/main".parse().unwrap();
    let hosts = ["10.0.0.1".parse().unwrap(), "node.gov.cn".parse().unwrap()];
    let csr_pem = Csr::create(&SecretKey::generate().unwrap(), &identity, &hosts).unwrap();
    let leaf_pem = ca.issue(&csr_pem, 30, NOW).unwrap().pem;
    let other = ca.renew(&csr_pem, 30, NOW).unwrap();
    ca.revoke(&other.serial_hex, NOW).unwrap();
    Good { root_pem: ca.certificate_pem(), crl_pem: ca.crl(24, NOW).unwrap(), csr_pem, leaf_pem }
});

impl Good {
    fn leaf(&self) -> Vec<u8> {
        CertificateDer::from_pem_slice(self.leaf_pem.as_bytes()).unwrap().to_vec()
    }

    fn root(&self) -> Vec<u8> {
        CertificateDer::from_pem_slice(self.root_pem.as_bytes()).unwrap().to_vec()
    }

    fn crl(&self) -> Vec<u8> {
        CertificateRevocationListDer::from_pem_slice(self.crl_pem.as_bytes()).unwrap().to_vec()
    }

    fn csr(&self) -> Vec<u8> {
        CertificateSigningRequestDer::from_pem_slice(self.csr_pem.as_bytes()).unwrap().to_vec()
    }
}

static STORE: LazyLock<TrustStore> =
    LazyLock::new(|| TrustStore::load(&GOOD.root_pem, Some(&GOOD.crl_pem), 0).unwrap());

/// `der` as PEM of some kind.
fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for part in der.chunks(3) {
        let bits =
            part.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= part.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// Everything that reads, on the same bytes. Returns whether anything was taken.
fn read_all(der: &[u8]) -> bool {
    let good = &*GOOD;
    let leaf = CertificateDer::from(der);
    let certificate = pem("CERTIFICATE", der);
    let taken = [
        Certificate::from_der(der).is_ok(),
        STORE.verify(der, NOW).is_ok(),
        STORE.verify_chain(&CertificateDer::from(good.leaf()), &[leaf], Usage::Server, NOW).is_err(),
        Csr::from_pem(&pem("CERTIFICATE REQUEST", der)).is_ok(),
        TrustStore::load(&certificate, None, 0).is_ok(),
        TrustStore::load(&good.root_pem, Some(&pem("X509 CRL", der)), 0).is_ok(),
    ];
    taken.contains(&true)
}

#[test]
fn the_harness_itself_takes_good_input() {
    let good = &*GOOD;
    for (label, der) in
        [("CERTIFICATE", good.leaf()), ("CERTIFICATE REQUEST", good.csr()), ("X509 CRL", good.crl())]
    {
        assert!(read_all(&der), "{label}");
    }
    assert_eq!(chain_from_pem(&pem("CERTIFICATE", &good.leaf())).unwrap()[0].as_ref(), good.leaf());
}

#[test]
fn every_truncation_is_an_error() {
    let good = &*GOOD;
    for der in [good.leaf(), good.root(), good.crl(), good.csr()] {
        for end in 0..der.len() {
            assert!(!read_all(&der[..end]), "cut to {end} of {} bytes", der.len());
        }
    }
}

/// `der` with one bit flipped, for each byte in turn.
fn flipped(der: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
    (0..der.len()).map(move |place| {
        let mut bad = der.clone();
        bad[place] ^= 1 << (place % 8);
        bad
    })
}

#[test]
fn no_flipped_bit_is_believed() {
    let good = &*GOOD;
    for bad in flipped(good.leaf()) {
        assert!(STORE.verify(&bad, NOW).is_err(), "{bad:02x?}");
    }
    for bad in flipped(good.crl()) {
        assert!(TrustStore::load(&good.root_pem, Some(&pem("X509 CRL", &bad)), 0).is_err(), "{bad:02x?}");
    }
    // A request's outer algorithm is not signed and not read strictly; what is asked for must not change.
    let asked = Csr::from_pem(&good.csr_pem).unwrap();
    let accepted =
        flipped(good.csr()).filter_map(|bad| Csr::from_pem(&pem("CERTIFICATE REQUEST", &bad)).ok());
    assert_eq!(accepted.filter(|read| *read != asked).count(), 0);
}

#[test]
fn bytes_after_the_end_are_an_error() {
    let good = &*GOOD;
    for mut der in [good.leaf(), good.root(), good.crl(), good.csr()] {
        der.push(0);
        assert!(!read_all(&der));
    }
}

#[test]
fn broken_pem_is_an_error() {
    let good = &good_pem();
    for bad in [
        "",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        &good.replace("-----END", "-----FIN"),
        &good.replace('\n', "\n!"),
        &good.replace("CERTIFICATE", "PRIVATE KEY"),
    ] {
        assert!(Certificate::from_pem(bad).is_err(), "{bad:?}");
        assert!(TrustStore::load(bad, None, 0).is_err(), "{bad:?}");
        assert!(TrustStore::load(&GOOD.root_pem, Some(bad), 0).is_err(), "{bad:?}");
        assert!(Csr::from_pem(bad).is_err(), "{bad:?}");
    }
}

fn good_pem() -> String {
    GOOD.leaf_pem.clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!read_all(&bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_specimens_never_panic(
        which in 0..4usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let good = &*GOOD;
        let mut der = vec![good.leaf(), good.root(), good.crl(), good.csr()].swap_remove(which);
        for (place, byte) in damage {
            let place = place.index(der.len());
            der[place] = byte;
        }
        read_all(&der);
    }

    #[test]
    fn random_text_is_an_error(text in "\\PC{0,200}") {
        prop_assert!(Certificate::from_pem(&text).is_err());
        prop_assert!(Csr::from_pem(&text).is_err());
        prop_assert!(TrustStore::load(&text, Some(&text), 0).is_err());
    }
}
