//! QUIC packet and header protection (RFC 9001, section 5) for a 128-bit block cipher in GCM.
//!
//! RFC 9001 has no rule for SM4. Ours is its rule for AES (5.4.3): the mask is the first five bytes of the sample
//! encrypted with the bare cipher; and GCM's limits (6.6), which follow from the block length. No document fixes
//! this; GmSSL 3.3 does the same.

use std::marker::PhantomData;

use rustls::Error;
use rustls::crypto::cipher::{AeadKey, Iv, Nonce};
use rustls::quic::{Algorithm, HeaderProtectionKey, PacketKey, Tag};

use crate::sm4::{self, KEY_LEN, ccm, gcm};

pub(super) const TAG_LEN: usize = 16;
const SAMPLE_LEN: usize = 16;
const MASK_LEN: usize = 5;

/// An AEAD for packets and records, with 12-byte nonces.
pub(super) trait Payload: Send + Sync + 'static {
    fn new(key: &[u8; KEY_LEN]) -> Self;
    fn seal(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8]) -> Result<[u8; TAG_LEN], Error>;
    fn open(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), Error>;
}

/// A block cipher for header masks.
pub(super) trait Mask: Send + Sync + 'static {
    fn new(key: &[u8; KEY_LEN]) -> Self;
    fn mask(&self, sample: [u8; SAMPLE_LEN]) -> Result<[u8; MASK_LEN], Error>;
}

impl Payload for gcm::Key {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        Self::new(key)
    }

    fn seal(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8]) -> Result<[u8; TAG_LEN], Error> {
        Ok(self.seal_in_place(&nonce, aad, buf))
    }

    fn open(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), Error> {
        self.open_in_place(&nonce, aad, buf, tag).map_err(|_| Error::DecryptError)
    }
}

/// For records only: RFC 8998 has no CCM for QUIC, nor have we.
impl Payload for ccm::Key {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        Self::new(key)
    }

    fn seal(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8]) -> Result<[u8; TAG_LEN], Error> {
        self.seal_in_place(&nonce, aad, buf).map_err(|_| Error::EncryptError)
    }

    fn open(&self, nonce: [u8; 12], aad: &[u8], buf: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), Error> {
        self.open_in_place(&nonce, aad, buf, tag).map_err(|_| Error::DecryptError)
    }
}

impl Mask for sm4::Cipher {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        Self::new(key)
    }

    fn mask(&self, sample: [u8; SAMPLE_LEN]) -> Result<[u8; MASK_LEN], Error> {
        let mut block = sample;
        self.encrypt_block(&mut block);
        let [mask @ .., _, _, _, _, _, _, _, _, _, _, _] = block;
        Ok(mask)
    }
}

/// Makes packet keys from payload cipher `P` and header keys from `M`.
pub(super) struct QuicKeys<P, M>(PhantomData<fn() -> (P, M)>);

impl<P, M> QuicKeys<P, M> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<P: Payload, M: Mask> Algorithm for QuicKeys<P, M> {
    fn packet_key(&self, key: AeadKey, iv: Iv) -> Box<dyn PacketKey> {
        Box::new(PayloadKey { key: P::new(key_bytes(&key)), iv })
    }

    fn header_protection_key(&self, key: AeadKey) -> Box<dyn HeaderProtectionKey> {
        Box::new(HeaderKey(M::new(key_bytes(&key))))
    }

    fn aead_key_len(&self) -> usize {
        KEY_LEN
    }
}

/// The key rustls derived. It asks for the length first, so that is right.
pub(super) fn key_bytes(key: &AeadKey) -> &[u8; KEY_LEN] {
    key.as_ref().first_chunk().expect("rustls derives as many bytes as key_len() says")
}

struct PayloadKey<P> {
    key: P,
    iv: Iv,
}

impl<P: Payload> PacketKey for PayloadKey<P> {
    fn encrypt_in_place(&self, number: u64, header: &[u8], payload: &mut [u8]) -> Result<Tag, Error> {
        let tag = self.key.seal(Nonce::new(&self.iv, number).0, header, payload)?;
        Ok(Tag::from(tag.as_slice()))
    }

    fn decrypt_in_place<'a>(
        &self,
        number: u64,
        header: &[u8],
        payload: &'a mut [u8],
    ) -> Result<&'a [u8], Error> {
        let (body, tag) = payload.split_last_chunk_mut().ok_or(Error::DecryptError)?;
        self.key.open(Nonce::new(&self.iv, number).0, header, body, tag)?;
        Ok(body)
    }

    fn tag_len(&self) -> usize {
        TAG_LEN
    }

    fn confidentiality_limit(&self) -> u64 {
        1 << 23
    }

    fn integrity_limit(&self) -> u64 {
        1 << 52
    }
}

struct HeaderKey<M>(M);

impl<M: Mask> HeaderKey<M> {
    fn mask(&self, sample: &[u8], number: &[u8]) -> Result<[u8; MASK_LEN], Error> {
        let sample = sample.try_into().map_err(|_| Error::General("a header sample has 16 bytes".into()))?;
        if number.len() >= MASK_LEN {
            return Err(Error::General("a packet number has at most 4 bytes".into()));
        }
        self.0.mask(sample)
    }
}

impl<M: Mask> HeaderProtectionKey for HeaderKey<M> {
    fn encrypt_in_place(&self, sample: &[u8], first: &mut u8, number: &mut [u8]) -> Result<(), Error> {
        let mask = self.mask(sample, number)?;
        let len = number_len(*first);
        apply(mask, len, first, number);
        Ok(())
    }

    fn decrypt_in_place(&self, sample: &[u8], first: &mut u8, number: &mut [u8]) -> Result<(), Error> {
        let mask = self.mask(sample, number)?;
        let len = number_len(*first ^ mask[0]);
        apply(mask, len, first, number);
        Ok(())
    }

    fn sample_len(&self) -> usize {
        SAMPLE_LEN
    }
}

/// Length of the packet number in bytes, from an unmasked first byte.
fn number_len(first: u8) -> usize {
    usize::from(first & 0x03) + 1
}

/// RFC 9001, 5.4.1: four bits of a long header's first byte, five of a short one's, and the packet number.
fn apply([first_mask, number_mask @ ..]: [u8; MASK_LEN], len: usize, first: &mut u8, number: &mut [u8]) {
    let bits = if *first & 0x80 == 0 { 0x1f } else { 0x0f };
    *first ^= first_mask & bits;
    number.iter_mut().zip(number_mask).take(len).for_each(|(byte, mask)| *byte ^= mask);
}
