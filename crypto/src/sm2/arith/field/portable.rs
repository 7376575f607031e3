//! The Montgomery product in plain Rust.

use super::{P, Words};
use crate::sm2::arith::limbs::{self, wide_mul};

/// a · b / 2^256 modulo p.
#[inline(never)]
pub(super) fn mul(a: &Words, b: &Words) -> Words {
    let (low, high) = wide_mul(*a, *b);
    reduce(low, high)
}

/// a² / 2^256 modulo p.
#[inline(never)]
pub(super) fn square(a: &Words) -> Words {
    let (low, high) = wide_square(*a);
    reduce(low, high)
}

/// a + b modulo p.
#[cfg(any(test, miri, not(target_arch = "x86_64")))]
#[inline(always)]
pub(super) fn add(a: Words, b: Words) -> Words {
    limbs::add_mod(a, b, &P)
}

/// a - b modulo p.
#[cfg(any(test, miri, not(target_arch = "x86_64")))]
#[inline(always)]
pub(super) fn sub(a: Words, b: Words) -> Words {
    limbs::sub_mod(a, b, &P)
}

/// a² as low and high half: the products of unequal words once, doubled, and the squares.
#[inline(always)]
fn wide_square([a0, a1, a2, a3]: Words) -> (Words, Words) {
    let (t1, carry) = a0.carrying_mul_add(a1, 0, 0);
    let (t2, carry) = a0.carrying_mul_add(a2, carry, 0);
    let (t3, t4) = a0.carrying_mul_add(a3, carry, 0);
    let (t3, carry) = a1.carrying_mul_add(a2, 0, t3);
    let (t4, t5) = a1.carrying_mul_add(a3, carry, t4);
    let (t5, t6) = a2.carrying_mul_add(a3, 0, t5);
    let [t1, t2, t3, t4, t5, t6, t7] = [
        t1 << 1,
        t2 << 1 | t1 >> 63,
        t3 << 1 | t2 >> 63,
        t4 << 1 | t3 >> 63,
        t5 << 1 | t4 >> 63,
        t6 << 1 | t5 >> 63,
        t6 >> 63,
    ];
    let (s0, h0) = a0.carrying_mul_add(a0, 0, 0);
    let (s1, h1) = a1.carrying_mul_add(a1, 0, 0);
    let (s2, h2) = a2.carrying_mul_add(a2, 0, 0);
    let (s3, h3) = a3.carrying_mul_add(a3, 0, 0);
    let (t1, carry) = t1.carrying_add(h0, false);
    let (t2, carry) = t2.carrying_add(s1, carry);
    let (t3, carry) = t3.carrying_add(h1, carry);
    let (t4, carry) = t4.carrying_add(s2, carry);
    let (t5, carry) = t5.carrying_add(h2, carry);
    let (t6, carry) = t6.carrying_add(s3, carry);
    let (t7, _) = t7.carrying_add(h3, carry);
    ([s0, t1, t2, t3], [t4, t5, t6, t7])
}

/// (high · 2^256 + low) / 2^256 modulo p.
#[inline(always)]
fn reduce(low: Words, high: Words) -> Words {
    let low = step(step(step(step(low))));
    let (sum, carry) = limbs::add(low, high);
    limbs::reduce_once(sum, carry, &P)
}

/// (t + m p) / 2^64 with m the lowest word of t, which makes the division exact.
///
/// m p / 2^64 is m (2^192 + 1) - m (2^160 + 2^32) and a fraction that t's lowest word completes. The sums may wrap on
/// the way; the result is below 2^256 and therefore right.
#[inline(always)]
fn step([m, t1, t2, t3]: Words) -> Words {
    let (sum, _) = limbs::add([t1, t2, t3, 0], [m, 0, 0, m]);
    limbs::sub(sum, [m << 32, m >> 32, m << 32, m >> 32]).0
}
