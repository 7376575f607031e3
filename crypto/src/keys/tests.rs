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

/// A provider whose key and signatures do not belong together, and whose unwrap forgets the key.
struct Broken(SoftKeys, SoftKeys, bool);

impl KeyProvider for Broken {
    fn public_key(&self) -> PublicKey {
        if self.2 { self.1.public_key() } else { self.0.public_key() }
    }
    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        self.0.sign(user_id, msg)
    }
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError> {
        self.0.wrap(dek)
    }
    fn unwrap_key(&self, _: &[u8]) -> Result<Zeroizing<[u8; DEK_LEN]>, CryptoError> {
        Ok(Zeroizing::default())
    }
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.random(out)
    }
    fn self_test(&self) -> Result<(), CryptoError> {
        self_test::pairwise(self)
    }
}

#[test]
fn the_pairwise_test_catches_a_broken_provider() {
    let with_wrong_public_key = Broken(keys(1), keys(1), true);
    assert_eq!(with_wrong_public_key.self_test(), Err(CryptoError::SelfTest("the signing key")));
    let with_wrong_unwrap = Broken(keys(1), keys(1), false);
    assert_eq!(with_wrong_unwrap.self_test(), Err(CryptoError::SelfTest("the key-encryption key")));
}
