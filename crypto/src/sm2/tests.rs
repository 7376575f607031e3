//! The standard's signature with its own nonce, and what must be refused. GB/T publishes no negative answers, and
//! neither does Wycheproof for SM2: these are ours.

mod interop;
mod verify;

use super::*;
use crate::CryptoError;

/// The order n of sm2p256v1 (GB/T 32918.5, annex A).
const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const MSG: &[u8] = b"message digest";

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn standard_key() -> SecretKey {
    SecretKey::from_bytes(&bytes("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")).unwrap()
}

/// n + `offset`, in 32 bytes.
fn around_n(offset: i8) -> [u8; 32] {
    let mut out = bytes::<32>(N);
    out[31] = out[31].checked_add_signed(offset).unwrap();
    out
}

fn small(value: u8) -> [u8; 32] {
    let mut out = [0; 32];
    out[31] = value;
    out
}

#[test]
fn signs_the_standards_example() {
    let k = bytes("59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21");
    let k = SecretScalar::from_bytes(&k).unwrap();
    let key = standard_key();
    let e = key.public_key().message_hash(CERT_USER_ID, MSG).unwrap();
    assert_eq!(hex::encode(e), "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
    assert_eq!(
        hex::encode(key.signer().sign_hash(&e, &k).unwrap().to_bytes()),
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    );
}

#[test]
fn signatures_of_one_message_differ_and_verify() {
    let key = SecretKey::generate().unwrap();
    let (a, b) = (key.sign(CERT_USER_ID, MSG).unwrap(), key.sign(CERT_USER_ID, MSG).unwrap());
    assert_ne!(a, b);
    for signature in [a, b] {
        assert_eq!(key.public_key().verify(CERT_USER_ID, MSG, &signature), Ok(()));
    }
}

#[test]
fn another_message_user_id_or_key_does_not_verify() {
    let key = SecretKey::generate().unwrap();
    let signature = key.sign(CERT_USER_ID, MSG).unwrap();
    let other = SecretKey::generate().unwrap().public_key();
    assert_eq!(key.public_key().verify(CERT_USER_ID, b"", &signature), Err(CryptoError::Signature));
    assert_eq!(key.public_key().verify(TLS_USER_ID, MSG, &signature), Err(CryptoError::Signature));
    assert_eq!(other.verify(CERT_USER_ID, MSG, &signature), Err(CryptoError::Signature));
}

#[test]
fn every_flipped_bit_of_a_signature_is_refused() {
    let key = standard_key();
    let good = key.sign(CERT_USER_ID, MSG).unwrap().to_bytes();
    for bit in 0..good.len() * 8 {
        let mut altered = good;
        altered[bit / 8] ^= 1 << (bit % 8);
        let verified =
            Signature::from_bytes(&altered).and_then(|s| key.public_key().verify(CERT_USER_ID, MSG, &s));
        assert!(verified.is_err(), "bit {bit}");
    }
}

#[test]
fn r_and_s_out_of_range_are_no_signature() {
    let in_range = [small(1), around_n(-1)];
    let out_of_range = [[0; 32], around_n(0), around_n(1), [0xff; 32]];
    for good in in_range {
        for other in in_range {
            assert!(Signature::from_bytes(&join(good, other)).is_ok());
        }
        for bad in out_of_range {
            for pair in [join(good, bad), join(bad, good), join(bad, bad)] {
                assert_eq!(Signature::from_bytes(&pair), Err(CryptoError::SignatureEncoding));
                let (r, s) = pair.split_at(32);
                let der = der(&integer(r), &integer(s));
                assert_eq!(Signature::from_der(&der), Err(CryptoError::SignatureEncoding));
            }
        }
    }
}

#[test]
fn r_plus_s_equal_to_n_does_not_verify() {
    for r in [1, 2, 0x22] {
        let signature = Signature::from_bytes(&join(small(r), around_n(-(r as i8)))).unwrap();
        assert_eq!(
            standard_key().public_key().verify(CERT_USER_ID, MSG, &signature),
            Err(CryptoError::Signature)
        );
    }
}

/// With P = -G and r = 0 the sum sG + (r+s)P is infinity; r = 0 is refused, so take P = dG with s + (r+s)d = 0.
#[test]
fn a_sum_at_infinity_does_not_verify() {
    // d = 1: s + (r + s) = 0 with r = 2 gives s = n - 1.
    let key = SecretKey::from_bytes(&small(1)).unwrap().public_key();
    let signature = Signature::from_bytes(&join(small(2), around_n(-1))).unwrap();
    assert_eq!(key.verify(CERT_USER_ID, MSG, &signature), Err(CryptoError::Signature));
}

#[test]
fn only_strict_der_is_read() {
    let (r, s) = (small(0x85), small(0x11));
    let good = der(&integer(&r), &integer(&s));
    assert_eq!(Signature::from_der(&good).unwrap().to_der(), good);
    let bad: &[(&str, Vec<u8>)] = &[
        ("empty", vec![]),
        ("trailing byte", [good.as_slice(), &[0]].concat()),
        ("missing s", sequence(&integer(&r))),
        ("third integer", sequence(&[integer(&r), integer(&s), integer(&s)].concat())),
        ("negative r", der(&[2, 1, 0x85], &integer(&s))),
        ("padded r", der(&[2, 3, 0, 0, 0x85], &integer(&s))),
        ("empty integer", der(&[2, 0], &integer(&s))),
        ("long-form length", [&[0x30, 0x81, good[1]], &good[2..]].concat()),
        ("indefinite length", [&[0x30, 0x80], &good[2..], &[0, 0]].concat()),
        ("length beyond the end", [&[0x30, good[1] + 1], &good[2..]].concat()),
        ("SET", [&[0x31], &good[1..]].concat()),
        ("OCTET STRING for s", der(&integer(&r), &[4, 1, 0x11])),
        ("33-byte s", der(&integer(&r), &[&[2, 33, 1], [0; 32].as_slice()].concat())),
    ];
    for (what, der) in bad {
        assert_eq!(Signature::from_der(der), Err(CryptoError::SignatureEncoding), "{what}");
    }
    for len in 0..good.len() {
        assert_eq!(
            Signature::from_der(&good[..len]),
            Err(CryptoError::SignatureEncoding),
            "first {len} bytes"
        );
    }
}

#[test]
fn only_uncompressed_points_on_the_curve_are_public_keys() {
    let good = standard_key().public_key().to_sec1();
    let mut off_curve = good;
    off_curve[64] ^= 1;
    let mut compressed = good[..33].to_vec();
    compressed[0] = 2 + (good[64] & 1);
    let mut hybrid = good;
    hybrid[0] = 6 + (good[64] & 1);
    let mut x_beyond_p = good;
    x_beyond_p[1..33].fill(0xff);
    let origin = [[4].as_slice(), &[0; 64]].concat();
    let bad: &[(&str, &[u8])] = &[
        ("empty", &[]),
        ("infinity", &[0]),
        ("infinity, 65 bytes", &[0; 65]),
        ("the origin", &origin),
        ("off the curve", &off_curve),
        ("compressed", &compressed),
        ("hybrid", &hybrid),
        ("x not reduced", &x_beyond_p),
        ("a byte short", &good[..64]),
        ("a byte long", &[good.as_slice(), &[0]].concat()),
    ];
    for (what, point) in bad {
        assert!(matches!(PublicKey::from_sec1(point), Err(CryptoError::PublicKey(_))), "{what}");
    }
    assert_eq!(PublicKey::from_sec1(&good).unwrap().to_sec1(), good);
}

#[test]
fn only_this_curves_spki_is_read() {
    let key = standard_key().public_key();
    let good = key.to_spki_der();
    assert_eq!(PublicKey::from_spki_der(&good).unwrap(), key);
    for at in 0..26 {
        let mut altered = good.clone();
        altered[at] ^= 1;
        assert!(PublicKey::from_spki_der(&altered).is_err(), "byte {at}");
    }
    for len in 0..good.len() {
        assert!(PublicKey::from_spki_der(&good[..len]).is_err(), "first {len} bytes");
    }
}

#[test]
fn private_keys_lie_between_1_and_n_minus_2() {
    for good in [small(1), around_n(-2)] {
        let key = SecretKey::from_bytes(&good).unwrap();
        let signature = key.sign(CERT_USER_ID, MSG).unwrap();
        key.public_key().verify(CERT_USER_ID, MSG, &signature).unwrap();
    }
    for bad in [[0; 32], around_n(-1), around_n(0), [0xff; 32]] {
        assert!(matches!(SecretKey::from_bytes(&bad), Err(CryptoError::SecretKey(_))));
    }
}

#[test]
fn pem_comes_back_and_other_text_is_refused() {
    let key = SecretKey::generate().unwrap();
    let pem = key.to_pkcs8_pem();
    assert_eq!(SecretKey::from_pkcs8_pem(&pem).unwrap().public_key(), key.public_key());
    // A P-256 key, a cut block, another label.
    let p256 = "-----BEGIN PRIVATE KEY-----\n\
        MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAAAAAAAAAAAAAAAAAA\n\
        AAAAAAAAAAAAAAAAAAAAAAAAAQ==\n-----END PRIVATE KEY-----\n";
    for bad in ["", p256, &pem[..pem.len() / 2], &pem.replace("PRIVATE KEY", "EC PRIVATE KEY")] {
        assert!(matches!(SecretKey::from_pkcs8_pem(bad), Err(CryptoError::SecretKey(_))));
    }
}

#[test]
fn both_sides_agree_on_one_secret() {
    let (a, b) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    assert_eq!(a.ecdh(&b.public_key()), b.ecdh(&a.public_key()));
    // 1 times a point is the point: its x-coordinate is the secret.
    let one = SecretKey::from_bytes(&small(1)).unwrap();
    assert_eq!(one.ecdh(&a.public_key())[..], a.public_key().to_sec1()[1..33]);
}

#[test]
fn user_ids_may_have_at_most_8191_bytes() {
    let key = standard_key();
    let longest = vec![b'x'; 8191];
    let signature = key.sign(&longest, MSG).unwrap();
    assert_eq!(key.public_key().verify(&longest, MSG, &signature), Ok(()));
    let too_long = vec![b'x'; 8192];
    assert_eq!(key.sign(&too_long, MSG), Err(CryptoError::UserId));
    assert_eq!(key.public_key().verify(&too_long, MSG, &signature), Err(CryptoError::UserId));
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    [r, s].concat().try_into().unwrap()
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let pad = usize::from(bytes[first] & 0x80 != 0);
    let body = &bytes[first..];
    [&[2, u8::try_from(body.len() + pad).unwrap()], &[0][..pad], body].concat()
}

fn sequence(body: &[u8]) -> Vec<u8> {
    [&[0x30, u8::try_from(body.len()).unwrap()], body].concat()
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    sequence(&[r, s].concat())
}
