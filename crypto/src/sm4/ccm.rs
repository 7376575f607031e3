//! SM4-CCM: NIST SP 800-38C over SM4 (RFC 8998, section 3.3).
//!
//! TLS uses 12-byte nonces and 16-byte tags; the methods without a suffix have those, the others take what the standard
//! allows. A nonce must never be used twice under one key. CCM chains the blocks of a message, so that it runs at the
//! latency of one block each, many times slower than [`gcm`]; it is here for peers that ask for it.

use subtle::ConstantTimeEq;

use super::counter::Counter;
use super::{BLOCK_LEN, Block, Cipher, KEY_LEN, Kernel, gcm};
use crate::CryptoError;

/// Length of a TLS nonce in bytes.
pub const NONCE_LEN: usize = 12;
/// Length of a TLS tag in bytes.
pub const TAG_LEN: usize = 16;
/// Longest plaintext under a 12-byte nonce, which leaves three bytes for the length.
pub const MAX_LEN: u64 = (1 << 24) - 1;

/// An SM4-CCM key. Wiped from memory when dropped.
pub struct Key(Cipher);

impl Key {
    /// Expands `key` for the [selected](Kernel::selected) kernel.
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(Cipher::new(key))
    }

    /// Expands `key` for `kernel`; none if that does not run on this processor.
    pub fn with_kernel(key: &[u8; KEY_LEN], kernel: Kernel) -> Option<Self> {
        Cipher::with_kernel(key, kernel).map(Self)
    }

    /// Encrypts: the result is the ciphertext followed by the tag.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] if `plaintext` is longer than [`MAX_LEN`] (16 MiB).
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let mut out = Vec::with_capacity(plaintext.len() + TAG_LEN);
        out.extend_from_slice(plaintext);
        let tag = self.seal_in_place(nonce, aad, &mut out)?;
        out.extend_from_slice(&tag);
        Ok(out)
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
    /// # Errors
    /// [`CryptoError::TooLong`] if `buf` is longer than [`MAX_LEN`] (16 MiB).
    pub fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CryptoError> {
        let mut tag = [0; TAG_LEN];
        self.seal_in_place_with(nonce, aad, buf, &mut tag)?;
        Ok(tag)
    }

    /// Checks `tag` and decrypts `buf` where it lies; without a match `buf` ends as it was.
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
        self.open_in_place_with(nonce, aad, buf, tag).map_err(|_| CryptoError::Decrypt)
    }

    /// Encrypts `buf` where it lies, with a nonce of 7 to 13 bytes and a tag of 4, 6, 8, 10, 12, 14 or 16 bytes, which
    /// it writes. The longer the nonce, the shorter the longest message: 2^(8·(15 - nonce length)) - 1 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Length`] for other nonces and tags, [`CryptoError::TooLong`] for longer messages and above 64 GiB.
    pub fn seal_in_place_with(
        &self,
        nonce: &[u8],
        aad: &[u8],
        buf: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        let message = Message::new(nonce, aad, buf.len(), tag.len())?;
        let computed = self.tag(&message, aad, buf);
        tag.iter_mut().zip(computed).for_each(|(to, from)| *to = from);
        self.0.ctr(message.counter().plus(1), buf);
        Ok(())
    }

    /// Checks `tag` and decrypts `buf` where it lies; without a match `buf` ends as it was. Lengths are those of
    /// [`seal_in_place_with`](Self::seal_in_place_with).
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if anything does not match; [`CryptoError::Length`], [`CryptoError::TooLong`].
    pub fn open_in_place_with(
        &self,
        nonce: &[u8],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CryptoError> {
        let message = Message::new(nonce, aad, buf.len(), tag.len())?;
        let first = message.counter().plus(1);
        self.0.ctr(first, buf);
        let computed = self.tag(&message, aad, buf);
        let matches = computed.get(..tag.len()).is_some_and(|computed| computed.ct_eq(tag).into());
        if !matches {
            self.0.ctr(first, buf);
            return Err(CryptoError::Decrypt);
        }
        Ok(())
    }

    /// The whole tag, of which the message has as much as it says.
    fn tag(&self, message: &Message, aad: &[u8], plaintext: &[u8]) -> Block {
        let mut mac = Mac { cipher: &self.0, state: Block::default(), filled: 0 };
        mac.update(&message.first_block());
        if !aad.is_empty() {
            let (prefix, len) = aad_prefix(aad.len());
            mac.update(prefix.get(..len).unwrap_or(&prefix));
            mac.update(aad);
            mac.pad();
        }
        mac.update(plaintext);
        mac.pad();
        let mut mask = message.counter().to_block();
        self.0.encrypt_block(&mut mask);
        mask.iter_mut().zip(mac.state).for_each(|(mask, mac)| *mask ^= mac);
        mask
    }
}

