//! Envelopes that must open, and such as must not.

use super::*;
use crate::sm2::SecretKey;

const FORMS: [Form; 3] = [Form::Sm4Gcm, Form::Sm4Cbc, Form::GmSsl];
/// SEQUENCE { SET { SEQUENCE { commonName, UTF8String "CA" } } }
const ISSUER: &[u8] = b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02\x43\x41";
const ALICE: CertificateId<'_> = CertificateId { issuer: ISSUER, serial: &[0x00, 0x81] };
const BOB: CertificateId<'_> = CertificateId { issuer: ISSUER, serial: &[0x02] };

fn key() -> SecretKey {
    SecretKey::generate().unwrap()
}

fn open_as(
    key: &SecretKey,
    certificate: CertificateId<'_>,
    der: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    open(der, certificate, |ciphertext| key.decrypt(ciphertext))
}

#[test]
fn every_recipient_opens_every_form() {
    let (alice, bob) = (key(), key());
    let (alice_public, bob_public) = (alice.public_key(), bob.public_key());
    let recipients = [
        Recipient { certificate: ALICE, public_key: &alice_public },
        Recipient { certificate: BOB, public_key: &bob_public },
    ];
    for form in FORMS {
        for len in [0, 1, 15, 16, 17, 1000, 70_000] {
            let content = vec![0x5a; len];
            let der = seal(&content, &recipients, form).unwrap();
            assert_eq!(*open_as(&alice, ALICE, &der).unwrap(), content, "{form:?}, {len} bytes");
            assert_eq!(*open_as(&bob, BOB, &der).unwrap(), content, "{form:?}, {len} bytes");
        }
    }
}

#[test]
fn who_is_no_recipient_does_not_open_it() {
    let (alice, stranger) = (key(), key());
    let public_key = alice.public_key();
    for form in FORMS {
        let der =
            seal(b"content", &[Recipient { certificate: ALICE, public_key: &public_key }], form).unwrap();
        let not_for_it = CryptoError::EnvelopedData("not for this certificate");
        assert_eq!(open_as(&alice, BOB, &der).err(), Some(not_for_it));
        let other_issuer = CertificateId { issuer: b"\x30\x00", ..ALICE };
        assert_eq!(open_as(&alice, other_issuer, &der).err(), Some(not_for_it));
        assert_eq!(open_as(&stranger, ALICE, &der).err(), Some(CryptoError::Decrypt));
    }
}

/// The bits that can be flipped without a change in what `open` returns. One may: it makes the standard's name of SM2
/// encryption GmSSL's, or GmSSL's the standard's.
fn bits_without_effect(form: Form) -> Vec<usize> {
    let alice = key();
    let public_key = alice.public_key();
    let good = seal(b"content", &[Recipient { certificate: ALICE, public_key: &public_key }], form).unwrap();
    let opens = |bit: &usize| {
        let mut altered = good.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        open_as(&alice, ALICE, &altered).is_ok_and(|content| form == Form::Sm4Gcm || *content == b"content")
    };
    let sm2_encryption = b"\x2a\x81\x1c\xcf\x55\x01\x82\x2d";
    let name = good.windows(8).position(|window| window == sm2_encryption).unwrap();
    let bits: Vec<usize> = (0..good.len() * 8).filter(opens).collect();
    bits.into_iter().filter(|bit| *bit != (name + 8) * 8).collect()
}

#[test]
fn every_flipped_bit_is_refused_under_gcm_and_shows_under_cbc() {
    for form in FORMS {
        assert_eq!(bits_without_effect(form), Vec::<usize>::new(), "{form:?}");
    }
}

#[test]
fn what_is_cut_short_or_runs_on_is_refused() {
    let alice = key();
    let public_key = alice.public_key();
    for form in FORMS {
        let der =
            seal(b"content", &[Recipient { certificate: ALICE, public_key: &public_key }], form).unwrap();
        for len in 0..der.len() {
            assert_eq!(open_as(&alice, ALICE, &der[..len]).err(), Some(BAD_DER), "first {len} bytes");
        }
        assert_eq!(open_as(&alice, ALICE, &[der.as_slice(), &[0]].concat()).err(), Some(BAD_DER));
    }
}

#[test]
fn recipients_of_other_kinds_are_passed_over() {
    let alice = key();
    let public_key = alice.public_key();
    let der =
        seal(b"content", &[Recipient { certificate: ALICE, public_key: &public_key }], Form::Sm4Gcm).unwrap();
    let mut fields = ContentInfo::from_der(&der).unwrap();
    // KeyTransRecipientInfo of version 2 with a subject key identifier, and something of no known kind.
    let others = b"\x30\x03\x02\x01\x02\xa1\x02\x05\x00";
    let infos = [others, fields.content.recipient_infos.value()].concat();
    fields.content.recipient_infos = AnyRef::new(Tag::Set, &infos).unwrap();
    assert_eq!(*open_as(&alice, ALICE, &fields.to_der().unwrap()).unwrap(), b"content");
}

#[test]
fn other_content_versions_and_ciphers_are_named() {
    let alice = key();
    let public_key = alice.public_key();
    let der =
        seal(b"content", &[Recipient { certificate: ALICE, public_key: &public_key }], Form::Sm4Cbc).unwrap();
    let refused = |change: &dyn Fn(&mut ContentInfo<'_>)| {
        let mut fields = ContentInfo::from_der(&der).unwrap();
        change(&mut fields);
        open_as(&alice, ALICE, &fields.to_der().unwrap()).err().unwrap()
    };
    let pkcs7 = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
    assert_eq!(refused(&|fields| fields.content_type = pkcs7), CryptoError::EnvelopedData("other content"));
    assert_eq!(refused(&|fields| fields.content.version = 0), CryptoError::EnvelopedData("unknown version"));
    let cipher = refused(&|fields| {
        fields.content.encrypted_content_info.content_encryption_algorithm.oid = pkcs7;
    });
    assert_eq!(cipher, OTHER_CIPHER);
    let parameters = refused(&|fields| {
        fields.content.encrypted_content_info.content_encryption_algorithm.parameters = Some(AnyRef::NULL);
    });
    assert_eq!(parameters, OTHER_CIPHER);
}

#[test]
fn recipients_that_are_none_or_cannot_be_named_are_refused() {
    assert!(matches!(seal(b"content", &[], Form::Sm4Gcm), Err(CryptoError::EnvelopedData(_))));
    let public_key = key().public_key();
    let seal_to = |certificate| {
        seal(b"content", &[Recipient { certificate, public_key: &public_key }], Form::Sm4Gcm).err().unwrap()
    };
    let no_issuer = seal_to(CertificateId { issuer: b"CA", ..ALICE });
    assert!(matches!(no_issuer, CryptoError::EnvelopedData(_)));
    let no_serial = seal_to(CertificateId { serial: b"", ..ALICE });
    assert!(matches!(no_serial, CryptoError::EnvelopedData(_)));
}
