//! The constants of the kernels that leave the S-box's inversion to the processor, computed from SM4's definition.
//!
//! All fields of 256 elements are one field written in different bases. So the inverse in SM4's S-box can be taken by
//! an instruction that inverts in the AES field (GF2P8AFFINEINVQB, AESENCLAST, AESE) between two linear maps. The
//! kernels keep the whole state mapped by [`PRE`] from the first round to the last, which leaves, per round:
//!
//! ```text
//! t = x1 ^ x2 ^ x3 ^ k                    k = PRE·rk ^ PRE_CONST in each byte
//! a = M0·inv(t) ^ M0_CONST   c = M3·inv(t)   b = a ^ c
//! x4 = x0 ^ a ^ (b <<< 8) ^ (b <<< 16) ^ (c <<< 24)
//! ```
//!
//! because the diffusion L, taken apart into bytes, is I + SL2 on the byte itself, I + SR6 on the byte three places on,
//! and the sum of the two on the bytes one and two places on (SL2, SR6: the byte shifted by 2 left and by 6 right).

use super::field::{self, IDENTITY, SHIFT_LEFT_2, SHIFT_RIGHT_6, apply, circulant, compose, invert};
use super::schedule::{AFFINE, AFFINE_CONST};

/// Into the kernels' domain: the S-box's inner matrix, then the map from SM4's field to the AES field.
pub(super) const PRE: u64 = compose(TO_AES, AFFINE);
/// The S-box's inner constant in the kernels' domain; belongs to the round keys.
pub(super) const PRE_CONST: u8 = apply(TO_AES, AFFINE_CONST);
/// Out of the kernels' domain.
pub(super) const UNPRE: u64 = invert(PRE);
/// From the inverse to what L adds to the byte itself.
pub(super) const M0: u64 = compose(PRE, compose(IDENTITY ^ SHIFT_LEFT_2, POST));
/// From the inverse to what L adds to the byte three places on.
pub(super) const M3: u64 = compose(PRE, compose(IDENTITY ^ SHIFT_RIGHT_6, POST));
/// The S-box's outer constant: L turns it into the same number in each byte, here added once, to the byte itself.
pub(super) const M0_CONST: u8 = apply(PRE, AFFINE_CONST.rotate_left(2));

/// From the inverse in the AES field to the S-box's output, but for its constant.
pub(super) const POST: u64 = compose(AFFINE, invert(TO_AES));
/// From SM4's field to the AES field.
const TO_AES: u64 = isomorphism();
/// AES's SubBytes is this matrix times the inverse, and [`SUB_BYTES_CONST`].
const SUB_BYTES: u64 = circulant(0xf1);
const SUB_BYTES_CONST: u8 = 0x63;

/// Maps x in SM4's field to a root of SM4's polynomial in the AES field. There are eight; this takes the smallest.
const fn isomorphism() -> u64 {
    let mut root = 2;
    while !is_root(root) {
        root += 1;
    }
    let (mut columns, mut power, mut i) = (0, 1, 0);
    while i < 8 {
        columns |= (power as u64) << (8 * i);
        power = field::mul(power, root, field::AES);
        i += 1;
    }
    field::from_columns(columns)
}

/// Whether SM4's polynomial is zero at `x` of the AES field (Horner's rule).
const fn is_root(x: u8) -> bool {
    let (mut value, mut i) = (0, 9);
    while i > 0 {
        i -= 1;
        value = field::mul(value, x, field::AES) ^ (field::SM4 >> i & 1) as u8;
    }
    value == 0
}

/// An affine map of a byte as two look-ups by nibble, which a shuffle instruction does in registers:
/// `low[x & 15] ^ high[x >> 4]`.
#[derive(Clone, Copy)]
pub(super) struct Nibbles {
    pub(super) low: [u8; 16],
    pub(super) high: [u8; 16],
}

impl Nibbles {
    /// [`PRE`], for data.
    pub(super) const PRE: Self = Self::new(PRE, 0);
    /// [`PRE`] and [`PRE_CONST`], for round keys.
    pub(super) const PRE_KEY: Self = Self::new(PRE, PRE_CONST);
    /// [`UNPRE`].
    pub(super) const UNPRE: Self = Self::new(UNPRE, 0);
    /// [`M0`] and [`M0_CONST`] after SubBytes in place of the inverse.
    pub(super) const M0: Self = Self::after_sub_bytes(M0, M0_CONST);
    /// [`M3`] after SubBytes in place of the inverse.
    pub(super) const M3: Self = Self::after_sub_bytes(M3, 0);
    /// [`POST`] and the S-box's outer constant after SubBytes in place of the inverse.
    #[cfg(target_arch = "x86_64")]
    pub(super) const POST: Self = Self::after_sub_bytes(POST, AFFINE_CONST);

    const fn after_sub_bytes(matrix: u64, constant: u8) -> Self {
        let matrix = compose(matrix, invert(SUB_BYTES));
        Self::new(matrix, apply(matrix, SUB_BYTES_CONST) ^ constant)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "const fn has no iterators; an index out of range fails the build"
    )]
    const fn new(matrix: u64, constant: u8) -> Self {
        let (mut low, mut high, mut i) = ([0; 16], [0; 16], 0);
        while i < 16 {
            low[i] = apply(matrix, i as u8) ^ constant;
            high[i] = apply(matrix, (i as u8) << 4);
            i += 1;
        }
        Self { low, high }
    }
}

