//! The known answers. Each test says where its numbers are from.

use rustls::crypto::SupportedKxGroup as _;

use crate::kx::CurveSm2MlKem768;
use crate::sm2::exchange::{Initiator, Party, Responder};
use crate::sm2::{self, Ciphertext, SecretKey, Signature};
use crate::sm4::{Cipher, Kernel, ccm, gcm};
use crate::{hmac, kdf, sm3};

/// Messages that fill the lanes of every kernel and one more.
const MANY: usize = 17;

/// Bytes that take every kernel of SM4 through its widest loop and through all of its ends.
const LONG: usize = 5000;

/// Key of GB/T 32907-2016, annex A, and of RFC 8998, appendix A.
const SM4_KEY: &str = "0123456789abcdeffedcba9876543210";

/// Nonce, associated data and plaintext of RFC 8998, appendix A.
const AEAD_NONCE: &str = "00001234567800000000abcd";
const AEAD_AAD: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const AEAD_PLAINTEXT: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
                              eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa";

/// GB/T 32905-2016, annex A.1.
const ABC_DIGEST: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

/// Private key of GB/T 32918.5-2017, annexes A and C.
const SM2_KEY: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";

pub(super) fn sm3() -> Option<bool> {
    Some(sm3::digest(b"abc").0 == bytes(ABC_DIGEST)?)
}

/// [`ABC_DIGEST`] in every lane.
pub(super) fn sm3_many() -> Option<bool> {
    let expected = [sm3::Digest(bytes(ABC_DIGEST)?); MANY];
    let messages = [[b"a".as_slice(), b"bc"]; MANY];
    Some(
        sm3::Kernel::available().all(|kernel| {
            sm3::digest_many_with(kernel, &messages).is_some_and(|digests| digests == expected)
        }),
    )
}

/// GM/T 0042-2015, annex D.3, case 4.
pub(super) fn hmac_sm3() -> Option<bool> {
    let expected: [u8; 32] = bytes("2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882")?;
    Some(hmac::verify(b"Jefe", b"what do ya want for nothing?", &expected))
}

/// RFC 5869, appendix A.1, with SM3; the answer is that of OpenSSL 3.0.19 (`openssl kdf -kdfopt digest:SM3 … HKDF`).
pub(super) fn hkdf_sm3() -> Option<bool> {
    let expected: [u8; 42] =
        bytes("c69fe91b7aaee2dd5718d72dcaee0cce93f1b8e41f792da51261b6a517e68b36ed2c595572b01dfa359b")?;
    let (salt, info): ([u8; 13], [u8; 10]) =
        (bytes("000102030405060708090a0b0c")?, bytes("f0f1f2f3f4f5f6f7f8f9")?);
    let mut out = [0; 42];
    kdf::hkdf_sm3(&salt, &[0x0b; 22], &info, &mut out).ok()?;
    Some(out == expected)
}

/// GB/T 32907-2016, annex A, example 1: key and plaintext are the same bytes.
pub(super) fn sm4() -> Option<bool> {
    let key = bytes(SM4_KEY)?;
    let expected = bytes("681edf34d206965e86b3e94f536e4246")?;
    on_every_kernel(|kernel| {
        let cipher = Cipher::with_kernel(&key, kernel)?;
        let (mut block, mut back) = (key, expected);
        cipher.encrypt_block(&mut block);
        cipher.decrypt_block(&mut back);
        Some(block == expected && back == key)
    })
}

/// RFC 8998, A.1; an altered tag must be refused.
pub(super) fn sm4_gcm() -> Option<bool> {
    let sealed: [u8; 80] = bytes(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
         d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
         83de3541e4c2b58177e065a9bf7b62ec",
    )?;
    let (key, nonce, aad, plaintext) = aead()?;
    on_every_kernel(|kernel| {
        let key = gcm::Key::with_kernel(&key, kernel)?;
        let right = key.seal(&nonce, &aad, &plaintext) == sealed;
        let opened = key.open(&nonce, &aad, &sealed).is_ok_and(|opened| opened == plaintext);
        Some(right && opened && key.open(&nonce, &aad, &altered(sealed)).is_err())
    })
}

/// RFC 8998, A.2; an altered tag must be refused.
pub(super) fn sm4_ccm() -> Option<bool> {
    let sealed: [u8; 80] = bytes(
        "48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094\
         fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b\
         16842d4fa186f56ab33256971fa110f4",
    )?;
    let (key, nonce, aad, plaintext) = aead()?;
    on_every_kernel(|kernel| {
        let key = ccm::Key::with_kernel(&key, kernel)?;
        let right = key.seal(&nonce, &aad, &plaintext).ok()? == sealed;
        let opened = key.open(&nonce, &aad, &sealed).is_ok_and(|opened| opened == plaintext);
        Some(right && opened && key.open(&nonce, &aad, &altered(sealed)).is_err())
    })
}

