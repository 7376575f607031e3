//! SM4, the 128-bit block cipher of GB/T 32907-2016, in the one mode this project uses.
//!
//! The block function is RustCrypto's `sm4`, which looks its S-box up in a table and so may leak through the
//! cache to other programs on the same processor.

pub(crate) mod cbc;
pub mod gcm;

use cipher::{BlockCipherEncrypt, KeyInit};

/// Length of a key in bytes.
pub const KEY_LEN: usize = 16;

pub(crate) type Block = cipher::Block<sm4::Sm4>;

/// The block cipher under one key, encrypting only: GCM and QUIC header protection need no more.
pub(crate) struct Cipher(sm4::Sm4);

impl Cipher {
    pub(crate) fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(sm4::Sm4::new(key.into()))
    }

    pub(crate) fn encrypt_block(&self, block: &mut Block) {
        self.0.encrypt_block(block);
    }

    pub(crate) fn encrypt_blocks(&self, blocks: &mut [Block]) {
        self.0.encrypt_blocks(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";

    fn encrypted_n_times(n: usize) -> String {
        let cipher = Cipher::new(&KEY);
        let mut block = Block::from(KEY);
        (0..n).for_each(|_| cipher.encrypt_block(&mut block));
        hex::encode(block)
    }

    /// GB/T 32907-2016, annex A, examples 1 and 2.
    #[test]
    fn annex_a() {
        assert_eq!(encrypted_n_times(1), "681edf34d206965e86b3e94f536e4246");
        assert_eq!(encrypted_n_times(1_000_000), "595298c7c6fd271f0402f804c33d3f66");
    }
}
