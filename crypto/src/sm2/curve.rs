//! The curve y² = x³ - 3x + b over the field of p elements, its group of prime order n, and multiplication in it
//! (GB/T 32918.5, annex A).
//!
//! `comb` multiplies the base point and `window` any other, both in constant time. `vartime` is for verification: it
//! branches on what it computes, and all of that is public.

mod comb;
mod digits;
mod point;
mod select;
mod vartime;
mod window;

pub(super) use comb::multiply_base;
pub(super) use point::{Affine, Jacobian, batch_to_affine};
pub(super) use vartime::{Multiples, Multiply, Prepared, multiply_add};
pub(super) use window::multiply;

#[cfg(test)]
mod tests;
