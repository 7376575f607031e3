//! Runs every case of `tests/vectors/sm2_negative.json`: what must be refused, with the error it must be
//! refused with, and the valid cases beside it.

use std::collections::BTreeMap;

use serde_json::Value;
use zeroize::Zeroizing;

use super::curve::{Multiples, Prepared};
use super::exchange::{Answer, Initiator, Party, Responder};
use super::public::verify_hash;
use super::*;
use crate::CryptoError;

/// What a case does; `Err` is a refusal.
type Outcome = Result<(), CryptoError>;

#[test]
fn every_case_ends_as_its_file_says() {
    let file: Value = serde_json::from_str(include_str!("../../tests/vectors/sm2_negative.json")).unwrap();
    let mut run = BTreeMap::<String, u64>::new();
    for group in file["testGroups"].as_array().unwrap() {
        let kind = group["type"].as_str().unwrap();
        for test in group["tests"].as_array().unwrap() {
            check(kind, test, outcome(kind, group, test));
            *run.entry(kind.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(Some(run.values().sum::<u64>()), file["numberOfTests"].as_u64());
    assert_eq!(run.len(), 10, "{run:?}");
}

fn outcome(kind: &str, group: &Value, test: &Value) -> Outcome {
    match kind {
        "Sm2VerifyDer" => verify(group, test, Signature::from_der(&bytes(&test["sig"]))),
        "Sm2VerifyRaw" => verify(group, test, Signature::from_bytes(&array(&test["sig"]))),
        "Sm2VerifyDigest" => verify_digest(group, test),
        "Sm2PublicKeySec1" => {
            let encoded = bytes(&test["publicKey"]);
            PublicKey::from_sec1(&encoded).map(|key| assert_eq!(key.to_sec1()[..], encoded))
        }
        "Sm2PublicKeySpki" => {
            let encoded = bytes(&test["publicKey"]);
            PublicKey::from_spki_der(&encoded).map(|key| assert_eq!(key.to_spki_der(), encoded))
        }
        "Sm2PrivateKey" => SecretKey::from_bytes(&array(&test["privateKey"]))
            .map(|key| assert_eq!(key.public_key().to_sec1()[..], bytes(&test["publicKey"]))),
        "Sm2DecryptRaw" => decrypt(group, test, Ciphertext::from_bytes, Ciphertext::to_bytes),
        "Sm2DecryptDer" => decrypt(group, test, Ciphertext::from_der, Ciphertext::to_der),
        "Sm2KeyExchangeInitiator" => initiate(group, test),
        "Sm2KeyExchangeResponder" => respond(group, test),
        other => panic!("no such kind of test: {other}"),
    }
}

fn check(kind: &str, test: &Value, outcome: Outcome) {
    let flag = test["flags"][0].as_str().unwrap();
    let expected = match (test["result"].as_str().unwrap(), kind) {
        ("valid", _) => outcome == Ok(()),
        (_, "Sm2VerifyDer" | "Sm2VerifyRaw" | "Sm2VerifyDigest") => match flag {
            "RangeCheck" | "InvalidEncoding" | "InvalidInteger" | "Truncated" => {
                outcome == Err(CryptoError::SignatureEncoding)
            }
            _ => outcome == Err(CryptoError::Signature),
        },
        (_, "Sm2PublicKeySec1" | "Sm2PublicKeySpki") => matches!(outcome, Err(CryptoError::PublicKey(_))),
        (_, "Sm2PrivateKey") => matches!(outcome, Err(CryptoError::SecretKey(_))),
        (_, "Sm2DecryptRaw" | "Sm2DecryptDer") => match flag {
            "WrongValue" | "WrongOrder" | "BlankMask" => outcome == Err(CryptoError::Decrypt),
            "Modified" | "Truncated" | "InvalidEncoding" => {
                matches!(outcome, Err(CryptoError::Ciphertext(_) | CryptoError::Decrypt))
            }
            _ => matches!(outcome, Err(CryptoError::Ciphertext(_))),
        },
        _ => match flag {
            "WrongConfirmation" | "Modified" => outcome == Err(CryptoError::KeyConfirmation),
            _ => matches!(outcome, Err(CryptoError::KeyShare(_))),
        },
    };
    assert!(expected, "{kind} {}: {outcome:?}", test["tcId"]);
}

/// Verifies in each of the three ways there are, which must agree.
fn verify(group: &Value, test: &Value, signature: Result<Signature, CryptoError>) -> Outcome {
    let (user_id, msg, signature) = (bytes(&group["userId"]), bytes(&test["msg"]), signature?);
    let key = PublicKey::from_sec1(&bytes(&group["publicKey"])).unwrap();
    let outcome = key.verify(&user_id, &msg, &signature);
    let prepared = PreparedPublicKey::new(key.clone());
    assert_eq!(prepared.verify(&user_id, &msg, &signature), outcome);
    let claim = Claim { key: &key, user_id: &user_id, msg: &msg, signature: &signature };
    assert_eq!(verify_batch(&[claim]), [outcome]);
    outcome
}

fn verify_digest(group: &Value, test: &Value) -> Outcome {
    let key = PublicKey::from_sec1(&bytes(&group["publicKey"])).unwrap();
    let signature = Signature::from_bytes(&array(&test["sig"]))?;
    let e = Scalar::reduce(&array(&test["digest"]));
    let verifies = verify_hash(&Multiples::batch(&[*key.point()])[0], e, &signature);
    assert_eq!(verify_hash(&*Prepared::new(key.point()), e, &signature), verifies);
    verifies.then_some(()).ok_or(CryptoError::Signature)
}

fn decrypt(
    group: &Value,
    test: &Value,
    read: impl FnOnce(&[u8]) -> Result<Ciphertext, CryptoError>,
    write: impl FnOnce(&Ciphertext) -> Vec<u8>,
) -> Outcome {
    let ciphertext = read(&bytes(&test["ct"]))?;
    assert_eq!(write(&ciphertext), bytes(&test["ct"]));
    let msg = private(group).decrypt(&ciphertext)?;
    assert_eq!(*msg, bytes(&test["msg"]));
    Ok(())
}

fn initiate(group: &Value, test: &Value) -> Outcome {
    let (key, peer) = (private(group), PublicKey::from_sec1(&bytes(&group["peerPublicKey"])).unwrap());
    let initiator = Initiator::with_ephemeral(
        &key,
        &bytes(&group["userId"]),
        Party { user_id: &bytes(&group["peerUserId"]), public_key: &peer },
        ephemeral(group),
    )?;
    let share = initiator.share();
    let answer = Answer { share: array(&test["share"]), confirmation: array(&test["confirmation"]) };
    let finished = initiator.finish(&answer, key_len(group))?;
    assert_agreement(test, &share, &finished.confirmation, &finished.key);
    Ok(())
}

fn respond(group: &Value, test: &Value) -> Outcome {
    let (key, peer) = (private(group), PublicKey::from_sec1(&bytes(&group["peerPublicKey"])).unwrap());
    let (answer, responder) = Responder::with_ephemeral(
        &key,
        &bytes(&group["userId"]),
        Party { user_id: &bytes(&group["peerUserId"]), public_key: &peer },
        &array(&test["share"]),
        key_len(group),
        &ephemeral(group),
    )?;
    let agreed = responder.finish(&array(&test["confirmation"]))?;
    assert_agreement(test, &answer.share, &answer.confirmation, &agreed);
    Ok(())
}

fn assert_agreement(test: &Value, share: &[u8], confirmation: &[u8], key: &Zeroizing<Vec<u8>>) {
    assert_eq!(share, bytes(&test["ownShare"]));
    assert_eq!(confirmation, bytes(&test["ownConfirmation"]));
    assert_eq!(**key, bytes(&test["key"]));
}

fn private(group: &Value) -> SecretKey {
    SecretKey::from_bytes(&array(&group["privateKey"])).unwrap()
}

fn ephemeral(group: &Value) -> SecretScalar {
    SecretScalar::from_bytes(&array(&group["ephemeralKey"])).unwrap()
}

fn key_len(group: &Value) -> usize {
    group["keyLength"].as_u64().unwrap().try_into().unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}
