//! Verification's rare cases, prepared keys and batches.

use num_bigint::BigUint;

use super::super::arith::field::P;
use super::super::arith::order::N;
use super::super::arith::testing::{big, words};
use super::super::arith::{Fe, Words};
use super::super::curve::{Affine, Jacobian, Multiples, Prepared, multiply, multiply_base};
use super::super::public::verify_hash;
use super::*;

/// The point with the least x from `from` on.
fn point_from(from: BigUint) -> Affine {
    let root = (big(&P) + 1u8) >> 2;
    (0u32..)
        .find_map(|step| {
            let x = Fe::from_words(words(&(&from + step)));
            let rest = &x.square() * &x - x.triple();
            // b = y² - x³ + 3x of the base point.
            let Affine { x: gx, y: gy } = Affine::BASE;
            let b = gy.square() - &gx.square() * &gx + gx.triple();
            let y = big(&(rest + b).to_words()).modpow(&root, &big(&P));
            let point = Affine { x, y: Fe::from_words(words(&y)) };
            point.is_on_curve().then_some(point)
        })
        .unwrap()
}

/// A key, hash and signature whose verification meets the point `r`.
fn meeting(point: &Affine, s: Scalar, t: Scalar) -> (Affine, Scalar, Signature) {
    // P = (R - s G) / t, r = t - s, e = r - x.
    let minus_s = Scalar::reduce(&[0; 32]) - s;
    let rest = Jacobian::from(*point).add_complete(&multiply_base(minus_s.words())).to_affine();
    let key = multiply(t.invert().words(), &rest).to_affine();
    let r = t - s;
    let e = r - Scalar::reduce_words(point.x.to_words());
    (key, e, Signature::from_scalars(r, s).unwrap())
}

fn scalar(word: u64) -> Scalar {
    Scalar::reduce_words([word, word, word, 0])
}

/// x at or above n shows in r only modulo n; one in 2^128 is.
#[test]
fn x_coordinates_beyond_n_verify() {
    for from in [big(&N), big(&N) + 1_000_000u32, big(&P) - 1000u32, BigUint::from(1u8), big(&N) - 1000u32] {
        let (key, e, signature) = meeting(&point_from(from), scalar(5), scalar(0x1234));
        let table = &Multiples::batch(&[key])[0];
        assert!(verify_hash(table, e, &signature));
        assert!(verify_hash(&*Prepared::new(&key), e, &signature));
        assert!(!verify_hash(table, e + Scalar::ONE, &signature));
    }
}

#[test]
fn a_sum_at_infinity_is_refused_whatever_r_is() {
    // P = d G with s + t d = 0.
    let (s, t) = (scalar(9), scalar(0x55));
    let d = Scalar::reduce(&[0; 32]) - s * t.invert();
    let key = multiply_base(d.words()).to_affine();
    let signature = Signature::from_scalars(t - s, s).unwrap();
    let table = &Multiples::batch(&[key])[0];
    // The x-coordinate that infinity might be taken to have.
    assert!(!verify_hash(table, t - s, &signature));
}

/// What [`verify_batch`] and prepared keys are given.
struct Case {
    key: PublicKey,
    msg: Vec<u8>,
    user_id: &'static [u8],
    signature: Signature,
}

fn cases() -> Vec<Case> {
    let keys = [3, 5, 7, 11].map(|d| SecretKey::from_bytes(&small(d)).unwrap());
    // The first key signs five times, the second twice, the others once; the message says who and when.
    [0, 1, 0, 2, 0, 3, 0, 1, 0]
        .iter()
        .enumerate()
        .map(|(i, who): (usize, &usize)| {
            let msg = vec![*who as u8, i as u8];
            let user_id = if i % 2 == 0 { CERT_USER_ID } else { TLS_USER_ID };
            let signature = keys[*who].sign(user_id, &msg).unwrap();
            Case { key: keys[*who].public_key(), msg, user_id, signature }
        })
        .collect()
}

fn claims(cases: &[Case]) -> Vec<Claim<'_>> {
    cases.iter().map(|Case { key, msg, user_id, signature }| Claim { key, user_id, msg, signature }).collect()
}

#[test]
fn a_batch_judges_each_signature_for_itself() {
    let good = cases();
    assert_eq!(verify_batch(&claims(&good)), vec![Ok(()); good.len()]);
    assert!(verify_batch(&[]).is_empty());
    for bad in 0..good.len() {
        let mut cases = cases();
        cases[bad].msg.push(0);
        let mut expected = vec![Ok(()); cases.len()];
        expected[bad] = Err(CryptoError::Signature);
        assert_eq!(verify_batch(&claims(&cases)), expected);
    }
    let mut cases = cases();
    let long = vec![0; 8192];
    let mut claims = claims(&cases[1..]);
    claims[0].user_id = &long;
    assert_eq!(verify_batch(&claims)[..2], [Err(CryptoError::UserId), Ok(())]);
    cases.truncate(1);
}

#[test]
fn a_prepared_key_verifies_as_the_key_does() {
    for Case { key, msg, user_id, signature } in cases() {
        let prepared = PreparedPublicKey::new(key.clone());
        assert_eq!(prepared.public_key(), &key);
        assert_eq!(prepared.verify(user_id, &msg, &signature), Ok(()));
        assert_eq!(prepared.verify(user_id, b"", &signature), Err(CryptoError::Signature));
    }
}

#[test]
fn points_add_as_the_exchange_wants() {
    // (2 + x · 3) G for several x, and the x at which it vanishes.
    let [two, three] = [2, 3].map(|d| SecretKey::from_bytes(&small(d)).unwrap().public_key());
    for x in [1u8, 2, 200] {
        let sum = Scalar::reduce(&small(2)) + Scalar::reduce(&small(x)) * Scalar::reduce(&small(3));
        let expected = SecretScalar::from_scalar(sum).unwrap().public_key();
        assert_eq!(two.add_multiple(&Scalar::reduce(&small(x)), &three), Some(expected));
    }
    let vanishing = Scalar::reduce(&[0; 32]) - Scalar::reduce(&small(2)) * Scalar::reduce(&small(3)).invert();
    assert_eq!(two.add_multiple(&vanishing, &three), None);
    assert_eq!(two.add_multiple(&Scalar::reduce(&[0; 32]), &three), Some(two.clone()));
    let words: Words = *vanishing.words();
    assert_ne!(words, [0; 4]);
}