/// What the control blocks say of a message (SP 800-38C, appendix A).
struct Message {
    /// The nonce in its place.
    nonce: Block,
    /// Length of the length field, q.
    field_len: u8,
    /// The flags of the first block.
    flags: u8,
    len: usize,
}

impl Message {
    fn new(nonce: &[u8], aad: &[u8], len: usize, tag_len: usize) -> Result<Self, CryptoError> {
        let field_len = match nonce.len() {
            used @ 7..=13 => 15 - used as u8,
            _ => return Err(CryptoError::Length("an SM4-CCM nonce")),
        };
        let tag_code = match tag_len {
            4 | 6 | 8 | 10 | 12 | 14 | 16 => (tag_len as u8 - 2) / 2,
            _ => return Err(CryptoError::Length("an SM4-CCM tag")),
        };
        // Beside what the field can say, no more than the 32-bit counter has blocks for.
        let longest = (1u64 << (8 * field_len).min(36)) - 1;
        if len as u64 > longest.min(gcm::MAX_LEN) {
            return Err(CryptoError::TooLong("the SM4-CCM message"));
        }
        let mut block = Block::default();
        block.iter_mut().skip(1).zip(nonce).for_each(|(to, from)| *to = *from);
        let flags = u8::from(!aad.is_empty()) << 6 | tag_code << 3 | (field_len - 1);
        Ok(Self { nonce: block, field_len, flags, len })
    }

    /// B0 (A.2.1).
    fn first_block(&self) -> Block {
        self.block(self.flags, self.len)
    }

    /// The counter block of the tag (A.3).
    fn counter(&self) -> Counter {
        Counter::from_block(&self.block(self.field_len - 1, 0))
    }

    fn block(&self, flags: u8, field: usize) -> Block {
        let block = u128::from_be_bytes(self.nonce) | u128::from(flags) << 120 | field as u128;
        block.to_be_bytes()
    }
}

/// The length of the associated data as CCM writes it before the data (A.2.2), and how many bytes that takes.
fn aad_prefix(len: usize) -> ([u8; 10], usize) {
    let len = len as u128;
    let (prefix, used) = match len {
        0..0xff00 => (len << 64, 2),
        0xff00..0x1_0000_0000 => (0xfffe << 64 | len << 32, 6),
        _ => (0xffff << 64 | len, 10),
    };
    let [_, _, _, _, _, _, bytes @ ..] = prefix.to_be_bytes();
    (bytes, used)
}

/// CBC-MAC with the padding between its parts.
struct Mac<'a> {
    cipher: &'a Cipher,
    state: Block,
    /// Bytes of the block begun.
    filled: usize,
}

impl Mac<'_> {
    fn update(&mut self, data: &[u8]) {
        let (head, rest) = data.split_at(data.len().min(BLOCK_LEN - self.filled));
        self.take(head);
        rest.chunks(BLOCK_LEN).for_each(|part| self.take(part));
    }

    /// Takes at most what the block begun has room for.
    fn take(&mut self, part: &[u8]) {
        self.state.iter_mut().skip(self.filled).zip(part).for_each(|(state, byte)| *state ^= byte);
        self.filled += part.len();
        if self.filled == BLOCK_LEN {
            self.pad();
        }
    }

    /// Ends the block begun, if there is one, as if zeros followed.
    fn pad(&mut self) {
        if self.filled > 0 {
            self.cipher.encrypt_block(&mut self.state);
            self.filled = 0;
        }
    }
}
