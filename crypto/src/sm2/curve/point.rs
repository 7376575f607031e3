//! Points and their addition.
//!
//! The group's order is odd, so no point is its own opposite and y is never 0: doubling has no exceptions. Addition has
//! three: infinity on either side, and equal operands. Each caller rules them out, or asks for
//! [`Jacobian::add_complete`], which settles them by masks. Opposite operands give Z = 0 by themselves.

use zeroize::Zeroize;

use super::super::arith::{Fe, Mask, Words};

/// The coefficient b, in Montgomery form.
const B: Fe = Fe::from_montgomery([
    0x90d2_3063_2bc0_dd42,
    0x71cf_379a_e9b5_37ab,
    0x5279_8150_5ea5_1c3c,
    0x240f_e188_ba20_e2c8,
]);

/// A point by its coordinates, or (0, 0), which is not on the curve, for infinity.
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
#[repr(C, align(64))]
pub(crate) struct Affine {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
}

impl Affine {
    pub(crate) const INFINITY: Self = Self { x: Fe::ZERO, y: Fe::ZERO };

    /// The base point G.
    pub(crate) const BASE: Self = Self {
        x: Fe::from_montgomery([
            0x6132_8990_f418_029e,
            0x3e79_81ed_dca6_c050,
            0xd6a1_ed99_ac24_c3c3,
            0x9116_7a5e_e1c1_3b05,
        ]),
        y: Fe::from_montgomery([
            0xc135_4e59_3c2d_0ddd,
            0xc1f5_e578_8d32_95fa,
            0x8d4c_fb06_6e2a_48f8,
            0x63cd_65d4_81d7_35bd,
        ]),
    };

    /// Whether y² = x³ - 3x + b. Infinity, written (0, 0), is not on the curve.
    pub(crate) fn is_on_curve(&self) -> bool {
        self.y.square() == &self.x.square() * &self.x - self.x.triple() + B
    }

    /// x and y, each as 32 big-endian bytes.
    pub(crate) fn coordinates(&self) -> [u8; 64] {
        let mut out = [0; 64];
        let bytes = self.x.to_bytes().into_iter().chain(self.y.to_bytes());
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        out
    }

    /// The opposite point if `mask` is true, else this one.
    #[inline(always)]
    pub(super) fn negate_if(&self, mask: Mask) -> Self {
        Self { x: self.x, y: Fe::select(mask, &-self.y, &self.y) }
    }

    /// The opposite point.
    pub(super) fn negate(&self) -> Self {
        Self { x: self.x, y: -self.y }
    }
}

/// A point (X / Z², Y / Z³), or infinity where Z = 0.
#[derive(Clone, Copy, Zeroize)]
#[repr(C)]
pub(crate) struct Jacobian {
    pub(crate) x: Fe,
    pub(crate) y: Fe,
    pub(crate) z: Fe,
}

impl Jacobian {
    pub(crate) const INFINITY: Self = Self { x: Fe::ZERO, y: Fe::ZERO, z: Fe::ZERO };

    #[inline(always)]
    pub(crate) fn is_infinity(&self) -> Mask {
        self.z.is_zero()
    }

    /// Twice this point.
    #[inline(always)]
    pub(crate) fn double(&self) -> Self {
        let y2 = self.y.double();
        let y2_squared = y2.square();
        let zz = self.z.square();
        // 4 X Y², and the tangent's slope with a = -3.
        let s = &y2_squared * &self.x;
        let m = (&(self.x - zz) * &(self.x + zz)).triple();
        // In an order that lets the processor work on two products at a time.
        let z = &y2 * &self.z;
        let m_squared = m.square();
        let y2_fourth = y2_squared.square();
        let x = m_squared - s.double();
        let y = &m * &(s - x) - y2_fourth.halve();
        Self { x, y, z }
    }

    /// 2^`times` times this point.
    pub(super) fn double_times(&self, times: u32) -> Self {
        (0..times).fold(*self, |point, _| point.double())
    }

    /// This point plus `other`. Neither may be infinity, and they must not be equal.
    #[inline(always)]
    pub(crate) fn add(&self, other: &Self) -> Self {
        self.minus(other).sum()
    }

    /// This point plus `other`. Neither may be infinity, and they must not be equal.
    #[inline(always)]
    pub(crate) fn add_affine(&self, other: &Affine) -> Self {
        self.minus_affine(other).sum()
    }

    /// This point plus `other`, whichever they are.
    pub(crate) fn add_complete(&self, other: &Self) -> Self {
        let difference = self.minus(other);
        let equal = difference.h.is_zero().and(difference.r.is_zero());
        let sum = Self::select(equal, &self.double(), &difference.sum());
        let sum = Self::select(other.is_infinity(), self, &sum);
        Self::select(self.is_infinity(), other, &sum)
    }

    /// This point plus `other`, which is not infinity, in variable time.
    pub(crate) fn add_affine_vartime(&self, other: &Affine) -> Self {
        if self.is_infinity().declassify() {
            return Self::from(*other);
        }
        let difference = self.minus_affine(other);
        if difference.h.is_zero().and(difference.r.is_zero()).declassify() {
            return self.double();
        }
        difference.sum()
    }

