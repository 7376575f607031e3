//! Known-answer tests, run at start-up. GM/T 0028 asks for them; they catch a miscompiled or
//! miscomputing build before it signs anything.

use super::{DEK_LEN, KeyProvider};
use crate::sm2::{PublicKey, Signature};
use crate::sm4::{Cipher, gcm};
use crate::{CryptoError, hmac, sm2, sm3};

/// Tests SM3, HMAC-SM3, SM4, SM4-GCM and SM2 verification against published answers.
pub(super) fn algorithms() -> Result<(), CryptoError> {
    [
        ("SM3", sm3 as fn() -> Option<bool>),
        ("HMAC-SM3", hmac_sm3),
        ("SM4", sm4),
        ("SM4-GCM", sm4_gcm),
        ("SM2", sm2),
    ]
    .into_iter()
    .find(|(_, passes)| passes() != Some(true))
    .map_or(Ok(()), |(name, _)| Err(CryptoError::SelfTest(name)))
}

/// Signs and verifies, wraps and unwraps, and checks that altered data is refused.
pub(super) fn pairwise(keys: &dyn KeyProvider) -> Result<(), CryptoError> {
    const MESSAGE: &[u8] = b"qianmo pairwise consistency";
    let signature = keys.sign(sm2::CERT_USER_ID, MESSAGE)?;
    let key = keys.public_key();
    let good = key.verify(sm2::CERT_USER_ID, MESSAGE, &signature).is_ok();
    let bad = key.verify(sm2::TLS_USER_ID, MESSAGE, &signature).is_ok();
    if !good || bad {
        return Err(CryptoError::SelfTest("the signing key"));
    }
    let mut dek = [0; DEK_LEN];
    keys.random(&mut dek)?;
    let unwrapped = keys.unwrap_key(&keys.wrap(&dek)?)?;
    if dek == [0; DEK_LEN] || *unwrapped != dek {
        return Err(CryptoError::SelfTest("the key-encryption key"));
    }
    Ok(())
}

/// GB/T 32905-2016, annex A.1.
fn sm3() -> Option<bool> {
    let expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    Some(sm3::digest(b"abc").0 == bytes(expected)?)
}

/// GM/T 0042-2015, annex D.3, case 4.
fn hmac_sm3() -> Option<bool> {
    let expected: [u8; 32] = bytes("2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882")?;
    Some(hmac::verify(b"Jefe", b"what do ya want for nothing?", &expected))
}

/// GB/T 32907-2016, annex A, example 1: key and plaintext are the same bytes.
fn sm4() -> Option<bool> {
    let key = bytes("0123456789abcdeffedcba9876543210")?;
    let mut block = key;
    Cipher::new(&key).encrypt_block(&mut block);
    Some(block == bytes("681edf34d206965e86b3e94f536e4246")?)
}

/// RFC 8998, A.1; an altered tag must be refused.
fn sm4_gcm() -> Option<bool> {
    let key = gcm::Key::new(&bytes("0123456789abcdeffedcba9876543210")?);
    let nonce = bytes("00001234567800000000abcd")?;
    let aad: [u8; 20] = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")?;
    let plaintext: [u8; 64] = bytes(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
         eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
    )?;
    let mut sealed: [u8; 80] = bytes(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
         d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
         83de3541e4c2b58177e065a9bf7b62ec",
    )?;
    let right = key.seal(&nonce, &aad, &plaintext) == sealed;
    let opened = key.open(&nonce, &aad, &sealed).is_ok_and(|opened| opened == plaintext);
    *sealed.last_mut()? ^= 1;
    Some(right && opened && key.open(&nonce, &aad, &sealed).is_err())
}

/// GB/T 32918.5-2017, annex A.2; another message must be refused.
fn sm2() -> Option<bool> {
    let key: [u8; 65] = bytes(
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
         ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    )?;
    let signature = bytes(
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    )?;
    let (key, signature) = (PublicKey::from_sec1(&key).ok()?, Signature::from_bytes(&signature).ok()?);
    let verifies = |msg: &[u8]| key.verify(sm2::CERT_USER_ID, msg, &signature).is_ok();
    Some(verifies(b"message digest") && !verifies(b"message digesu"))
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}
