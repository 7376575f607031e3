//! Public-key encryption (GB/T 32918.4-2016): for keys and other short secrets. What is longer belongs in an
//! envelope whose key is encrypted this way.

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{Ciphertext, PublicKey, SecretKey, SecretScalar, kdf};
use crate::{CryptoError, sm3};

/// Longest message in bytes. The standard sets no limit below 128 GiB; this one bounds what a stranger's
/// ciphertext can cost, and is above what other implementations take (GmSSL: 255 bytes).
pub const MAX_PLAINTEXT_LEN: usize = 65_536;

/// Ephemeral keys tried before the generator is called broken: one misses with probability 256^-n for n
/// bytes.
const MAX_DRAWS: u8 = 16;

impl PublicKey {
    /// Encrypts `msg` for the holder of the private key (GB/T 32918.4, 6.1). Two ciphertexts of one message
    /// differ.
    ///
    /// Anyone can encrypt: a ciphertext that decrypts says nothing about who made it.
    ///
    /// # Errors
    /// [`CryptoError::Plaintext`] unless `msg` has 1 to [`MAX_PLAINTEXT_LEN`] bytes, [`CryptoError::Random`]
    /// without random bytes.
    pub fn encrypt(&self, msg: &[u8]) -> Result<Ciphertext, CryptoError> {
        if msg.is_empty() || msg.len() > MAX_PLAINTEXT_LEN {
            return Err(CryptoError::Plaintext);
        }
        for _ in 0..MAX_DRAWS {
            let k = SecretScalar::random()?;
            if let Some(ciphertext) = self.encrypt_with(msg, &k)? {
                return Ok(ciphertext);
            }
        }
        Err(CryptoError::Random)
    }

    /// Steps A2 to A8 with ephemeral key `k`; `None` asks for another one. The order is prime and this key is
    /// not infinity, so step A3 has nothing to refuse.
    pub(super) fn encrypt_with(
        &self,
        msg: &[u8],
        k: &SecretScalar,
    ) -> Result<Option<Ciphertext>, CryptoError> {
        let shared = SharedPoint::new(k, self);
        let (c2, blank) = shared.mask(msg)?;
        let c3 = shared.hash(msg);
        Ok((!bool::from(blank)).then(|| Ciphertext { c1: k.public_key(), c2: c2.to_vec(), c3 }))
    }
}

impl SecretKey {
    /// Decrypts (GB/T 32918.4, 7.1). The plaintext is wiped when dropped.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if the ciphertext was altered or is for another key: one error, after the
    /// same work, whatever is wrong with it.
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let shared = SharedPoint::new(self.scalar(), &ciphertext.c1);
        let (msg, blank) = shared.mask(&ciphertext.c2)?;
        let matches = shared.hash(&msg).ct_eq(&ciphertext.c3) & !blank;
        if bool::from(matches) { Ok(msg) } else { Err(CryptoError::Decrypt) }
    }
}

/// The point (x2, y2) that sender and receiver both compute, as 64 bytes.
struct SharedPoint(Zeroizing<[u8; 64]>);

impl SharedPoint {
    fn new(secret: &SecretScalar, point: &PublicKey) -> Self {
        Self(secret.mul_point(point))
    }

    /// The data under the mask t (steps A5 and A6, B4 and B5), and whether t is all zero, in constant time.
    fn mask(&self, data: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Choice), CryptoError> {
        let mut t = kdf::derive(&[self.0.as_slice()], data.len())?;
        let set_bits = t.iter().fold(0, |bits, byte| bits | byte);
        t.iter_mut().zip(data).for_each(|(to, from)| *to ^= from);
        Ok((t, set_bits.ct_eq(&0)))
    }

    /// C3 = SM3(x2, msg, y2) (steps A7 and B6).
    fn hash(&self, msg: &[u8]) -> [u8; sm3::DIGEST_LEN] {
        let (x, y) = self.0.split_at(32);
        let mut hasher = sm3::Hasher::new();
        [x, msg, y].into_iter().for_each(|part| hasher.update(part));
        hasher.finish().0
    }
}

#[cfg(test)]
mod tests;
