//! Points against RustCrypto's, and every multiplication against double-and-add.

use ::sm2::ProjectivePoint;
use ::sm2::elliptic_curve::PrimeField;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use num_bigint::BigUint;
use proptest::prelude::*;

use super::super::arith::limbs::to_be_bytes;
use super::super::arith::testing::{big, each_kernel, number, sample, words};
use super::super::arith::{Fe, Scalar, Words, order};
use super::*;

/// `k` times `point`, bit by bit with complete additions.
fn by_doubling(k: &Words, point: &Affine) -> Jacobian {
    let point = Jacobian::from(*point);
    (0..256).rev().fold(Jacobian::INFINITY, |sum, bit| {
        let sum = sum.double();
        if k[bit / 64] >> (bit % 64) & 1 == 1 { sum.add_complete(&point) } else { sum }
    })
}

fn oracle_scalar(k: &Words) -> ::sm2::Scalar {
    ::sm2::Scalar::from_repr(to_be_bytes(k).into()).unwrap()
}

fn same(point: &Affine, oracle: &ProjectivePoint) -> bool {
    let oracle = oracle.to_affine();
    point.x.to_bytes() == oracle.x()[..] && point.y.to_bytes() == oracle.y()[..]
}

fn n() -> BigUint {
    big(&order::N)
}

/// Scalars where digits, windows and the order's edge meet. n - 6 makes the last window's addition a doubling.
fn edge_scalars() -> Vec<Words> {
    let one = BigUint::from(1u8);
    let mut all: Vec<BigUint> = (1u8..40).flat_map(|k| [BigUint::from(k), n() - k]).collect();
    for bit in 5..256 {
        let power: BigUint = &one << bit;
        all.extend([&power - 1u8, &power + 1u8, power.clone(), n() - power]);
    }
    all.extend([&n() >> 1, (&n() >> 1) + 1u8, (&one << 255) + (&one << 252)]);
    // Digits all at their largest and smallest.
    for width in [5, 7] {
        let digit = &one << (width - 1);
        let sum = (0..255 / width).fold(BigUint::ZERO, |sum, place| sum + (&digit << (place * width)));
        all.extend([&sum + 1u8, &sum - 1u8, n() - &sum, sum]);
    }
    sample(all.into_iter().filter(|k| *k < n()).map(|k| words(&k)).collect(), 400)
}

fn scalar() -> impl Strategy<Value = Words> {
    number().prop_map(|number| *Scalar::reduce_words(number).words())
}

fn some_point() -> Affine {
    multiply(&[3, 1, 4, 1], &Affine::BASE).to_affine()
}

fn is_infinity(point: &Jacobian) -> bool {
    point.is_infinity().declassify()
}

#[test]
fn the_base_point_is_on_the_curve_and_of_order_n() {
    assert!(Affine::BASE.is_on_curve());
    assert!(same(&Affine::BASE, &ProjectivePoint::GENERATOR));
    assert!(is_infinity(&by_doubling(&order::N, &Affine::BASE)));
    assert!(!Affine::INFINITY.is_on_curve());
}

#[test]
fn addition_handles_every_case() {
    each_kernel(|| {
        let p = Jacobian::from(some_point()).double();
        let q = Jacobian::from(Affine::BASE).double().double();
        let (p_affine, q_affine) = (p.to_affine(), q.to_affine());
        let minus = Jacobian { y: -p.y, ..p };
        let o = Jacobian::INFINITY;
        // p and q have Z other than 1; the sum by coordinates.
        let slope = &(q_affine.y - p_affine.y) * &(q_affine.x - p_affine.x).invert();
        let x = slope.square() - p_affine.x - q_affine.x;
        let y = &slope * &(p_affine.x - x) - p_affine.y;
        let sum = Affine { x, y };
        assert!(p.add(&q).to_affine() == sum && p.add_complete(&q).to_affine() == sum);
        assert!(
            p.add_affine(&q_affine).to_affine() == sum && p.add_affine_vartime(&q_affine).to_affine() == sum
        );
        assert!(p.add_complete(&o).to_affine() == p_affine && o.add_complete(&p).to_affine() == p_affine);
        assert!(is_infinity(&o.add_complete(&o)) && is_infinity(&p.add_complete(&minus)));
        // What the multiplications meet where the scalar is 0.
        assert!(is_infinity(&p.add(&minus)) && is_infinity(&minus.add_affine(&p_affine)));
        assert!(p.add_complete(&p).to_affine() == p.double().to_affine());
        assert!(p.add_complete(&p_affine.into()).to_affine() == p.double().to_affine());
        assert!(o.add_affine_vartime(&p_affine).to_affine() == p_affine);
        assert!(p.add_affine_vartime(&p_affine).to_affine() == p.double().to_affine());
        assert!(is_infinity(&minus.add_affine_vartime(&p_affine)));
        assert!(is_infinity(&o.double()) && o.to_affine() == Affine::INFINITY);
    });
}

