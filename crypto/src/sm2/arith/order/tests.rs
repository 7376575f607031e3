//! Arithmetic modulo n against num-bigint.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;
use crate::sm2::arith::testing::{big, edges, number, words};

fn n() -> BigUint {
    big(&N)
}

fn check(a: &Words, b: &Words) {
    let (x, y) = (Scalar::reduce_words(*a), Scalar::reduce_words(*b));
    let (a, b) = (big(a) % n(), big(b) % n());
    assert_eq!(big(x.words()), a);
    assert_eq!(big((x + y).words()), (&a + &b) % n());
    assert_eq!(big((x - y).words()), (&a + n() - &b) % n());
    assert_eq!(big((x * y).words()), &a * &b % n());
    assert_eq!(big((x * y.to_factor()).words()), &a * &b % n());
    assert_eq!(x.is_zero(), a == BigUint::ZERO);
}

#[test]
fn constants_are_what_they_say() {
    let one = BigUint::from(1u8);
    assert_eq!(N[0].wrapping_mul(MINUS_N_INVERSE), u64::MAX);
    assert_eq!(big(&R_SQUARED), (&one << 512) % n());
    assert!(n() * 2u8 > one << 256);
}

#[test]
fn edges_agree_with_the_oracle() {
    let edges = edges(&N);
    for (a, b) in edges.iter().flat_map(|a| edges.iter().map(move |b| (a, b))) {
        check(a, b);
    }
}

#[test]
fn inverses_of_edges() {
    for edge in edges(&N) {
        let a = Scalar::reduce_words(edge);
        let expected = if a.is_zero() { a } else { Scalar::ONE };
        assert!(a * a.invert() == expected);
    }
}

#[test]
fn only_numbers_below_n_are_read() {
    assert!(Scalar::from_bytes(&limbs::to_be_bytes(&words(&(n() - 1u8)))).is_some());
    for bad in [N, words(&(n() + 1u8)), [u64::MAX; 4]] {
        assert!(Scalar::from_bytes(&limbs::to_be_bytes(&bad)).is_none());
        assert_eq!(big(Scalar::reduce(&limbs::to_be_bytes(&bad)).words()), big(&bad) % n());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2000 }))]

    #[test]
    fn agrees_with_the_oracle(a in number(), b in number()) {
        check(&a, &b);
    }

    #[test]
    fn inverts(a in number()) {
        let a = Scalar::reduce_words(a);
        prop_assert_eq!(big(a.invert().words()), big(a.words()).modinv(&n()).unwrap_or_default());
    }
}
