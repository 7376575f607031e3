use super::*;
use crate::sm2::CERT_USER_ID;

fn keys(kek: u8) -> SoftKeys {
    SoftKeys::new(SecretKey::generate().unwrap(), Zeroizing::new([kek; DEK_LEN]))
}

#[test]
fn self_test_passes() {
    keys(1).self_test().unwrap();
}

#[test]
fn decrypts_and_agrees_with_the_key_it_names() {
    let (keys, peer) = (keys(1), SecretKey::generate().unwrap());
    let ciphertext = keys.public_key().encrypt(b"m").unwrap();
    assert_eq!(*keys.sm2_decrypt(&ciphertext).unwrap(), b"m");
    assert_eq!(keys.ecdh(&peer.public_key()).unwrap(), peer.ecdh(&keys.public_key()));
}

#[test]
fn signs_with_the_key_it_names() {
    let keys = keys(1);
    let signature = keys.sign(CERT_USER_ID, b"m").unwrap();
    keys.public_key().verify(CERT_USER_ID, b"m", &signature).unwrap();
}

#[test]
fn a_wrapped_key_comes_back() {
    let keys = keys(1);
    let wrapped = keys.wrap(&[7; DEK_LEN]).unwrap();
    assert_eq!(*keys.unwrap_key(&wrapped).unwrap(), [7; DEK_LEN]);
    assert_ne!(wrapped, keys.wrap(&[7; DEK_LEN]).unwrap());
}

#[test]
fn every_altered_or_shortened_wrap_is_refused() {
    let keys = keys(1);
    let wrapped = keys.wrap(&[7; DEK_LEN]).unwrap();
    for i in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[i] ^= 0x80;
        assert_eq!(keys.unwrap_key(&altered).err(), Some(CryptoError::Decrypt), "byte {i}");
        assert_eq!(keys.unwrap_key(&wrapped[..i]).err(), Some(CryptoError::Decrypt), "first {i} bytes");
    }
    let longer = [wrapped.as_slice(), &[0]].concat();
    assert_eq!(keys.unwrap_key(&longer).err(), Some(CryptoError::Decrypt));
}

#[test]
fn another_kek_does_not_unwrap() {
    let wrapped = keys(1).wrap(&[7; DEK_LEN]).unwrap();
    assert_eq!(keys(2).unwrap_key(&wrapped).err(), Some(CryptoError::Decrypt));
}

/// A provider with one thing wrong.
struct Broken(SoftKeys, Fault);

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    PublicKey,
    Random,
    Wrap,
    WrapUnchecked,
    Decrypt,
    Ecdh,
}

impl KeyProvider for Broken {
    fn public_key(&self) -> PublicKey {
        if self.1 == Fault::PublicKey { keys(1).public_key() } else { self.0.public_key() }
    }
    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        self.0.sign(user_id, msg)
    }
    fn sm2_decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        if self.1 == Fault::Decrypt { Err(CryptoError::Decrypt) } else { self.0.sm2_decrypt(ciphertext) }
    }
    fn ecdh(&self, peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        if self.1 == Fault::Ecdh { Ok(Zeroizing::default()) } else { self.0.ecdh(peer) }
    }
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError> {
        if self.1 == Fault::WrapUnchecked { Ok(dek.to_vec()) } else { self.0.wrap(dek) }
    }
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; DEK_LEN]>, CryptoError> {
        match self.1 {
            Fault::Wrap => Ok(Zeroizing::default()),
            Fault::WrapUnchecked => Ok(Zeroizing::new(wrapped.try_into().unwrap())),
            _ => self.0.unwrap_key(wrapped),
        }
    }
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        if self.1 == Fault::Random { Ok(()) } else { self.0.random(out) }
    }
}

#[test]
fn the_pairwise_test_catches_a_broken_provider() {
    let test = |fault| Broken(keys(1), fault).self_test();
    assert_eq!(test(Fault::None), Ok(()));
    for (fault, named) in [
        (Fault::PublicKey, "the signing key"),
        (Fault::Random, "the key-encryption key"),
        (Fault::Wrap, "the key-encryption key"),
        (Fault::WrapUnchecked, "the key-encryption key"),
        (Fault::Decrypt, "the decryption key"),
        (Fault::Ecdh, "the decryption key"),
    ] {
        assert_eq!(test(fault), Err(CryptoError::SelfTest(named)));
    }
}

/// A provider that offers no more than it must.
struct Least(SoftKeys);

impl KeyProvider for Least {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }
    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        self.0.sign(user_id, msg)
    }
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError> {
        self.0.wrap(dek)
    }
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; DEK_LEN]>, CryptoError> {
        self.0.unwrap_key(wrapped)
    }
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.random(out)
    }
}

#[test]
fn what_a_provider_does_not_offer_is_an_error_and_no_failed_test() {
    let keys = Least(keys(1));
    assert_eq!(keys.self_test(), Ok(()));
    let ciphertext = keys.public_key().encrypt(b"m").unwrap();
    assert!(matches!(keys.sm2_decrypt(&ciphertext), Err(CryptoError::Provider(_))));
    assert!(matches!(keys.ecdh(&keys.public_key()), Err(CryptoError::Provider(_))));
}
