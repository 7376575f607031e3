//! Encodings that must come back as they were, and such as must be refused.

use super::*;
use crate::sm2::SecretKey;

fn ciphertext(msg: &[u8]) -> Ciphertext {
    SecretKey::generate().unwrap().public_key().encrypt(msg).unwrap()
}

/// A DER element with a length of at most 255 bytes.
fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [header.as_slice(), body].concat()
}

#[test]
fn both_encodings_come_back() {
    for len in [1, 20, 100, 200, 300, MAX_PLAINTEXT_LEN] {
        let original = ciphertext(&vec![7; len]);
        assert_eq!(original.to_bytes().len(), len + Ciphertext::OVERHEAD);
        assert_eq!(Ciphertext::from_bytes(&original.to_bytes()).unwrap(), original);
        assert_eq!(Ciphertext::from_der(&original.to_der()).unwrap(), original);
    }
}

/// Coordinates with a set top bit get a zero byte in DER, such with leading zeros lose them.
#[test]
fn coordinates_of_every_der_length_come_back() {
    let mut lengths = std::collections::BTreeSet::new();
    for number in 1..=1500u16 {
        let mut d = [0; 32];
        d[30..].copy_from_slice(&number.to_be_bytes());
        let c1 = SecretKey::from_bytes(&d).unwrap().public_key();
        let original = Ciphertext { c1, c2: vec![1], c3: [2; 32] };
        let der = original.to_der();
        lengths.insert(der.len());
        assert_eq!(Ciphertext::from_der(&der).unwrap(), original);
    }
    assert!(lengths.len() >= 4, "{lengths:?}");
}

#[test]
fn what_is_cut_short_or_runs_on_is_refused() {
    let original = ciphertext(b"m");
    let (raw, der) = (original.to_bytes(), original.to_der());
    for len in 0..raw.len() {
        assert!(Ciphertext::from_bytes(&raw[..len]).is_err(), "first {len} bytes");
    }
    for len in 0..der.len() {
        assert!(Ciphertext::from_der(&der[..len]).is_err(), "first {len} bytes");
    }
    assert!(Ciphertext::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    assert!(Ciphertext::from_bytes(&[raw.as_slice(), &vec![0; MAX_PLAINTEXT_LEN]].concat()).is_err());
}

#[test]
fn only_strict_der_is_read() {
    let original = ciphertext(&[0x5a; 100]);
    let point = original.c1.to_sec1();
    let number = |bytes: &[u8]| UintRef::new(bytes).unwrap().to_der().unwrap();
    let (x, y) = (number(&point[1..33]), number(&point[33..]));
    let (c3, c2) = (element(4, &original.c3), element(4, &original.c2));
    let good = element(0x30, &[x.as_slice(), &y, &c3, &c2].concat());
    assert_eq!(Ciphertext::from_der(&good).unwrap(), original);

    let padded_x = element(2, &[&[0, 0], &point[1..33]].concat());
    let long_x = element(2, &[&[1], &point[1..33]].concat());
    let sequence = |fields: &[&[u8]]| element(0x30, &fields.concat());
    let bad: &[(&str, Vec<u8>)] = &[
        ("padded x", sequence(&[&padded_x, &y, &c3, &c2])),
        ("33-byte x", sequence(&[&long_x, &y, &c3, &c2])),
        ("negative x", sequence(&[&element(2, &[0xff]), &y, &c3, &c2])),
        ("empty x", sequence(&[&element(2, &[]), &y, &c3, &c2])),
        ("x and y exchanged", sequence(&[&y, &x, &c3, &c2])),
        ("31-byte C3", sequence(&[&x, &y, &element(4, &original.c3[1..]), &c2])),
        ("C3 and C2 exchanged", sequence(&[&x, &y, &c2, &c3])),
        ("no C2", sequence(&[&x, &y, &c3])),
        ("empty C2", sequence(&[&x, &y, &c3, &element(4, &[])])),
        ("a fifth field", sequence(&[&x, &y, &c3, &c2, &[5, 0]])),
        ("SET", [&[0x31], &good[1..]].concat()),
        ("BIT STRING for C2", sequence(&[&x, &y, &c3, &[&[3], &c2[1..]].concat()])),
        ("long-form length", [&[0x30, 0x82, 0], &good[2..]].concat()),
        ("indefinite length", [&[0x30, 0x80], &good[3..], &[0, 0]].concat()),
        ("constructed OCTET STRING", sequence(&[&x, &y, &c3, &element(0x24, &c2)])),
    ];
    for (what, der) in bad {
        assert!(matches!(Ciphertext::from_der(der), Err(CryptoError::Ciphertext(_))), "{what}");
    }
}

#[test]
fn other_point_forms_are_refused() {
    let good = ciphertext(b"m").to_bytes();
    for first in [0, 2, 3, 5, 6, 7] {
        let mut other = good.clone();
        other[0] = first;
        assert!(Ciphertext::from_bytes(&other).is_err(), "{first}");
    }
}
