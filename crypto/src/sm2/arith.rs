//! The arithmetic under the curve: 256-bit words, the field, the order, inversion.
//!
//! Everything here runs in constant time: no branch, no index and no early exit depends on a number's value.

pub(super) mod field;
mod inverse;
pub(super) mod limbs;
pub(super) mod order;
#[cfg(test)]
pub(super) mod testing;

pub(super) use field::Fe;
pub(super) use limbs::{Mask, Words};
pub(super) use order::Factor;
pub(crate) use order::Scalar;
