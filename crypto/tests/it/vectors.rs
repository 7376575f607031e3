//! The published answers, through the public API.

use crate::common::cases;
use qianmo_crypto::sm2::{PublicKey, SecretKey, Signature};
use qianmo_crypto::sm4::gcm;
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
fn sm4_gcm_of_rfc_8998() {
    for case in cases(include_str!("../vectors/sm4_gcm.txt")) {
        let key = gcm::Key::new(&case.array("key"));
        let (nonce, aad) = (case.array("nonce"), case.bytes("aad"));
        let expected = [case.bytes("ciphertext"), case.bytes("tag")].concat();
        assert_eq!(key.seal(&nonce, &aad, &case.bytes("plaintext")), expected);
        assert_eq!(key.open(&nonce, &aad, &expected).unwrap(), case.bytes("plaintext"));
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

#[test]
fn sm4_gcm_of_wycheproof() {
    let (mut run, mut odd_nonces) = (0, 0);
    for (_, test) in wycheproof(include_str!("../vectors/wycheproof/sm4_gcm_test.json")) {
        let Ok(nonce) = <[u8; 12]>::try_from(bytes(&test["iv"])) else {
            odd_nonces += 1;
            continue;
        };
        let key = gcm::Key::new(&bytes(&test["key"]).try_into().unwrap());
        let (aad, plaintext) = (bytes(&test["aad"]), bytes(&test["msg"]));
        let sealed = [bytes(&test["ct"]), bytes(&test["tag"])].concat();
        let opened = key.open(&nonce, &aad, &sealed);
        assert_eq!(opened.ok() == Some(plaintext.clone()), is_valid(&test), "{}", test["tcId"]);
        assert_eq!(key.seal(&nonce, &aad, &plaintext) == sealed, is_valid(&test), "{}", test["tcId"]);
        run += 1;
    }
    // Nonces of other lengths cannot be given to this API.
    assert_eq!((run, odd_nonces), (65, 39));
}

fn wycheproof(file: &str) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_str(file).unwrap();
    let groups = file["testGroups"].as_array().unwrap();
    let tests = |group: &Value| group["tests"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| tests(group).into_iter().map(|test| (group.clone(), test))).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn is_valid(test: &Value) -> bool {
    test["result"] == "valid"
}
