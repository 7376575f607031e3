//! SM4-GCM: NIST SP 800-38D over SM4, with 12-byte nonces and 16-byte tags (RFC 8998, section 3.2).
//!
//! A nonce must never be used twice under one key: two messages under one nonce give away the
//! authentication key. TLS and QUIC number their packets; [`envelope`](crate::envelope) draws a new key for
//! each object.

mod many;

use subtle::ConstantTimeEq;

#[cfg(target_arch = "x86_64")]
use super::cipher::Keys;
use super::counter::Counter;
use super::{BLOCK_LEN, Block, Cipher, KEY_LEN, Kernel, ghash};
use crate::CryptoError;

pub use many::Packet;

/// Length of a nonce in bytes.
pub const NONCE_LEN: usize = 12;
/// Length of a tag in bytes.
pub const TAG_LEN: usize = 16;
/// Longest plaintext under one nonce: 2^32 - 2 blocks, then the 32-bit counter would repeat.
pub const MAX_LEN: u64 = ((1 << 32) - 2) * BLOCK_LEN as u64;

/// Blocks of the key stream, E(J0) among them, that are made first where a kernel does not do all at once: whole batches
/// for all of these.
const FIRST: usize = 32;

/// An SM4-GCM key. Wiped from memory when dropped.
pub struct Key {
    cipher: Cipher,
    hash: ghash::Key,
}

impl Key {
    /// Expands `key` for the [selected](Kernel::selected) kernel.
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        Self::with_cipher(Cipher::new(key))
    }

    /// Expands `key` for `kernel`; none if that does not run on this processor.
    pub fn with_kernel(key: &[u8; KEY_LEN], kernel: Kernel) -> Option<Self> {
        Cipher::with_kernel(key, kernel).map(Self::with_cipher)
    }

    fn with_cipher(cipher: Cipher) -> Self {
        let mut h = Block::default();
        cipher.encrypt_block(&mut h);
        Self { hash: ghash::Key::new(&h, cipher.kernel()), cipher }
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
        self.seal_from(Counter::new(*nonce, 1), aad, buf)
    }

    /// Checks `tag` and decrypts `buf` where it lies. Without a match `buf` ends as it was: what was decrypted
    /// on the way is encrypted again before this returns.
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
        self.open_from(Counter::new(*nonce, 1), aad, buf, tag)
    }

    /// [`seal_in_place`](Self::seal_in_place) with an initialisation vector of any length but zero, for data of
    /// others. Random vectors of more than 12 bytes still must not come twice, and are no faster.
    ///
    /// # Errors
    /// [`CryptoError::Length`] if `iv` is empty.
    ///
    /// # Panics
    /// If `buf` is longer than [`MAX_LEN`] (64 GiB).
    pub fn seal_in_place_with_iv(
        &self,
        iv: &[u8],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CryptoError> {
        Ok(self.seal_from(self.j0(iv)?, aad, buf))
    }

    /// [`open_in_place`](Self::open_in_place) with an initialisation vector of any length but zero.
    ///
    /// # Errors
    /// [`CryptoError::Length`] if `iv` is empty, [`CryptoError::Decrypt`] if anything at all does not match.
    pub fn open_in_place_with_iv(
        &self,
        iv: &[u8],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        self.open_from(self.j0(iv)?, aad, buf, tag)
    }

    /// The first counter block (SP 800-38D, 7.1, step 2).
    fn j0(&self, iv: &[u8]) -> Result<Counter, CryptoError> {
        if let Ok(nonce) = iv.try_into() {
            return Ok(Counter::new(nonce, 1));
        }
        if iv.is_empty() {
            return Err(CryptoError::Length("an SM4-GCM initialisation vector"));
        }
        let mut y = Block::default();
        self.hash.update(&mut y, iv);
        self.hash.update_lengths(&mut y, 0, iv.len());
        Ok(Counter::from_block(&y))
    }

    fn seal_from(&self, j0: Counter, aad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        assert!(text.len() as u64 <= MAX_LEN, "SM4-GCM encrypts at most 64 GiB under one nonce");
        match (&self.cipher.0, &self.hash) {
            #[cfg(target_arch = "x86_64")]
            (Keys::GfniAvx512(keys), ghash::Key::Avx512(powers)) => keys.seal(powers, j0, aad, text),
            #[cfg(target_arch = "x86_64")]
            (Keys::GfniAvx2(keys), ghash::Key::Avx2(powers)) => keys.seal(powers, j0, aad, text),
            _ => {
                let mask = self.apply_stream(j0, text);
                self.masked_hash(&mask, aad, text)
            }
        }
    }

    fn open_from(
        &self,
        j0: Counter,
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        if text.len() as u64 > MAX_LEN {
            return Err(CryptoError::Decrypt);
        }
        let expected = match (&self.cipher.0, &self.hash) {
            #[cfg(target_arch = "x86_64")]
            (Keys::GfniAvx512(keys), ghash::Key::Avx512(powers)) => keys.open(powers, j0, aad, text),
            #[cfg(target_arch = "x86_64")]
            (Keys::GfniAvx2(keys), ghash::Key::Avx2(powers)) => keys.open(powers, j0, aad, text),
            _ => {
                let mut tag = self.hash(aad, text);
                xor(&mut tag, &[self.apply_stream(j0, text)]);
                tag
            }
        };
        if bool::from(expected.ct_eq(tag)) {
            return Ok(());
        }
        self.cipher.ctr(j0.plus(1), text);
        Err(CryptoError::Decrypt)
    }

    /// XORs the key stream into `text` and returns E(J0), which goes through the cipher with the first blocks of the
    /// stream: one block more in a batch costs nothing, alone it would cost half of one.
    fn apply_stream(&self, j0: Counter, text: &mut [u8]) -> Block {
        let (start, rest) = text.split_at_mut(text.len().min((FIRST - 1) * BLOCK_LEN));
        let mut stream = [Block::default(); FIRST];
        let (used, _) = stream.as_flattened_mut().split_at_mut(BLOCK_LEN + start.len());
        self.cipher.ctr(j0, used);
        let [mask, stream @ ..] = stream;
        xor(start, &stream);
        if !rest.is_empty() {
            self.cipher.ctr(j0.plus(FIRST as u32), rest);
        }
        mask
    }

    /// The tag, `mask` being E(J0).
    fn masked_hash(&self, mask: &Block, aad: &[u8], ciphertext: &[u8]) -> [u8; TAG_LEN] {
        let mut tag = self.hash(aad, ciphertext);
        xor(&mut tag, std::slice::from_ref(mask));
        tag
    }

    fn hash(&self, aad: &[u8], ciphertext: &[u8]) -> Block {
        let mut y = Block::default();
        self.hash.update(&mut y, aad);
        self.hash.update(&mut y, ciphertext);
        self.hash.update_lengths(&mut y, aad.len(), ciphertext.len());
        y
    }
}

