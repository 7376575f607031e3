//! SM2: keys, signatures, agreement. Signing and verifying start from the message and so count its hash.

use std::hint::black_box;

use qianmo_crypto::sm2::{CERT_USER_ID, Claim, SecretKey, verify_batch};
use ring::{
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey as AgreementKey, agree_ephemeral},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
    },
};
use sm2::{
    dsa::signature::{Signer, Verifier},
    elliptic_curve::{Generate, ops::Mul},
};

use crate::{
    clock,
    report::{Report, Unit},
};

const MESSAGE: [u8; 32] = [9; 32];

pub(crate) fn measure(report: &mut Report) {
    ours(report);
    rust_crypto(report);
    sm_crypto(report);
    ring(report);
}

/// One operation a call.
fn add<R>(report: &mut Report, operation: &'static str, by: &str, work: impl FnMut() -> R) {
    report.add(operation, by, (1, Unit::Operations), || clock::seconds(work));
}

fn ours(report: &mut Report) {
    let by = "Qianmo";
    let (key, peer) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap().public_key());
    let (public, signature) = (key.public_key(), key.sign(CERT_USER_ID, &MESSAGE).unwrap());
    add(report, "SM2 keygen", by, || SecretKey::generate().unwrap());
    add(report, "SM2 sign", by, || key.sign(CERT_USER_ID, black_box(&MESSAGE)).unwrap());
    add(report, "SM2 verify", by, || public.verify(CERT_USER_ID, black_box(&MESSAGE), &signature).unwrap());
    batches(report, by);
    add(report, "SM2 ECDH", by, || key.ecdh(black_box(&peer)));
    add(report, "SM2 keygen and ECDH", by, || SecretKey::generate().unwrap().ecdh(black_box(&peer)));
}

/// Sixty-four signatures: of as many keys, and of one.
fn batches(report: &mut Report, by: &str) {
    let keys: Vec<SecretKey> = (0..64).map(|_| SecretKey::generate().unwrap()).collect();
    for (operation, keys) in
        [("SM2 verify 64 keys", keys.as_slice()), ("SM2 verify one key 64 times", &keys[..1])]
    {
        let signed: Vec<_> = keys
            .iter()
            .cycle()
            .take(64)
            .map(|key| (key.public_key(), key.sign(CERT_USER_ID, &MESSAGE).unwrap()))
            .collect();
        let claim = |(key, signature)| Claim { key, user_id: CERT_USER_ID, msg: &MESSAGE, signature };
        let claims: Vec<Claim<'_>> = signed.iter().map(|(key, signature)| claim((key, signature))).collect();
        report.add(operation, by, (claims.len(), Unit::Operations), || {
            clock::seconds(|| verify_batch(black_box(&claims)))
        });
    }
}

fn rust_crypto(report: &mut Report) {
    let by = "RustCrypto sm2";
    let id = std::str::from_utf8(CERT_USER_ID).unwrap();
    let secret = sm2::SecretKey::generate();
    let (key, scalar) = (sm2::dsa::SigningKey::new(id, &secret).unwrap(), secret.to_nonzero_scalar());
    let peer = sm2::SecretKey::generate().public_key();
    let signature: sm2::dsa::Signature = key.sign(&MESSAGE);
    add(report, "SM2 keygen", by, || sm2::SecretKey::generate().public_key());
    add(report, "SM2 sign", by, || -> sm2::dsa::Signature { key.sign(black_box(&MESSAGE)) });
    add(report, "SM2 verify", by, || key.verifying_key().verify(black_box(&MESSAGE), &signature).unwrap());
    let agree = |scalar: sm2::NonZeroScalar| peer.to_projective().mul(*scalar).to_affine();
    add(report, "SM2 ECDH", by, || agree(black_box(scalar)));
}

fn sm_crypto(report: &mut Report) {
    let by = "sm-crypto";
    let (secret, public) = sm_crypto::sm2::gen_keypair();
    let (sign, verify) = (sm_crypto::sm2::Sign::new(&secret), sm_crypto::sm2::Verify::new(&public));
    let signature = sign.sign_der(&MESSAGE, true);
    add(report, "SM2 keygen", by, sm_crypto::sm2::gen_keypair);
    add(report, "SM2 sign", by, || sign.sign_der(black_box(&MESSAGE), true));
    add(report, "SM2 verify", by, || assert!(verify.verify_der(black_box(&MESSAGE), &signature, true)));
}

/// The usual curve at the same strength, as the ceiling.
fn ring(report: &mut Report) {
    let by = "ring P-256";
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref());
    let signature = key.sign(&random, &MESSAGE).unwrap();
    let generate = || EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
    let peer = generate().compute_public_key().unwrap();
    let peer = AgreementKey::new(&ECDH_P256, peer.as_ref());
    add(report, "SM2 keygen", by, || generate().compute_public_key().unwrap());
    add(report, "SM2 sign", by, || key.sign(&random, black_box(&MESSAGE)).unwrap());
    add(report, "SM2 verify", by, || public.verify(black_box(&MESSAGE), signature.as_ref()).unwrap());
    // ring's ephemeral keys agree once, so its agreement cannot be measured apart from making a key.
    add(report, "SM2 keygen and ECDH", by, || {
        let key = generate();
        let share = key.compute_public_key().unwrap();
        (share, agree_ephemeral(key, &peer, |secret| secret.first().copied()).unwrap())
    });
}
