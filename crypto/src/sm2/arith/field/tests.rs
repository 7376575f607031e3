//! The field against num-bigint, and the kernels against one another.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;
use crate::sm2::arith::testing::{big, each_kernel, edges, number, words};

fn p() -> BigUint {
    big(&P)
}

/// A number below p, with the edges overrepresented.
fn element() -> impl Strategy<Value = Words> {
    number().prop_map(|number| words(&(big(&number) % p())))
}

fn edge_elements() -> Vec<Words> {
    edges(&P).into_iter().filter(|edge| big(edge) < p()).collect()
}

/// What the operations make of two elements, by value.
fn check(a: &Words, b: &Words) {
    let (x, y) = (Fe::from_words(*a), Fe::from_words(*b));
    let (a, b) = (big(a), big(b));
    let p = p();
    let is = |element: Fe, expected: BigUint| {
        assert_eq!(big(&element.to_words()), expected % &p);
        assert!(big(element.montgomery()) < p, "not reduced");
    };
    is(&x * &y, &a * &b);
    is(x.square(), &a * &a);
    is(x + y, &a + &b);
    is(x - y, &a + &p - &b);
    is(-x, &p - &a);
    is(x.double(), &a * 2u8);
    is(x.triple(), &a * 3u8);
    is(x.halve().double(), a.clone());
    assert_eq!(x.is_zero().declassify(), a == BigUint::ZERO);
    assert_eq!(x == y, a == b);
}

/// The same of two elements by Montgomery form, where the edges of reduction are.
fn check_montgomery(a: &Words, b: &Words) {
    let r: BigUint = BigUint::from(1u8) << 256;
    let r_inverse = r.modinv(&p()).unwrap();
    let (x, y) = (Fe::from_montgomery(*a), Fe::from_montgomery(*b));
    assert_eq!(big((&x * &y).montgomery()), big(a) * big(b) * &r_inverse % p());
    assert_eq!(big(x.square().montgomery()), big(a) * big(a) * &r_inverse % p());
    assert_eq!(big((x + y).montgomery()), (big(a) + big(b)) % p());
    assert_eq!(big((x - y).montgomery()), (big(a) + p() - big(b)) % p());
}

#[test]
fn constants_are_what_they_say() {
    let one = BigUint::from(1u8);
    let expected = (&one << 256) - (&one << 224) - (&one << 96) + (&one << 64) - &one;
    assert_eq!(p(), expected);
    assert_eq!(big(Fe::ONE.montgomery()), (&one << 256) % p());
    assert_eq!(big(&R_SQUARED), (&one << 512) % p());
    assert_eq!(big(&R_CUBED), (&one << 768) % p());
}

#[test]
fn edges_agree_with_the_oracle() {
    each_kernel(|| {
        let edges = edge_elements();
        for (a, b) in edges.iter().flat_map(|a| edges.iter().map(move |b| (a, b))) {
            check(a, b);
            check_montgomery(a, b);
        }
    });
}

#[test]
fn inverses_of_edges() {
    each_kernel(|| {
        for a in edge_elements() {
            let (by_value, by_form) = (Fe::from_words(a), Fe::from_montgomery(a));
            for x in [by_value, by_form] {
                let expected = if x.is_zero().declassify() { Fe::ZERO } else { Fe::ONE };
                assert!(&x * &x.invert() == expected);
            }
        }
    });
}

#[test]
fn only_numbers_below_p_are_read() {
    let below = words(&(p() - 1u8));
    assert_eq!(Fe::from_bytes(&limbs::to_be_bytes(&below)).unwrap().to_words(), below);
    for bad in [P, words(&(p() + 1u8)), [u64::MAX; 4]] {
        assert!(Fe::from_bytes(&limbs::to_be_bytes(&bad)).is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2000 }))]

    #[test]
    fn agrees_with_the_oracle(a in element(), b in element()) {
        each_kernel(|| {
            check(&a, &b);
            check_montgomery(&a, &b);
        });
    }

    #[test]
    fn inverts(a in element()) {
        let inverse = Fe::from_words(a).invert().to_words();
        let expected = big(&a).modinv(&p()).unwrap_or_default();
        prop_assert_eq!(big(&inverse), expected);
    }

    #[test]
    fn bytes_come_back(a in element()) {
        let bytes = limbs::to_be_bytes(&a);
        prop_assert_eq!(Fe::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[test]
    fn the_kernels_agree(a in element(), b in element()) {
        prop_assert_eq!(x86_64::add(a, b), portable::add(a, b));
        prop_assert_eq!(x86_64::sub(a, b), portable::sub(a, b));
        if let Some(mulx) = x86_64::Mulx::detected() {
            prop_assert_eq!(mulx.mul(&a, &b), portable::mul(&a, &b));
            prop_assert_eq!(mulx.square(&a), portable::square(&a));
        }
    }
}
