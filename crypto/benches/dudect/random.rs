//! Random inputs in bulk: SM4 in counter mode under a key from the system.

use qianmo_crypto::{random, sm4::gcm};

pub(crate) struct Random {
    key: gcm::Key,
    draws: u64,
}

impl Random {
    pub(crate) fn new() -> Self {
        let mut key = [0; 16];
        random::fill(&mut key).unwrap();
        Self { key: gcm::Key::new(&key), draws: 0 }
    }

    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        self.draws += 1;
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.draws.to_le_bytes());
        out.fill(0);
        self.key.seal_in_place(&nonce, b"", out);
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}