#[test]
#[cfg_attr(miri, ignore = "making the comb's table takes Miri a quarter of an hour")]
fn edge_scalars_multiply_rightly() {
    each_kernel(|| {
        let point = some_point();
        let table = &Multiples::batch(&[point])[0];
        let prepared = Prepared::new(&point);
        for k in edge_scalars() {
            assert!(multiply_base(&k).to_affine() == by_doubling(&k, &Affine::BASE).to_affine(), "{k:x?}");
            let expected = by_doubling(&k, &point).to_affine();
            assert!(multiply(&k, &point).to_affine() == expected, "{k:x?}");
            assert!(table.multiply(&k).to_affine() == expected, "{k:x?}");
            assert!(prepared.multiply(&k).to_affine() == expected, "{k:x?}");
        }
        assert!(is_infinity(&multiply_base(&[0; 4])) && is_infinity(&multiply(&[0; 4], &point)));
    });
}

#[test]
#[cfg_attr(miri, ignore = "making the comb's table takes Miri a quarter of an hour")]
fn the_sum_of_two_multiples_may_cancel_or_double() {
    let k = [7, 0, 5, 1];
    let minus_k = *(Scalar::reduce_words([0; 4]) - Scalar::reduce_words(k)).words();
    for point in [Affine::BASE, Affine::BASE.negate()] {
        let table = &Multiples::batch(&[point])[0];
        let (double, cancel) = if point == Affine::BASE { (k, minus_k) } else { (minus_k, k) };
        let twice = multiply_base(&k).double().to_affine();
        assert!(multiply_add(&k, &double, table).to_affine() == twice);
        assert!(is_infinity(&multiply_add(&k, &cancel, table)));
        let prepared = Prepared::new(&point);
        assert!(multiply_add(&k, &double, &*prepared).to_affine() == twice);
        assert!(is_infinity(&multiply_add(&k, &cancel, &*prepared)));
    }
}

#[test]
#[cfg_attr(miri, ignore = "making the comb's table takes Miri a quarter of an hour")]
fn a_batch_of_points_becomes_affine_each_for_itself() {
    let points: Vec<_> = (1..20).map(|k| multiply_base(&[k, 0, 0, 0])).collect();
    let expected: Vec<_> = points.iter().map(|point| point.to_affine()).collect();
    assert!(batch_to_affine(&points) == expected);
    assert!(batch_to_affine(&[]).is_empty());
}

/// What Miri can see of multiplication in bearable time: no comb.
#[test]
fn a_window_and_odd_multiples_agree() {
    let k = words(&(n() - 6u8));
    let point = some_point();
    let expected = by_doubling(&k, &point).to_affine();
    assert!(multiply(&k, &point).to_affine() == expected);
    assert!(Multiples::batch(&[point])[0].multiply(&k).to_affine() == expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    #[cfg_attr(miri, ignore = "making the comb's table takes Miri a quarter of an hour")]
    fn agrees_with_the_oracle(k in scalar(), d in scalar()) {
        prop_assume!(k != [0; 4] && d != [0; 4]);
        each_kernel(|| {
            let point = multiply_base(&d).to_affine();
            let oracle_point = ProjectivePoint::GENERATOR * oracle_scalar(&d);
            assert!(same(&point, &oracle_point) && point.is_on_curve());
            assert!(same(&multiply(&k, &point).to_affine(), &(oracle_point * oracle_scalar(&k))));
            assert!(multiply(&k, &point).affine_x() == multiply(&k, &point).to_affine().x);
            let sum = ProjectivePoint::GENERATOR * oracle_scalar(&d) + oracle_point * oracle_scalar(&k);
            let table = &Multiples::batch(&[point])[0];
            assert!(same(&multiply_add(&d, &k, table).to_affine(), &sum));
            assert!(same(&multiply_add(&d, &k, &*Prepared::new(&point)).to_affine(), &sum));
        });
    }

    #[test]
    #[cfg_attr(miri, ignore = "making the comb's table takes Miri a quarter of an hour")]
    fn x_is_recognised(k in scalar()) {
        prop_assume!(k != [0; 4]);
        let point = multiply_base(&k);
        let x = point.affine_x();
        prop_assert!(point.has_x(&x) && !point.has_x(&(x + Fe::ONE)));
    }
}
