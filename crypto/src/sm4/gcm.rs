//! SM4-GCM: NIST SP 800-38D over SM4, with 12-byte nonces and 16-byte tags (RFC 8998, section 3.2).
//!
//! A nonce must never be used twice under one key: two messages under one nonce give away the
//! authentication key. TLS and QUIC number their packets; [`envelope`](crate::envelope) draws a new key for
//! each object.

use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;

use super::{Block, Cipher, KEY_LEN};
use crate::CryptoError;

/// Length of a nonce in bytes.
pub const NONCE_LEN: usize = 12;
/// Length of a tag in bytes.
pub const TAG_LEN: usize = 16;
/// Longest plaintext under one nonce: 2^32 - 2 blocks, then the 32-bit counter would repeat.
pub const MAX_LEN: u64 = ((1 << 32) - 2) * BLOCK_LEN as u64;

const BLOCK_LEN: usize = 16;
/// Blocks of key stream made at a time, so that a kernel that works on many blocks has them.
const BATCH: usize = 16;

/// An SM4-GCM key. Wiped from memory when dropped.
pub struct Key {
    cipher: Cipher,
    /// GHASH keyed with E(K, 0) and fed nothing; cloned for each message.
    ghash: GHash,
}

impl Key {
    /// Expands `key`.
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        let cipher = Cipher::new(key);
        let mut h = Block::default();
        cipher.encrypt_block(&mut h);
        Self { ghash: GHash::new(&h), cipher }
    }

    /// Encrypts: the result is the ciphertext followed by the tag.
    ///
    /// # Panics
    /// If `plaintext` is longer than [`MAX_LEN`] (64 GiB).
    pub fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plaintext.len() + TAG_LEN);
        out.extend_from_slice(plaintext);
        let tag = self.seal_in_place(nonce, aad, &mut out);
        out.extend_from_slice(&tag);
        out
    }

    /// Decrypts what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if anything at all does not match.
    pub fn open(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(CryptoError::Decrypt)?;
        let mut out = ciphertext.to_vec();
        self.open_in_place(nonce, aad, &mut out, tag)?;
        Ok(out)
    }

    /// Encrypts `buf` where it lies and returns the tag.
    ///
    /// # Panics
    /// If `buf` is longer than [`MAX_LEN`] (64 GiB).
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN] {
        self.xor_key_stream(nonce, buf);
        self.tag(nonce, aad, buf)
    }

    /// Checks `tag`, then decrypts `buf` where it lies; without a match `buf` stays as it is.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if anything at all does not match.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        let matches = self.tag(nonce, aad, buf).ct_eq(tag);
        if !bool::from(matches) || buf.len() as u64 > MAX_LEN {
            return Err(CryptoError::Decrypt);
        }
        self.xor_key_stream(nonce, buf);
        Ok(())
    }

    fn xor_key_stream(&self, nonce: &[u8; NONCE_LEN], buf: &mut [u8]) {
        assert!(buf.len() as u64 <= MAX_LEN, "SM4-GCM encrypts at most 64 GiB under one nonce");
        let mut stream = [Block::default(); BATCH];
        // Counter 1 masks the tag (J0), so the data starts at 2.
        let mut counter = 2u32;
        for part in buf.chunks_mut(BATCH * BLOCK_LEN) {
            let (stream, _) = stream.split_at_mut(part.len().div_ceil(BLOCK_LEN));
            for block in stream.iter_mut() {
                *block = counter_block(nonce, counter);
                counter = counter.wrapping_add(1);
            }
            self.cipher.encrypt_blocks(stream);
            for (data, key) in part.iter_mut().zip(Block::slice_as_flattened(stream)) {
                *data ^= key;
            }
        }
    }

    fn tag(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], ciphertext: &[u8]) -> [u8; TAG_LEN] {
        let mut ghash = self.ghash.clone();
        ghash.update_padded(aad);
        ghash.update_padded(ciphertext);
        let bits = |bytes: &[u8]| (bytes.len() as u64) * 8;
        let lengths = (u128::from(bits(aad)) << 64) | u128::from(bits(ciphertext));
        ghash.update(&[lengths.to_be_bytes().into()]);
        let mut tag = counter_block(nonce, 1);
        self.cipher.encrypt_block(&mut tag);
        tag.iter_mut().zip(ghash.finalize()).for_each(|(mask, hash)| *mask ^= hash);
        tag.into()
    }
}

fn counter_block(nonce: &[u8; NONCE_LEN], counter: u32) -> Block {
    let mut block = [0; BLOCK_LEN];
    let (head, tail) = block.split_at_mut(NONCE_LEN);
    head.copy_from_slice(nonce);
    tail.copy_from_slice(&counter.to_be_bytes());
    block.into()
}
