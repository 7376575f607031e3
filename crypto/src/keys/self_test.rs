//! Known-answer tests, run at start-up. GM/T 0028 asks for them; they catch a miscompiled or
//! miscomputing build before it signs anything.

mod answers;
#[cfg(test)]
mod tests;

use super::{DEK_LEN, KeyProvider};
use crate::{CryptoError, sm2};

/// A test and what it is of; `None` or `Some(false)` is a failure.
type Test = (&'static str, fn() -> Option<bool>);

/// Everything that a node computes with. Algorithms with several kernels are tested on all that this processor runs.
const TESTS: [Test; 12] = [
    ("SM3", answers::sm3),
    ("SM3 of many messages", answers::sm3_many),
    ("HMAC-SM3", answers::hmac_sm3),
    ("HKDF-SM3", answers::hkdf_sm3),
    ("SM4", answers::sm4),
    ("SM4-GCM", answers::sm4_gcm),
    ("SM4-CCM", answers::sm4_ccm),
    ("SM4-GCM of long messages", answers::sm4_gcm_long),
    ("SM2 signatures", answers::sm2_signature),
    ("SM2 encryption", answers::sm2_encryption),
    ("SM2 key agreement", answers::sm2_agreement),
    ("curveSM2MLKEM768", answers::hybrid_agreement),
];

/// Runs all tests of algorithms.
pub(super) fn algorithms() -> Result<(), CryptoError> {
    run(&TESTS)
}

fn run(tests: &[Test]) -> Result<(), CryptoError> {
    let failed = tests.iter().find(|(_, passes)| passes() != Some(true));
    failed.map_or(Ok(()), |(name, _)| Err(CryptoError::SelfTest(name)))
}

/// Signs and verifies, wraps and unwraps, and checks that altered data is refused. Decryption and ECDH are tested
/// where the provider has them.
pub(super) fn pairwise(keys: &(impl KeyProvider + ?Sized)) -> Result<(), CryptoError> {
    signing(keys)?;
    wrapping(keys)?;
    decryption(keys)
}

const MESSAGE: &[u8] = b"qianmo pairwise consistency";

fn signing(keys: &(impl KeyProvider + ?Sized)) -> Result<(), CryptoError> {
    let signature = keys.sign(sm2::CERT_USER_ID, MESSAGE)?;
    let key = keys.public_key();
    let good = key.verify(sm2::CERT_USER_ID, MESSAGE, &signature).is_ok();
    let bad = key.verify(sm2::TLS_USER_ID, MESSAGE, &signature).is_ok();
    if good && !bad { Ok(()) } else { Err(CryptoError::SelfTest("the signing key")) }
}

fn wrapping(keys: &(impl KeyProvider + ?Sized)) -> Result<(), CryptoError> {
    let mut dek = [0; DEK_LEN];
    keys.random(&mut dek)?;
    let mut wrapped = keys.wrap(&dek)?;
    let unwrapped = keys.unwrap_key(&wrapped)?;
    wrapped.last_mut().into_iter().for_each(|last| *last ^= 1);
    let good = dek != [0; DEK_LEN] && *unwrapped == dek && keys.unwrap_key(&wrapped).is_err();
    if good { Ok(()) } else { Err(CryptoError::SelfTest("the key-encryption key")) }
}

fn decryption(keys: &(impl KeyProvider + ?Sized)) -> Result<(), CryptoError> {
    let decrypts = match keys.sm2_decrypt(&keys.public_key().encrypt(MESSAGE)?) {
        Err(CryptoError::Provider(_)) => true,
        decrypted => decrypted.is_ok_and(|decrypted| *decrypted == MESSAGE),
    };
    let peer = sm2::SecretKey::generate()?;
    let agrees = match keys.ecdh(&peer.public_key()) {
        Err(CryptoError::Provider(_)) => true,
        shared => shared.is_ok_and(|shared| shared == peer.ecdh(&keys.public_key())),
    };
    if decrypts && agrees { Ok(()) } else { Err(CryptoError::SelfTest("the decryption key")) }
}
