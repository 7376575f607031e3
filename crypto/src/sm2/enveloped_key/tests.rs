//! Envelopes of ours and of another implementation, and such as must be refused.

use super::*;

/// From emmansun/gmsm, sm2/sm2_envelopedkey_test.go (MIT): an envelope whose algorithm its test set to
/// SM4-CBC, and its recipient's private key. With the algorithm set back it is one that gmsm wrote.
mod gmsm {
    pub(super) const RECIPIENT: &str = "5cbd96822bb1491ec835ae9c09d4d3825e30bd9955e3c7031fbbe0e72d6fddf6";
    pub(super) const SM4_CBC: &str = "\
        3081ef300c06082a811ccf5501680205003078\
        0220760c5d4eb80f7ec4bb12026586e4badcd41c293b416618575894d9278214aa6c\
        02203fea869801f94f1cf3839e9b666482703c86cef160af8a540daf9c6b9adff5b2\
        0420685f05616055daf4948e44d76c366b16745f7a487614c0542d16871baa34be87\
        04104abfcab6cea65caf2c130b222ebe5199\
        03420004944a5887f6fad9808516755e81c62f41566dab0f56ca55ad7909880acc051ce1\
        57694b11557eba725291166508868e6988c596a30472bef32e03a3dcef686627\
        0321003ec6b59fece00ca37336c12f6d529aa84be07597e315eda1b7b58b0bef2fead9";
}

fn pair() -> (SecretKey, SecretKey) {
    (SecretKey::generate().unwrap(), SecretKey::generate().unwrap())
}

#[test]
fn what_is_sealed_opens_after_der() {
    let (key, recipient) = pair();
    let sealed = EnvelopedKey::seal(&key, &recipient.public_key()).unwrap();
    let read = EnvelopedKey::from_der(&sealed.to_der()).unwrap();
    assert_eq!(read, sealed);
    assert_eq!(*read.public_key(), key.public_key());
    assert_eq!(read.open(&recipient).unwrap().scalar().to_bytes(), key.scalar().to_bytes());
}

#[test]
fn an_envelope_of_gmsm_opens() {
    let recipient =
        SecretKey::from_bytes(&hex::decode(gmsm::RECIPIENT).unwrap().try_into().unwrap()).unwrap();
    let cbc = hex::decode(gmsm::SM4_CBC).unwrap();
    assert_eq!(EnvelopedKey::from_der(&cbc).err(), Some(CryptoError::EnvelopedKey("not under SM4-ECB")));
    let mut ecb = cbc;
    assert_eq!(ecb[14], 2, "the last arc of the algorithm");
    ecb[14] = 1;
    let envelope = EnvelopedKey::from_der(&ecb).unwrap();
    assert_eq!(envelope.open(&recipient).unwrap().public_key(), *envelope.public_key());
    assert_eq!(envelope.to_der(), ecb);
}

#[test]
fn every_flipped_bit_is_refused() {
    let (key, recipient) = pair();
    let good = EnvelopedKey::seal(&key, &recipient.public_key()).unwrap().to_der();
    for bit in 0..good.len() * 8 {
        let mut altered = good.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let opened = EnvelopedKey::from_der(&altered).and_then(|envelope| envelope.open(&recipient));
        assert!(opened.is_err(), "bit {bit}");
    }
}

#[test]
fn what_is_cut_short_or_runs_on_is_refused() {
    let (key, recipient) = pair();
    let good = EnvelopedKey::seal(&key, &recipient.public_key()).unwrap().to_der();
    for len in 0..good.len() {
        assert!(EnvelopedKey::from_der(&good[..len]).is_err(), "first {len} bytes");
    }
    assert!(EnvelopedKey::from_der(&[good.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn another_recipient_another_key_or_another_half_does_not_open() {
    let (key, recipient) = pair();
    let (other, stranger) = pair();
    let envelope = EnvelopedKey::seal(&key, &recipient.public_key()).unwrap();
    assert_eq!(envelope.open(&stranger).err(), Some(CryptoError::Decrypt));
    let swapped = EnvelopedKey { public: other.public_key(), ..envelope.clone() };
    assert_eq!(swapped.open(&recipient).err(), Some(CryptoError::Decrypt));
    let long_kek =
        EnvelopedKey { encrypted_kek: recipient.public_key().encrypt(&[0; 17]).unwrap(), ..envelope };
    assert_eq!(long_kek.open(&recipient).err(), Some(CryptoError::Decrypt));
}

#[test]
fn the_algorithm_may_be_written_in_three_ways() {
    let (key, recipient) = pair();
    let envelope = EnvelopedKey::seal(&key, &recipient.public_key()).unwrap();
    let der = envelope.to_der();
    let written = |oid, parameters| {
        let mut fields = Sm2EnvelopedKey::from_der(&der).unwrap();
        fields.sym_alg_id = AlgorithmIdentifierRef { oid, parameters };
        EnvelopedKey::from_der(&fields.to_der().unwrap())
    };
    for (oid, parameters) in [(SM4_ECB, Some(AnyRef::NULL)), (SM4_ECB, None), (SM4, None)] {
        assert_eq!(written(oid, parameters), Ok(envelope.clone()));
    }
    let aes = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.1");
    let iv = AnyRef::new(der::Tag::OctetString, &[0; 16]).unwrap();
    for (oid, parameters) in [(aes, None), (SM4_ECB, Some(iv))] {
        assert_eq!(written(oid, parameters), Err(CryptoError::EnvelopedKey("not under SM4-ECB")));
    }
}
