//! Inversion modulo an odd 256-bit number by division steps, in constant time.
//!
//! D. J. Bernstein and B.-Y. Yang, "Fast constant-time gcd computation and modular inversion" (2019), in the variant
//! that starts with delta = 1/2, for which 590 steps suffice below 2^256. Numbers are five signed 62-bit limbs; 59 steps
//! at a time run on the lowest words alone and give a 2×2 matrix, which is then applied to the whole numbers.

use super::limbs::Words;
use crate::barrier::opaque;

/// Division steps per matrix, and matrices per inversion.
const STEPS: u32 = 59;
const ROUNDS: usize = 10;

const MASK62: u64 = u64::MAX >> 2;

/// A number in signed limbs of 62 bits, least significant first; the last limb carries the sign.
type Signed62 = [i64; 5];

/// What inversion modulo an odd number needs to know.
pub(super) struct Modulus {
    limbs: Signed62,
    /// The inverse modulo 2^62.
    inverse: u64,
}

/// 2^62 times the matrix of some division steps.
struct Matrix {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

impl Modulus {
    /// `words` must be odd.
    pub(super) const fn new(words: &Words) -> Self {
        let [lowest, ..] = *words;
        // Newton: each turn doubles the number of right bits, of which 1 has three.
        let mut inverse = lowest;
        let mut turns = 0;
        while turns < 5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(lowest.wrapping_mul(inverse)));
            turns += 1;
        }
        Self { limbs: to_limbs(words), inverse: inverse & MASK62 }
    }

    /// The inverse of `words`, which must be below the modulus; zero for zero.
    pub(super) fn invert(&self, words: &Words) -> Words {
        // Invariants: d = f / words and e = g / words modulo the modulus.
        let (mut d, mut e) = ([0; 5], [1, 0, 0, 0, 0]);
        let (mut f, mut g) = (self.limbs, to_limbs(words));
        // zeta is -(delta + 1/2).
        let mut zeta = -1;
        for _ in 0..ROUNDS {
            let ([f0, ..], [g0, ..]) = (f, g);
            let (next, matrix) = division_steps(zeta, f0 as u64, g0 as u64);
            zeta = next;
            (d, e) = self.apply_modular(&matrix, &d, &e);
            (f, g) = apply(&matrix, &f, &g);
        }
        // g is 0 and f is 1 or -1.
        let [.., sign] = f;
        to_words(&self.normalize(d, sign))
    }

    /// The matrix times (d, e), divided by 2^62 modulo the modulus. In and out lie between -2 and 1 times the modulus.
    fn apply_modular(
        &self,
        Matrix { u, v, q, r }: &Matrix,
        d: &Signed62,
        e: &Signed62,
    ) -> (Signed62, Signed62) {
        (self.combine(*u, *v, d, e), self.combine(*q, *r, d, e))
    }

    /// (u d + v e) / 2^62 modulo the modulus.
    fn combine(&self, u: i64, v: i64, d: &Signed62, e: &Signed62) -> Signed62 {
        let [d0, .., d4] = *d;
        let [e0, .., e4] = *e;
        // A multiple of the modulus that keeps the result in range ...
        let keep = (u & (d4 >> 63)).wrapping_add(v & (e4 >> 63));
        // ... and clears the lowest 62 bits.
        let low = product(u, d0).wrapping_add(product(v, e0)) as u64;
        let excess = self.inverse.wrapping_mul(low).wrapping_add(keep as u64) & MASK62;
        let m = keep.wrapping_sub(excess as i64);
        let mut sums = [0; 5];
        for (((sum, d), e), n) in sums.iter_mut().zip(d).zip(e).zip(self.limbs) {
            *sum = product(u, *d).wrapping_add(product(v, *e)).wrapping_add(product(n, m));
        }
        shift_limb(sums)
    }

    /// `value`, or its opposite if `sign` is negative, in [0, modulus). It lies between -2 and 1 times the modulus.
    fn normalize(&self, value: Signed62, sign: i64) -> Signed62 {
        let positive = self.add_if_negative(value);
        let negate = opaque((sign >> 63) as u64) as i64;
        self.add_if_negative(carry(positive.map(|limb| (limb ^ negate).wrapping_sub(negate))))
    }

    fn add_if_negative(&self, value: Signed62) -> Signed62 {
        let [.., top] = value;
        let negative = opaque((top >> 63) as u64) as i64;
        let mut sum = value;
        for (limb, n) in sum.iter_mut().zip(self.limbs) {
            *limb = limb.wrapping_add(n & negative);
        }
        carry(sum)
    }
}

