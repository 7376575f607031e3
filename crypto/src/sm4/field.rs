//! GF(2^8) and the linear maps on it, evaluated at compile time: what the S-box and the constants of all kernels
//! are computed from.
//!
//! A field element is a byte, bit i the coefficient of x^i. A linear map is a `u64` in the operand order of
//! GF2P8AFFINEQB: byte 7 - i holds the mask of the input bits that make output bit i. Nothing here runs on secrets.

/// The field of SM4's S-box: x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1.
pub(super) const SM4: u16 = 0x1f5;
/// The field of AES's S-box, which the processors' AES and GFNI instructions invert in: x^8 + x^4 + x^3 + x + 1.
pub(super) const AES: u16 = 0x11b;

/// The map that changes nothing.
pub(super) const IDENTITY: u64 = circulant(1);
/// The byte shifted left by two; the two high bits fall out.
pub(super) const SHIFT_LEFT_2: u64 = from_columns(0x0000_8040_2010_0804);
/// The byte shifted right by six; the six low bits fall out.
pub(super) const SHIFT_RIGHT_6: u64 = from_columns(0x0201_0000_0000_0000);

/// The product in the field of `modulus`.
pub(super) const fn mul(a: u8, b: u8, modulus: u16) -> u8 {
    let (mut power, mut product, mut bit) = (a as u16, 0, 0);
    while bit < 8 {
        if b >> bit & 1 == 1 {
            product ^= power;
        }
        power <<= 1;
        if power > 0xff {
            power ^= modulus;
        }
        bit += 1;
    }
    product as u8
}

/// `a` to the power 254: the inverse, and 0 for 0.
#[cfg(test)]
pub(super) const fn inverse(a: u8, modulus: u16) -> u8 {
    let (mut square, mut product, mut bit) = (a, 1, 1);
    while bit < 8 {
        square = mul(square, square, modulus);
        product = mul(product, square, modulus);
        bit += 1;
    }
    product
}

/// The matrix whose row i is `row` rotated left by i, as the affine maps of both S-boxes are.
pub(super) const fn circulant(row: u8) -> u64 {
    let (mut matrix, mut i) = (0, 0);
    while i < 8 {
        matrix = matrix << 8 | row.rotate_left(i) as u64;
        i += 1;
    }
    matrix
}

/// The matrix that maps bit i to byte i of `columns`.
pub(super) const fn from_columns(columns: u64) -> u64 {
    let (mut matrix, mut i) = (0, 0);
    while i < 64 {
        let (row, column) = (7 - i % 8, i / 8);
        matrix |= (columns >> i & 1) << (8 * row + column);
        i += 1;
    }
    matrix
}

/// `matrix` times `x`.
pub(super) const fn apply(matrix: u64, x: u8) -> u8 {
    let (mut y, mut i) = (0, 0);
    while i < 8 {
        let row = (matrix >> (8 * (7 - i))) as u8;
        y |= ((row & x).count_ones() as u8 & 1) << i;
        i += 1;
    }
    y
}

/// The map that does `inner`, then `outer`.
pub(super) const fn compose(outer: u64, inner: u64) -> u64 {
    let (mut columns, mut i) = (0, 0);
    while i < 8 {
        columns |= (apply(outer, apply(inner, 1 << i)) as u64) << (8 * i);
        i += 1;
    }
    from_columns(columns)
}

/// The map that undoes `matrix`, which must have one.
pub(super) const fn invert(matrix: u64) -> u64 {
    let (mut columns, mut x) = (0, 0u8);
    while x < 255 {
        x += 1;
        let y = apply(matrix, x);
        if y.is_power_of_two() {
            columns |= (x as u64) << (8 * y.trailing_zeros());
        }
    }
    from_columns(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses_invert() {
        for modulus in [SM4, AES] {
            assert_eq!(inverse(0, modulus), 0);
            assert!((1..=255).all(|a| mul(a, inverse(a, modulus), modulus) == 1));
        }
    }

    /// FIPS 197, section 4.2.
    #[test]
    fn products_are_those_of_fips_197() {
        assert_eq!(mul(0x57, 0x83, AES), 0xc1);
        assert_eq!(mul(0x57, 0x13, AES), 0xfe);
    }

    #[test]
    fn maps_do_what_their_names_say() {
        let matrix = circulant(0xa7);
        for x in 0..=255 {
            assert_eq!(apply(IDENTITY, x), x);
            assert_eq!(apply(SHIFT_LEFT_2, x), x << 2);
            assert_eq!(apply(SHIFT_RIGHT_6, x), x >> 6);
            assert_eq!(apply(invert(matrix), apply(matrix, x)), x);
            assert_eq!(apply(compose(matrix, SHIFT_LEFT_2), x), apply(matrix, x << 2));
        }
    }
}
