//! The S-box as a boolean circuit: 78 XOR and 32 AND on the eight planes of a byte.
//!
//! The inverse in GF(2^8) comes down to one in GF(2^4) in the tower GF(((2^2)^2)^2), all with normal bases. With
//! Y = 0x87, Z = 0x27, W = 0x5c in SM4's field, a byte is `high·Y + low·Y^16`, each half is `a·Z + b·Z^4` and each of those
//! `c·W + d·W^2`. The inverse of `high·Y + low·Y^16` is `(low·Y + high·Y^16)·d` with d the inverse of the norm
//! `(Y + Y^16)^2·high·low + Y^17·(high + low)^2`. Products in GF(2^4) take nine AND by Karatsuba's rule applied twice.
//!
//! Y, Z and W were chosen among all 720 such bases, and the linear maps around the products ordered, for few XOR.

use std::ops::{BitAnd, BitXor};

/// What the circuit works on: bits side by side, each its own byte's.
pub(in crate::sm4) trait Plane: Copy + BitAnd<Output = Self> + BitXor<Output = Self> {}

impl<T: Copy + BitAnd<Output = T> + BitXor<Output = T>> Plane for T {}

/// An element of GF(2^4) and the sums of its bits that a product needs: of both halves and of their sum, each its upper
/// bit, its lower bit and the sum of them.
type Sums<T> = [T; 9];

/// `A·inverse(A·x)` with the S-box's matrix A: the S-box without its constants.
#[inline(always)]
pub(in crate::sm4) fn sbox<T: Plane>(x: [T; 8]) -> [T; 8] {
    let (high, low, squares) = halves(x);
    let d = sums(inverse(norm(products(high, low), squares)));
    output(products(low, d), products(high, d))
}

/// `A·x` in the tower's basis: both halves, and `Y^17·(high + low)^2`.
#[inline(always)]
fn halves<T: Plane>([x0, x1, x2, x3, x4, x5, x6, x7]: [T; 8]) -> (Sums<T>, Sums<T>, [T; 4]) {
    let t0 = x1 ^ x7;
    let t1 = x3 ^ x4;
    let t2 = x5 ^ x6;
    let t3 = x3 ^ t2;
    let t4 = x7 ^ t3;
    let t5 = x1 ^ t3;
    let t6 = t1 ^ t5;
    let t7 = x6 ^ t6;
    let t8 = x2 ^ t4;
    let t9 = x6 ^ t8;
    let t10 = x4 ^ t9;
    let t11 = t4 ^ t10;
    let t12 = t6 ^ t11;
    let t13 = x3 ^ t9;
    let t14 = x0 ^ t11;
    let t15 = x2 ^ t14;
    let t16 = x5 ^ t15;
    let t17 = t7 ^ t16;
    let t18 = x2 ^ t17;
    let t19 = x5 ^ t18;
    let t20 = t5 ^ t14;
    let high = [t11, t6, t12, t4, t5, t0, t10, t1, t13];
    let low = [t17, t7, t16, x2, t14, t15, t18, t19, x5];
    (high, low, [t9, t3, t8, t20])
}

/// The nine products of which every bit of the product is a sum.
#[inline(always)]
fn products<T: Plane>(a: Sums<T>, b: Sums<T>) -> [T; 9] {
    let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = a;
    let [b0, b1, b2, b3, b4, b5, b6, b7, b8] = b;
    [a0 & b0, a1 & b1, a2 & b2, a3 & b3, a4 & b4, a5 & b5, a6 & b6, a7 & b7, a8 & b8]
}

/// The norm from the products of both halves and the squares, lowest bit first.
#[inline(always)]
fn norm<T: Plane>([p0, p1, p2, p3, p4, p5, p6, p7, p8]: [T; 9], [s0, s1, s2, s3]: [T; 4]) -> [T; 4] {
    let t0 = p5 ^ p6;
    let t1 = p2 ^ p6;
    [p4 ^ p8 ^ t0 ^ s0, p3 ^ p7 ^ t0 ^ s1, p1 ^ p8 ^ t1 ^ s2, p0 ^ p7 ^ t1 ^ s3]
}

/// The inverse in GF(2^4).
#[inline(always)]
fn inverse<T: Plane>([x0, x1, x2, x3]: [T; 4]) -> [T; 4] {
    let p = (x0 ^ x1) & (x2 ^ x3);
    let y0 = x3 & (x0 ^ p) ^ x2;
    let y1 = x2 & (p ^ y0) ^ x3;
    let y2 = x1 & (x2 ^ p) ^ x0;
    let y3 = x0 & (p ^ y2) ^ x1;
    [y0, y1, y2, y3]
}

#[inline(always)]
fn sums<T: Plane>([x0, x1, x2, x3]: [T; 4]) -> Sums<T> {
    let (x20, x31) = (x2 ^ x0, x3 ^ x1);
    [x3, x2, x3 ^ x2, x1, x0, x1 ^ x0, x31, x20, x31 ^ x20]
}

/// A times the inverse, from the products of d with the low half (p) and with the high half (q).
#[inline(always)]
fn output<T: Plane>(
    [p0, p1, p2, p3, p4, p5, p6, p7, p8]: [T; 9],
    [q0, q1, q2, q3, q4, q5, q6, q7, q8]: [T; 9],
) -> [T; 8] {
    let t0 = q5 ^ q6;
    let t1 = q3 ^ t0;
    let t2 = q0 ^ t1;
    let t3 = q1 ^ t2;
    let t4 = p2 ^ p6;
    let t5 = p0 ^ p7 ^ t3 ^ t4;
    let t6 = q8 ^ t5;
    let t7 = q7 ^ t1;
    let t8 = p5 ^ p6;
    let t9 = p1 ^ t4;
    let t10 = p4 ^ t7 ^ t8 ^ t9;
    let t11 = t6 ^ t10;
    let t12 = q4 ^ t0;
    let t13 = p8 ^ t9;
    let t14 = p3 ^ p7 ^ t8;
    [t7, q2 ^ q6 ^ t2 ^ t14, t6, t3 ^ t10 ^ t12, t5 ^ t12 ^ t13, t11 ^ t14, t13, t11]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm4::field::{SM4, apply, inverse};
    use crate::sm4::schedule::AFFINE;

    #[test]
    fn the_circuit_is_the_sbox_without_constants() {
        for x in 0..=255u8 {
            let planes = sbox(std::array::from_fn(|bit| x >> bit & 1));
            let y = planes.iter().zip(0..).fold(0, |y, (plane, bit)| y | plane << bit);
            assert_eq!(y, apply(AFFINE, inverse(apply(AFFINE, x), SM4)), "{x:02x}");
        }
    }
}
