//! Signatures and keys against RustCrypto's `sm2`.

use ::sm2::dsa::signature::{Signer, Verifier};
use ::sm2::dsa::{SigningKey, VerifyingKey};
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use proptest::prelude::*;

use super::*;

const ID: &str = "1234567812345678";

/// A private key in range.
fn private() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>().prop_filter("in range", |bytes| SecretKey::from_bytes(bytes).is_ok())
}

fn theirs(d: &[u8; 32]) -> SigningKey {
    SigningKey::from_slice(ID, d).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 100 }))]

    #[test]
    fn each_verifies_the_others_signatures(d in private(), msg: Vec<u8>) {
        let (ours, theirs) = (SecretKey::from_bytes(&d).unwrap(), theirs(&d));
        let public = ours.public_key();
        let their_public = theirs.verifying_key().to_sec1_bytes();
        prop_assert_eq!(&public.to_sec1()[..], their_public.as_ref());
        let signature = ours.sign(CERT_USER_ID, &msg).unwrap();
        let read = ::sm2::dsa::Signature::from_slice(&signature.to_bytes()).unwrap();
        let verifier = VerifyingKey::from_sec1_bytes(ID, &public.to_sec1()).unwrap();
        prop_assert!(verifier.verify(&msg, &read).is_ok());
        let signature = Signature::from_bytes(&theirs.sign(&msg).to_bytes().into()).unwrap();
        prop_assert_eq!(public.verify(CERT_USER_ID, &msg, &signature), Ok(()));
    }

    #[test]
    fn key_agreement_is_the_same(d in private(), peer in private()) {
        let peer = SecretKey::from_bytes(&peer).unwrap().public_key();
        let secret = ::sm2::SecretKey::from_slice(&d).unwrap();
        let point = ::sm2::PublicKey::from_sec1_bytes(&peer.to_sec1()).unwrap();
        let product = (point.to_projective() * *secret.to_nonzero_scalar()).to_affine();
        let ours = SecretKey::from_bytes(&d).unwrap();
        prop_assert_eq!(&ours.ecdh(&peer)[..], &product.x()[..]);
        prop_assert_eq!(&ours.scalar().mul_point(&peer)[..32], &ours.ecdh(&peer)[..]);
    }

    #[test]
    fn private_keys_are_written_alike(d in private()) {
        let theirs = ::sm2::SecretKey::from_slice(&d).unwrap();
        let pem = theirs.to_pkcs8_pem(LineEnding::LF).unwrap();
        let ours = SecretKey::from_bytes(&d).unwrap();
        prop_assert_eq!(&*ours.to_pkcs8_pem(), &*pem);
        prop_assert_eq!(&*SecretKey::from_pkcs8_pem(&pem).unwrap().scalar().to_bytes(), &d);
        prop_assert!(::sm2::SecretKey::from_pkcs8_pem(&ours.to_pkcs8_pem()).is_ok());
    }
}