fn xor(data: &mut [u8], stream: &[Block]) {
    data.iter_mut().zip(stream.as_flattened()).for_each(|(data, key)| *data ^= key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm4::oracle::{bytes, step};

    /// What is done at once is what would be done one after the other, wherever batches end and the counter wraps.
    #[test]
    fn every_length_is_sealed_and_opened_as_by_its_steps() {
        const MOST: usize = 2000;
        let (plain, aad) = (bytes(1, MOST), bytes(2, 21));
        for key in Kernel::available().filter_map(|kernel| Key::with_kernel(b"sixteen bytes ok", kernel)) {
            for first in [u32::MAX - 40, 1, u32::MAX].into_iter().step_by(step(3)) {
                let j0 = Counter::new(*b"twelve bytes", first);
                let mut mask = j0.to_block();
                key.cipher.encrypt_block(&mut mask);
                let mut text = plain.clone();
                key.cipher.ctr(j0.plus(1), &mut text);
                for len in (0..=MOST).step_by(step(501)) {
                    let case = format!("{}, {len} bytes, from counter {first}", key.cipher.kernel());
                    let mut buf = plain[..len].to_vec();
                    let tag = key.seal_from(j0, &aad, &mut buf);
                    assert_eq!(
                        (&buf, tag),
                        (&text[..len].to_vec(), key.masked_hash(&mask, &aad, &buf)),
                        "{case}"
                    );
                    assert_eq!(
                        key.open_from(j0, &aad, &mut buf, &[0; TAG_LEN]),
                        Err(CryptoError::Decrypt),
                        "{case}"
                    );
                    assert_eq!(buf, text[..len], "{case}");
                    assert_eq!(key.open_from(j0, &aad, &mut buf, &tag), Ok(()), "{case}");
                    assert_eq!(buf, plain[..len], "{case}");
                }
            }
        }
    }
}
