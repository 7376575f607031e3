//! Counter mode (SP 800-38A, section 6.5) with a 96-bit nonce and a 32-bit big-endian counter.
//!
//! It hides, but does not protect: whoever can alter the data can flip any bit of it. Use [`gcm`](super::gcm) unless
//! something else authenticates. No counter block may come twice under one key.

use super::Cipher;
use super::counter::Counter;

/// Length of a nonce in bytes.
pub const NONCE_LEN: usize = 12;

/// Encrypts or decrypts `data` where it lies, its first block with counter `counter`. The counter wraps at 2^32.
pub fn apply(cipher: &Cipher, nonce: &[u8; NONCE_LEN], counter: u32, data: &mut [u8]) {
    cipher.ctr(Counter::new(*nonce, counter), data);
}