/// All kernels agree on a message that is longer than the published ones.
pub(super) fn sm4_gcm_long() -> Option<bool> {
    let (key, nonce, aad, _) = aead()?;
    let plaintext: Vec<u8> = (0..LONG).map(|i| (i % 251) as u8).collect();
    let expected = gcm::Key::with_kernel(&key, Kernel::Portable)?.seal(&nonce, &aad, &plaintext);
    on_every_kernel(|kernel| {
        let key = gcm::Key::with_kernel(&key, kernel)?;
        let right = key.seal(&nonce, &aad, &plaintext) == expected;
        Some(right && key.open(&nonce, &aad, &expected).is_ok_and(|opened| opened == plaintext))
    })
}

/// GB/T 32918.5-2017, annex A.2; another message must be refused. Then a signature of our own.
pub(super) fn sm2_signature() -> Option<bool> {
    let signature = bytes(
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    )?;
    let secret = SecretKey::from_bytes(&bytes(SM2_KEY)?).ok()?;
    let (key, signature) = (secret.public_key(), Signature::from_bytes(&signature).ok()?);
    let verifies = |msg: &[u8], signature| key.verify(sm2::CERT_USER_ID, msg, signature).is_ok();
    let published = verifies(b"message digest", &signature) && !verifies(b"message digesu", &signature);
    let own = secret.sign(sm2::CERT_USER_ID, b"m").ok()?;
    Some(published && verifies(b"m", &own) && !verifies(b"n", &own))
}

/// GB/T 32918.5-2017, annex C.2; a ciphertext with another C3 must be refused. Then a ciphertext of our own.
pub(super) fn sm2_encryption() -> Option<bool> {
    let published: [u8; 116] = bytes(
        "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
         e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
         59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
         21886ca989ca9c7d58087307ca93092d651efa",
    )?;
    let secret = SecretKey::from_bytes(&bytes(SM2_KEY)?).ok()?;
    let decrypts = |bytes: &[u8], plaintext: &[u8]| {
        let decrypted = Ciphertext::from_bytes(bytes).and_then(|ciphertext| secret.decrypt(&ciphertext));
        decrypted.is_ok_and(|decrypted| *decrypted == plaintext)
    };
    let own = secret.public_key().encrypt(b"m").ok()?.to_bytes();
    let plaintext = b"encryption standard";
    Some(decrypts(&published, plaintext) && !decrypts(&altered(published), plaintext) && decrypts(&own, b"m"))
}

/// ECDH of the private keys in GB/T 32918.5-2017, annex B, computed from the curve's equations; then both sides of
/// the exchange of GB/T 32918.3.
pub(super) fn sm2_agreement() -> Option<bool> {
    let secret = |text| SecretKey::from_bytes(&bytes(text)?).ok();
    let alice = secret("81eb26e941bb5af16df116495f90695272ae2cd63d6c4ae1678418be48230029")?;
    let bob = secret("785129917d45a9ea5437a59356b82338eaadda6ceb199088f14ae10defa229b5")?;
    let expected = bytes("4adbf6fcd7474aef1a59306bec8c4943365d46ee45d528c3ae0a8deec45da8d4")?;
    let (alice_public, bob_public) = (alice.public_key(), bob.public_key());
    let ecdh = *alice.ecdh(&bob_public) == expected && *bob.ecdh(&alice_public) == expected;

    let party = |public_key| Party { user_id: sm2::CERT_USER_ID, public_key };
    let initiator = Initiator::new(&alice, sm2::CERT_USER_ID, party(&bob_public)).ok()?;
    let (answer, responder) =
        Responder::answer(&bob, sm2::CERT_USER_ID, party(&alice_public), &initiator.share(), 16).ok()?;
    let finished = initiator.finish(&answer, 16).ok()?;
    let key = responder.finish(&finished.confirmation).ok()?;
    Some(ecdh && key == finished.key)
}

/// curveSM2 and ML-KEM-768 as in a handshake. An altered ML-KEM ciphertext gives another secret (FIPS 203, 6.3).
pub(super) fn hybrid_agreement() -> Option<bool> {
    let agree = |alter: bool| {
        let client = CurveSm2MlKem768.start().ok()?;
        let mut server = CurveSm2MlKem768.start_and_complete(client.pub_key()).ok()?;
        server.pub_key.last_mut().into_iter().for_each(|last| *last ^= u8::from(alter));
        let secret = client.complete(&server.pub_key).ok()?;
        Some(secret.secret_bytes() == server.secret.secret_bytes())
    };
    Some(agree(false)? && !agree(true)?)
}

type Aead = ([u8; 16], [u8; 12], [u8; 20], [u8; 64]);

fn aead() -> Option<Aead> {
    Some((bytes(SM4_KEY)?, bytes(AEAD_NONCE)?, bytes(AEAD_AAD)?, bytes(AEAD_PLAINTEXT)?))
}

fn on_every_kernel(test: impl Fn(Kernel) -> Option<bool>) -> Option<bool> {
    Some(Kernel::available().all(|kernel| test(kernel) == Some(true)))
}

/// The same with another last byte.
fn altered<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    bytes.last_mut().into_iter().for_each(|last| *last ^= 1);
    bytes
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}
