//! Keys of QUIC Initial packets: AES-128-GCM and SHA-256 whatever is negotiated (RFC 9001, section 5.2).
//!
//! They derive from public values and protect against nothing but accident; no data travels under them.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hmac::{self as ring_hmac, HMAC_SHA256};
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, hmac};
use rustls::quic::Suite;
use rustls::{CipherSuite, Error, Tls13CipherSuite};

use super::quic::{Mask, Payload, QuicKeys};
use super::record::Records;
use super::suite::Sm3;
use crate::sm4::{KEY_LEN, gcm};

/// The suite of Initial packets. Never part of a provider, so never negotiated.
pub fn initial_suite() -> Suite {
    Suite { suite: &AES_128_GCM_SHA256, quic: &QUIC }
}

static QUIC: QuicKeys<Aes, AesMask> = QuicKeys::NEW;

static AES_128_GCM_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        // Initial keys come from `hkdf_provider` and `quic` alone; a transcript hash and records have no part
        // in them, and these two stand in for a SHA-256 and an AES that nothing would call.
        hash_provider: &Sm3,
        confidentiality_limit: 0,
    },
    hkdf_provider: &HkdfUsingHmac(&HmacSha256),
    aead_alg: &Records::<gcm::Key>::NEW,
    quic: Some(&QUIC),
};

struct Aes(LessSafeKey);

impl Payload for Aes {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).expect("AES-128 keys have 16 bytes")))
    }

    fn seal(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8]) -> Result<[u8; 16], Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), buf);
        tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(Error::EncryptError)
    }

    fn open(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8], tag: &[u8; 16]) -> Result<(), Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.0.open_in_place_separate_tag(nonce, Aad::from(aad), (*tag).into(), buf, 0..);
        opened.map(drop).map_err(|_| Error::DecryptError)
    }
}

struct AesMask(quic::HeaderProtectionKey);

impl Mask for AesMask {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(quic::HeaderProtectionKey::new(&quic::AES_128, key).expect("AES-128 keys have 16 bytes"))
    }

    fn mask(&self, sample: [u8; 16]) -> Result<[u8; 5], Error> {
        self.0.new_mask(&sample).map_err(|_| Error::EncryptError)
    }
}

struct HmacSha256;

impl hmac::Hmac for HmacSha256 {
    fn with_key(&self, key: &[u8]) -> Box<dyn hmac::Key> {
        Box::new(HmacKey(ring_hmac::Key::new(HMAC_SHA256, key)))
    }

    fn hash_output_len(&self) -> usize {
        32
    }
}

struct HmacKey(ring_hmac::Key);

impl hmac::Key for HmacKey {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> hmac::Tag {
        let mut context = ring_hmac::Context::with_key(&self.0);
        context.update(first);
        middle.iter().for_each(|part| context.update(part));
        context.update(last);
        hmac::Tag::new(context.sign().as_ref())
    }

    fn tag_len(&self) -> usize {
        32
    }
}
