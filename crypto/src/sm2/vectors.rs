//! Published answers that need what callers cannot choose: the ephemeral key, or the hash in place of a
//! message.

use super::curve::Multiples;
use super::exchange::{Initiator, Party, Responder};
use super::public::verify_hash;
use super::*;

#[path = "../../tests/it/common.rs"]
mod common;

use common::{Case, cases};

fn scalar(case: &Case, name: &str) -> SecretScalar {
    SecretScalar::from_bytes(&case.array(name)).unwrap()
}

fn key(case: &Case, name: &str) -> SecretKey {
    SecretKey::from_bytes(&case.array(name)).unwrap()
}

#[test]
fn encryption_of_the_standard() {
    for case in cases(include_str!("../../tests/vectors/sm2_encrypt.txt")) {
        let key = key(&case, "private");
        let ciphertext =
            key.public_key().encrypt_with(&case.bytes("message"), &scalar(&case, "k")).unwrap().unwrap();
        assert_eq!(ciphertext.to_bytes(), case.bytes("c1c3c2"));
        assert_eq!(ciphertext.to_der(), case.bytes("der"));
        assert_eq!(Ciphertext::from_der(&case.bytes("der")).unwrap(), ciphertext);
        assert_eq!(*key.decrypt(&ciphertext).unwrap(), case.bytes("message"));
    }
}

#[test]
fn key_exchange_of_the_standard() {
    for case in cases(include_str!("../../tests/vectors/sm2_exchange.txt")) {
        let (a, b) = (key(&case, "a"), key(&case, "b"));
        let (public_a, public_b) = (a.public_key(), b.public_key());
        assert_eq!(public_a.to_sec1(), case.array("public_a"));
        assert_eq!(public_b.to_sec1(), case.array("public_b"));
        let (id_a, id_b) = (case.bytes("user_id_a"), case.bytes("user_id_b"));
        let as_a = Party { user_id: &id_a, public_key: &public_a };
        let as_b = Party { user_id: &id_b, public_key: &public_b };
        let len = case.bytes("key").len();

        let initiator = Initiator::with_ephemeral(&a, &id_a, as_b, scalar(&case, "ra")).unwrap();
        assert_eq!(initiator.share(), case.array("share_a"));
        let share_a = case.array("share_a");
        let (answer, responder) =
            Responder::with_ephemeral(&b, &id_b, as_a, &share_a, len, &scalar(&case, "rb")).unwrap();
        assert_eq!(answer.share, case.array("share_b"));
        assert_eq!(answer.confirmation, case.array("s1"));
        let finished = initiator.finish(&answer, len).unwrap();
        assert_eq!(finished.confirmation, case.array("s2"));
        assert_eq!(*finished.key, case.bytes("key"));
        assert_eq!(*responder.finish(&case.array("s2")).unwrap(), case.bytes("key"));
    }
}

#[test]
fn evppkey_sm2_of_openssl() {
    for case in cases(include_str!("../../tests/vectors/evppkey_sm2.txt")) {
        let key = SecretKey::from_pkcs8_pem(&case.pem("pkcs8", "PRIVATE KEY")).unwrap();
        match case.text("kind") {
            "verify" => {
                let signature = Signature::from_der(&case.bytes("signature")).unwrap();
                let e = Scalar::reduce(&case.array("digest"));
                let multiples = Multiples::batch(&[*key.public_key().point()]);
                assert!(verify_hash(&multiples[0], e, &signature), "{}", case.text("name"));
            }
            "decrypt" => {
                let ciphertext = Ciphertext::from_der(&case.bytes("ciphertext")).unwrap();
                assert_eq!(
                    *key.decrypt(&ciphertext).unwrap(),
                    case.bytes("message"),
                    "{}",
                    case.text("name")
                );
                assert_eq!(ciphertext.to_der(), case.bytes("ciphertext"));
            }
            other => panic!("no such kind: {other}"),
        }
    }
}