/// 59 division steps on the lowest words of f and g.
fn division_steps(mut zeta: i64, f: u64, g: u64) -> (i64, Matrix) {
    let (mut f, mut g) = (f, g);
    // The caller expects the matrix times 2^62: 59 steps double it 59 times.
    let (mut u, mut v, mut q, mut r) = (8u64, 0u64, 0u64, 8u64);
    for _ in 0..STEPS {
        let mut swap = opaque((zeta >> 63) as u64);
        let odd = opaque((g & 1).wrapping_neg());
        // g, q, r plus f, u, v, or minus them where a swap is due.
        let signed = |x: u64| (x ^ swap).wrapping_sub(swap) & odd;
        g = g.wrapping_add(signed(f));
        q = q.wrapping_add(signed(u));
        r = r.wrapping_add(signed(v));
        swap &= odd;
        zeta = (zeta ^ swap as i64).wrapping_sub(1);
        // g - f plus f is the old g: the swap.
        f = f.wrapping_add(g & swap);
        u = u.wrapping_add(q & swap) << 1;
        v = v.wrapping_add(r & swap) << 1;
        g >>= 1;
    }
    (zeta, Matrix { u: u as i64, v: v as i64, q: q as i64, r: r as i64 })
}

/// The matrix times (f, g), divided by 2^62, which is exact.
fn apply(Matrix { u, v, q, r }: &Matrix, f: &Signed62, g: &Signed62) -> (Signed62, Signed62) {
    let (mut first, mut second) = ([0; 5], [0; 5]);
    for (((first, second), f), g) in first.iter_mut().zip(&mut second).zip(f).zip(g) {
        *first = product(*u, *f).wrapping_add(product(*v, *g));
        *second = product(*q, *f).wrapping_add(product(*r, *g));
    }
    (shift_limb(first), shift_limb(second))
}

/// The number whose limbs are `sums`, each of up to 127 bits, divided by 2^62; the lowest 62 bits are zero.
fn shift_limb([s0, s1, s2, s3, s4]: [i128; 5]) -> Signed62 {
    let low = |sum: i128| (sum as u64 & MASK62) as i64;
    let s1 = s1.wrapping_add(s0 >> 62);
    let s2 = s2.wrapping_add(s1 >> 62);
    let s3 = s3.wrapping_add(s2 >> 62);
    let s4 = s4.wrapping_add(s3 >> 62);
    [low(s1), low(s2), low(s3), low(s4), (s4 >> 62) as i64]
}

/// Brings the lower limbs back to 62 bits.
fn carry([l0, l1, l2, l3, l4]: Signed62) -> Signed62 {
    let low = |limb: i64| (limb as u64 & MASK62) as i64;
    let l1 = l1.wrapping_add(l0 >> 62);
    let l2 = l2.wrapping_add(l1 >> 62);
    let l3 = l3.wrapping_add(l2 >> 62);
    let l4 = l4.wrapping_add(l3 >> 62);
    [low(l0), low(l1), low(l2), low(l3), l4]
}

fn product(a: i64, b: i64) -> i128 {
    i128::from(a).wrapping_mul(i128::from(b))
}

const fn to_limbs(&[w0, w1, w2, w3]: &Words) -> Signed62 {
    [limb(w0), limb(w0 >> 62 | w1 << 2), limb(w1 >> 60 | w2 << 4), limb(w2 >> 58 | w3 << 6), limb(w3 >> 56)]
}

const fn limb(bits: u64) -> i64 {
    (bits & MASK62) as i64
}

/// `limbs` must be in [0, 2^256) and carried.
fn to_words(limbs: &Signed62) -> Words {
    let [l0, l1, l2, l3, l4] = limbs.map(|limb| limb as u64);
    [l0 | l1 << 62, l1 >> 2 | l2 << 60, l2 >> 4 | l3 << 58, l3 >> 6 | l4 << 56]
}
