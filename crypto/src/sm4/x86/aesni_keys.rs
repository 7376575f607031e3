//! A key for [`aesni`], safe to use: the constructor asks the processor, so a value proves that the instructions exist.
#![expect(unsafe_code, reason = "calls to functions compiled for these instructions")]

use super::aesni;
use crate::sm4::counter::Counter;
use crate::sm4::schedule::{self, RoundKeys};
use crate::sm4::{Block, KEY_LEN};

/// A key for this kernel.
pub(in crate::sm4) struct Keys(RoundKeys);

impl Keys {
    /// Whether this processor has what the kernel needs.
    pub(in crate::sm4) fn is_available() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("aes")
    }

    /// Expands `key`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(key: &[u8; KEY_LEN]) -> Option<Self> {
        // SAFETY: the features are there.
        Self::is_available().then(|| Self(unsafe { aesni::expand(key) }))
    }

    pub(in crate::sm4) fn encrypt_block(&self, block: &mut Block) {
        self.encrypt_blocks(std::slice::from_mut(block));
    }

    pub(in crate::sm4) fn encrypt_blocks(&self, blocks: &mut [Block]) {
        // SAFETY: `new` asked for the features.
        unsafe { aesni::encrypt_blocks(&self.0, blocks) }
    }

    /// The same key for decryption, by the encrypting functions.
    pub(in crate::sm4) fn reversed(&self) -> Self {
        Self(schedule::reversed(&self.0))
    }

    /// XORs the key stream from `counter` on into `data`.
    pub(in crate::sm4) fn ctr(&self, counter: Counter, data: &mut [u8]) {
        // SAFETY: `new` asked for the features.
        unsafe { aesni::ctr(&self.0, counter.prefix(), counter.value(), data) }
    }
}
