//! The suites of RFC 8998: the hash, the key schedule's HMAC, and what ties them to record and packet keys.

use rustls::Tls13CipherSuite;
use rustls::crypto::hash::{self, HashAlgorithm};
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, hmac};

use super::quic::QuicKeys;
use super::record::Records;
use crate::sm4::{self, ccm, gcm};
use crate::{hmac::Keyed, sm3};

/// TLS_SM4_GCM_SM3, for TCP and QUIC.
pub(super) static SM4_GCM_SM3: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: super::TLS_SM4_GCM_SM3,
        hash_provider: &Sm3,
        // RFC 8446, 5.5 for GCM with 128-bit blocks: 2^24.5 full records; rounded down.
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&HmacSm3),
    aead_alg: &Records::<gcm::Key>::NEW,
    quic: Some(&QuicKeys::<gcm::Key, sm4::Cipher>::NEW),
};

/// TLS_SM4_CCM_SM3, for TCP only.
pub(super) static SM4_CCM_SM3: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: super::TLS_SM4_CCM_SM3,
        hash_provider: &Sm3,
        // RFC 8446 gives CCM no limit; this is RFC 9001's (6.6), 2^21.5 packets, rounded down.
        confidentiality_limit: 1 << 21,
    },
    hkdf_provider: &HkdfUsingHmac(&HmacSm3),
    aead_alg: &Records::<ccm::Key>::NEW,
    quic: None,
};

/// SM3 as rustls's transcript hash.
pub(super) struct Sm3;

impl hash::Hash for Sm3 {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(Transcript(sm3::Hasher::new()))
    }

    fn hash(&self, data: &[u8]) -> hash::Output {
        hash::Output::new(sm3::digest(data).as_bytes())
    }

    fn output_len(&self) -> usize {
        sm3::DIGEST_LEN
    }

    /// The registry of TLS 1.2 hashes has no SM3; rustls only compares this between suites of one provider.
    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::Unknown(7)
    }
}

struct Transcript(sm3::Hasher);

impl hash::Context for Transcript {
    fn fork_finish(&self) -> hash::Output {
        hash::Output::new(self.0.clone().finish().as_bytes())
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> hash::Output {
        hash::Output::new(self.0.finish().as_bytes())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

struct HmacSm3;

impl hmac::Hmac for HmacSm3 {
    fn with_key(&self, key: &[u8]) -> Box<dyn hmac::Key> {
        Box::new(HmacKey(Keyed::new(key)))
    }

    fn hash_output_len(&self) -> usize {
        sm3::DIGEST_LEN
    }
}

struct HmacKey(Keyed);

impl hmac::Key for HmacKey {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> hmac::Tag {
        let parts: Vec<&[u8]> = std::iter::once(first).chain(middle.iter().copied()).chain([last]).collect();
        hmac::Tag::new(&self.0.tag(&parts))
    }

    fn tag_len(&self) -> usize {
        crate::hmac::TAG_LEN
    }
}
