//! The published answers, through the public API.

use crate::common::cases;
use qianmo_crypto::sm2::{PublicKey, SecretKey, Signature};
use qianmo_crypto::{hmac, sm3};
use serde_json::Value;

#[test]
fn sm3_of_the_standard() {
    for case in cases(include_str!("../vectors/sm3.txt")) {
        let digest = sm3::digest(&case.bytes("message"));
        assert_eq!(digest.to_string(), case.text("digest"), "{}", case.text("name"));
    }
}

#[test]
fn hmac_sm3_of_the_standard() {
    for case in cases(include_str!("../vectors/hmac_sm3.txt")) {
        let tag = hmac::hmac_sm3(&case.bytes("key"), &case.bytes("message"));
        assert_eq!(tag, case.array("tag"), "{}", case.text("name"));
    }
}

#[test]
fn sm2_of_the_standard() {
    for case in cases(include_str!("../vectors/sm2.txt")) {
        let key = PublicKey::from_sec1(&case.bytes("public")).unwrap();
        let signature: [u8; 64] = [case.bytes("r"), case.bytes("s")].concat().try_into().unwrap();
        let signature = Signature::from_bytes(&signature).unwrap();
        key.verify(&case.bytes("user_id"), &case.bytes("message"), &signature).unwrap();
        assert_eq!(SecretKey::from_bytes(&case.array("private")).unwrap().public_key(), key);
    }
}

#[test]
fn sm2_of_openssl() {
    for case in cases(include_str!("../vectors/openssl_sm2.txt")) {
        let key = SecretKey::from_pkcs8_pem(&case.pem("pkcs8", "PRIVATE KEY")).unwrap();
        let public = PublicKey::from_spki_der(&case.bytes("spki")).unwrap();
        assert_eq!(key.public_key(), public);
        assert_eq!(*key.to_pkcs8_pem(), case.pem("pkcs8", "PRIVATE KEY"));
        assert_eq!(public.to_spki_der(), case.bytes("spki"));
        let signature = Signature::from_der(&case.bytes("signature")).unwrap();
        public.verify(&case.bytes("user_id"), &case.bytes("message"), &signature).unwrap();
        assert_eq!(signature.to_der(), case.bytes("signature"));
        let other_id = if case.text("user_id") == "text:1234567812345678" {
            qianmo_crypto::sm2::TLS_USER_ID
        } else {
            qianmo_crypto::sm2::CERT_USER_ID
        };
        assert!(public.verify(other_id, &case.bytes("message"), &signature).is_err());
    }
}

#[test]
fn hmac_sm3_of_wycheproof() {
    let mut run = 0;
    for (group, test) in wycheproof(include_str!("../vectors/wycheproof/hmac_sm3_test.json")) {
        let len = group["tagSize"].as_u64().unwrap() as usize / 8;
        let tag = hmac::hmac_sm3(&bytes(&test["key"]), &bytes(&test["msg"]));
        assert_eq!(tag[..len] == bytes(&test["tag"]), is_valid(&test), "{}", test["tcId"]);
        run += 1;
    }
    assert_eq!(run, 174);
}

/// Each test of a file with its group.
pub(crate) fn wycheproof(file: &str) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_str(file).unwrap();
    let groups = file["testGroups"].as_array().unwrap();
    let tests = |group: &Value| group["tests"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| tests(group).into_iter().map(|test| (group.clone(), test))).collect()
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

pub(crate) fn is_valid(test: &Value) -> bool {
    test["result"] == "valid"
}