    /// `yes` if `mask` is true, else `no`.
    #[inline(always)]
    pub(super) fn select(mask: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            x: Fe::select(mask, &yes.x, &no.x),
            y: Fe::select(mask, &yes.y, &no.y),
            z: Fe::select(mask, &yes.z, &no.z),
        }
    }

    /// The opposite point if `mask` is true, else this one.
    #[inline(always)]
    pub(super) fn negate_if(&self, mask: Mask) -> Self {
        Self { y: Fe::select(mask, &-self.y, &self.y), ..*self }
    }

    /// The coordinates, or (0, 0) for infinity.
    pub(crate) fn to_affine(self) -> Affine {
        self.scale(&self.z.invert())
    }

    /// The x-coordinate alone, or 0 for infinity.
    pub(crate) fn affine_x(&self) -> Fe {
        &self.x * &self.z.invert().square()
    }

    /// Whether the x-coordinate is `x`; not to be asked of infinity. For public points.
    pub(crate) fn has_x(&self, x: &Fe) -> bool {
        self.x == x * &self.z.square()
    }

    /// The coordinates, given 1 / Z.
    fn scale(&self, z_inverse: &Fe) -> Affine {
        let squared = z_inverse.square();
        Affine { x: &self.x * &squared, y: &self.y * &(&squared * z_inverse) }
    }

    /// Brings two finite points over one Z.
    #[inline(always)]
    fn minus(&self, other: &Self) -> Difference {
        let zz = self.z.square();
        let other_zz = other.z.square();
        let (x, y) = (&self.x * &other_zz, &self.y * &(&other_zz * &other.z));
        Difference { h: &other.x * &zz - x, r: &other.y * &(&zz * &self.z) - y, x, y, z: &self.z * &other.z }
    }

    /// Brings two finite points over one Z.
    #[inline(always)]
    fn minus_affine(&self, other: &Affine) -> Difference {
        let zz = self.z.square();
        Difference {
            h: &other.x * &zz - self.x,
            r: &other.y * &(&zz * &self.z) - self.y,
            x: self.x,
            y: self.y,
            z: self.z,
        }
    }
}

/// `point` must not be infinity.
impl From<Affine> for Jacobian {
    #[inline(always)]
    fn from(point: Affine) -> Self {
        Self { x: point.x, y: point.y, z: Fe::ONE }
    }
}

/// As tables keep a point: x and y.
impl From<Affine> for [Words; 2] {
    fn from(Affine { x, y }: Affine) -> Self {
        [x, y].map(|coordinate| *coordinate.montgomery())
    }
}

impl From<[Words; 2]> for Affine {
    #[inline(always)]
    fn from([x, y]: [Words; 2]) -> Self {
        Self { x: Fe::from_montgomery(x), y: Fe::from_montgomery(y) }
    }
}

/// As tables keep a point: X, Y and Z.
impl From<Jacobian> for [Words; 3] {
    fn from(Jacobian { x, y, z }: Jacobian) -> Self {
        [x, y, z].map(|coordinate| *coordinate.montgomery())
    }
}

impl From<[Words; 3]> for Jacobian {
    #[inline(always)]
    fn from([x, y, z]: [Words; 3]) -> Self {
        Self { x: Fe::from_montgomery(x), y: Fe::from_montgomery(y), z: Fe::from_montgomery(z) }
    }
}

/// Two finite points over one Z: the first at (x, y), the second at (x + h, y + r). `h` is 0 where they are equal or
/// opposite, `r` too where they are equal.
struct Difference {
    h: Fe,
    r: Fe,
    x: Fe,
    y: Fe,
    z: Fe,
}

impl Difference {
    /// The sum of the two; infinity if they are opposite, and (wrongly) if they are equal.
    #[inline(always)]
    fn sum(&self) -> Jacobian {
        // In an order that lets the processor work on two products at a time.
        let hh = self.h.square();
        let z = &self.z * &self.h;
        let hhh = &hh * &self.h;
        let v = &self.x * &hh;
        let r_squared = self.r.square();
        let y_hhh = &self.y * &hhh;
        let x = r_squared - hhh - v.double();
        let y = &self.r * &(v - x) - y_hhh;
        Jacobian { x, y, z }
    }
}

/// The coordinates of all `points`, none of which may be infinity, with one inversion.
pub(crate) fn batch_to_affine(points: &[Jacobian]) -> Vec<Affine> {
    // The products of all Z before each point; then, from the end, the inverse of the product up to each point.
    let mut product = Fe::ONE;
    let mut before = Vec::with_capacity(points.len());
    for point in points {
        before.push(product);
        product = &product * &point.z;
    }
    let mut inverse = product.invert();
    let mut out: Vec<_> = points
        .iter()
        .zip(before)
        .rev()
        .map(|(point, before)| {
            let z_inverse = &inverse * &before;
            inverse = &inverse * &point.z;
            point.scale(&z_inverse)
        })
        .collect();
    out.reverse();
    out
}