/// Byte places of the rotations of a word after AESENCLAST or AESE: `UNSHIFT[k]` undoes ShiftRows and rotates each
/// word left by k bytes. Words lie as in a block: most significant byte first.
pub(super) const UNSHIFT: [[u8; 16]; 4] = [unshift(0), unshift(1), unshift(2), unshift(3)];

#[expect(
    clippy::indexing_slicing,
    reason = "const fn has no iterators; an index out of range fails the build"
)]
const fn unshift(bytes: usize) -> [u8; 16] {
    let (mut places, mut i) = ([0; 16], 0);
    while i < 16 {
        let (word, row) = (i / 4, (i + bytes) % 4);
        // ShiftRows takes the byte of row r from r words on.
        places[i] = (4 * ((word + 4 - row) % 4) + row) as u8;
        i += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::schedule::{l, sbox};
    use super::*;

    fn inv(x: u8) -> u8 {
        field::inverse(x, field::AES)
    }

    /// The same numbers came from an independent program (brute force over all bases).
    #[test]
    fn constants_are_the_known_ones() {
        assert_eq!((PRE, PRE_CONST), (0x4c28_7db9_1a22_505d, 0x3e));
        assert_eq!((M0, M0_CONST), (0x040d_b891_e9a4_81b7, 0x63));
        assert_eq!(M3, 0x280f_bcb4_ff84_c11a);
        assert_eq!(UNPRE, 0xb3a4_f586_3284_728b);
    }

    #[test]
    fn the_isomorphism_keeps_products() {
        for a in 0..=255 {
            for b in [2, 3, 0x53, 0xca, 0xff, a] {
                let mapped = field::mul(apply(TO_AES, a), apply(TO_AES, b), field::AES);
                assert_eq!(apply(TO_AES, field::mul(a, b, field::SM4)), mapped);
            }
        }
    }

    #[test]
    fn the_sbox_is_an_inverse_in_the_aes_field_between_affine_maps() {
        for x in 0..=255 {
            let t = apply(PRE, x) ^ PRE_CONST;
            assert_eq!(apply(POST, inv(t)) ^ AFFINE_CONST, sbox(x));
            assert_eq!(apply(UNPRE, apply(PRE, x)), x);
        }
    }

    /// One byte of a word through S-box and L, in the kernels' domain.
    #[test]
    fn two_maps_make_the_whole_round() {
        for x in 0..=255 {
            let expected = l(u32::from(sbox(x)) ^ 0xd3d3_d300).to_be_bytes().map(|byte| apply(PRE, byte));
            let t = apply(PRE, x) ^ PRE_CONST;
            let (a, c) = (apply(M0, inv(t)) ^ M0_CONST, apply(M3, inv(t)));
            // The other three bytes' inverse is 0, so that M0_CONST is all they add.
            let word = |byte: u8, rest: u8| u32::from_be_bytes([rest, rest, rest, byte]);
            let (a, c) = (word(a, M0_CONST), word(c, 0));
            let b = a ^ c;
            let sum = a ^ b.rotate_left(8) ^ b.rotate_left(16) ^ c.rotate_left(24);
            assert_eq!(sum.to_be_bytes(), expected);
        }
    }

    #[test]
    fn nibble_tables_are_the_same_maps() {
        let look_up =
            |tables: Nibbles, x: u8| tables.low[usize::from(x & 15)] ^ tables.high[usize::from(x >> 4)];
        for x in 0..=255 {
            assert_eq!(look_up(Nibbles::PRE, x), apply(PRE, x));
            assert_eq!(look_up(Nibbles::PRE_KEY, x), apply(PRE, x) ^ PRE_CONST);
            assert_eq!(look_up(Nibbles::UNPRE, x), apply(UNPRE, x));
            let sub_bytes = apply(SUB_BYTES, inv(x)) ^ SUB_BYTES_CONST;
            assert_eq!(look_up(Nibbles::M0, sub_bytes), apply(M0, inv(x)) ^ M0_CONST);
            assert_eq!(look_up(Nibbles::M3, sub_bytes), apply(M3, inv(x)));
        }
    }

    /// FIPS 197, figure 7.
    #[test]
    fn sub_bytes_is_that_of_fips_197() {
        let sub_bytes = |x| apply(SUB_BYTES, inv(x)) ^ SUB_BYTES_CONST;
        assert_eq!([0x00, 0x01, 0x53, 0xff].map(sub_bytes), [0x63, 0x7c, 0xed, 0x16]);
    }

    #[test]
    fn unshift_undoes_shift_rows() {
        let block: [u8; 16] = std::array::from_fn(|i| i as u8);
        let shifted: [u8; 16] = std::array::from_fn(|i| block[(i + 4 * (i % 4)) % 16]);
        for (bytes, places) in UNSHIFT.iter().enumerate() {
            let rotated: [u8; 16] = std::array::from_fn(|i| block[i / 4 * 4 + (i + bytes) % 4]);
            assert_eq!(places.map(|place| shifted[usize::from(place)]), rotated);
        }
    }
}
