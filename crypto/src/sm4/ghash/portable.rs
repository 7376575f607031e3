//! GHASH (NIST SP 800-38D, section 6.4) by integer multiplication alone, in constant time: no table of products and no
//! branch. It relies on the processor's 64×64-bit multiplication taking the same time for all operands, as it does on
//! current x86-64 and 64-bit Arm cores.
//!
//! A polynomial over GF(2) is multiplied by an integer multiplication if its coefficients are so far apart that the
//! sums of products cannot reach one another. So each 64-bit factor is split into five, of every fifth bit: at most 13
//! products meet in one place, their sum takes four bits, and the fifth place after it stays out of reach. The lowest
//! bit of each sum is the coefficient.
//!
//! Elements are taken as 128-bit numbers, first byte highest, so their bits run opposite to the standard's. The product
//! of reversed polynomials is one place short; the key makes up for it, being multiplied by x beforehand. Reduction
//! then divides by x^128, bit for bit as in POLYVAL (RFC 8452, section 3).

use zeroize::{Zeroize, ZeroizeOnDrop};

const BLOCK_LEN: usize = 16;
/// Blocks between two reductions.
const BATCH: usize = 4;
/// Distance of the coefficients in a split factor.
const SPACING: usize = 5;

/// Every fifth bit of 128, from bit 0 on.
const EVERY_FIFTH: u128 = every_fifth();

const fn every_fifth() -> u128 {
    let (mut mask, mut bit) = (0, 0);
    while bit < 128 {
        mask |= 1 << bit;
        bit += SPACING;
    }
    mask
}

/// A hash key, made ready. Wiped from memory when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::sm4) struct Key {
    /// H^4, H^3, H^2, H.
    powers: [Factor; BATCH],
}

impl Key {
    /// The key `h`: the block cipher at zero.
    pub(in crate::sm4) fn new(h: &[u8; BLOCK_LEN]) -> Self {
        let h = times_x(u128::from_be_bytes(*h));
        let factor = Factor::new(h);
        let mut power = h;
        let mut powers = std::array::from_fn(|_| {
            let this = Factor::new(power);
            power = sum_of_products(&[power], std::slice::from_ref(&factor));
            this
        });
        power.zeroize();
        powers.reverse();
        Self { powers }
    }

    /// Hashes `data`, filled up with zeros to whole blocks, into `y`.
    pub(in crate::sm4) fn update(&self, y: &mut [u8; BLOCK_LEN], data: &[u8]) {
        let mut hash = u128::from_be_bytes(*y);
        for part in data.chunks(BATCH * BLOCK_LEN) {
            let mut blocks = [0; BATCH];
            for (block, bytes) in blocks.iter_mut().zip(part.chunks(BLOCK_LEN)) {
                *block = padded(bytes);
            }
            blocks[0] ^= hash;
            let count = part.len().div_ceil(BLOCK_LEN);
            let (blocks, _) = blocks.split_at(count);
            let (_, powers) = self.powers.split_at(BATCH - count);
            hash = sum_of_products(blocks, powers);
        }
        *y = hash.to_be_bytes();
    }
}

/// The constant factor of products, split for multiplication by Karatsuba's rule.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Factor {
    low: SplitTwice,
    high: SplitTwice,
    /// Of the sum of both halves.
    sum: SplitTwice,
}

/// What has its coefficients at every fifth bit from bit 0, 1, 2, 3 and 4 on.
type Split = [u64; SPACING];
/// The parts 4, 3, 2, 1, 0, 4, 3, 2, 1: those that make part k of a product with the parts 0 to 4 of another factor
/// stand side by side.
type SplitTwice = [u64; 2 * SPACING - 1];

impl Factor {
    fn new(value: u128) -> Self {
        let (low, high) = halves(value);
        Self { low: split_twice(low), high: split_twice(high), sum: split_twice(low ^ high) }
    }
}

/// The number of a block, or of the block that begins with less than 16 bytes and is zero after them.
fn padded(bytes: &[u8]) -> u128 {
    let mut block = [0; BLOCK_LEN];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u128::from_be_bytes(block)
}

/// The sum of `block · factor` over both lists, which have the same length, divided by x^128.
fn sum_of_products(blocks: &[u128], factors: &[Factor]) -> u128 {
    let mut parts = [[[0; SPACING]; 3]; BATCH];
    for (parts, block) in parts.iter_mut().zip(blocks) {
        let (low, high) = halves(*block);
        *parts = [low, high, low ^ high].map(split);
    }
    let pairs = || parts.iter().zip(factors);
    let low = product(pairs().map(|([low, _, _], factor)| (low, &factor.low)));
    let high = product(pairs().map(|([_, high, _], factor)| (high, &factor.high)));
    let middle = product(pairs().map(|([_, _, sum], factor)| (sum, &factor.sum))) ^ low ^ high;
    reduce(low ^ middle << 64, high ^ middle >> 64)
}

/// The sum of the 128-bit products of pairs.
fn product<'a>(pairs: impl Iterator<Item = (&'a Split, &'a SplitTwice)> + Clone) -> u128 {
    let mut product = 0;
    for k in 0..SPACING {
        let mut sum = 0;
        for (x, y) in pairs.clone() {
            let (_, y) = y.split_at(SPACING - 1 - k);
            for (x, y) in x.iter().zip(y) {
                sum ^= u128::from(*x) * u128::from(*y);
            }
        }
        product |= sum & EVERY_FIFTH << k;
    }
    product
}

fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

fn split(value: u64) -> Split {
    std::array::from_fn(|k| value & (EVERY_FIFTH << k) as u64)
}

fn split_twice(value: u64) -> SplitTwice {
    std::array::from_fn(|i| value & (EVERY_FIFTH << ((2 * SPACING - 1 - i) % SPACING)) as u64)
}

/// `high·x^128 + low`, divided by x^128 in the field of x^128 + x^127 + x^126 + x^121 + 1.
fn reduce(mut low: u128, high: u128) -> u128 {
    // A multiple of the polynomial clears the lower half of `low`; what it adds to the upper half comes first.
    let below = |value: u64| value << 63 ^ value << 62 ^ value << 57;
    low ^= u128::from(below(low as u64)) << 64;
    high ^ low ^ low >> 1 ^ low >> 2 ^ low >> 7
}

/// `value · x` in the same field.
fn times_x(value: u128) -> u128 {
    let carry = 0u128.wrapping_sub(value >> 127);
    value << 1 ^ carry & (0xc2 << 120 | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm4::oracle::bytes;

    /// The product by the standard's own algorithm (SP 800-38D, section 6.3): bit 0 is the highest.
    fn times(x: u128, y: u128) -> u128 {
        let mut product = 0;
        let mut v = y;
        for i in (0..128).rev() {
            product ^= if x >> i & 1 == 1 { v } else { 0 };
            v = v >> 1 ^ if v & 1 == 1 { 0xe1 << 120 } else { 0 };
        }
        product
    }

    fn expected(h: &[u8; 16], y: [u8; 16], data: &[u8]) -> [u8; 16] {
        let h = u128::from_be_bytes(*h);
        let hash = data.chunks(16).fold(u128::from_be_bytes(y), |hash, part| times(hash ^ padded(part), h));
        hash.to_be_bytes()
    }

    #[test]
    fn all_lengths_agree_with_the_definition() {
        for len in (0..=200).step_by(if cfg!(miri) { 40 } else { 1 }) {
            let h = bytes(len as u64, 16).try_into().unwrap();
            let data = bytes(1000 + len as u64, len);
            let mut y = bytes(2000, 16).try_into().unwrap();
            let expected = expected(&h, y, &data);
            Key::new(&h).update(&mut y, &data);
            assert_eq!(y, expected, "{len} bytes");
        }
    }

    /// All coefficients set is where the sums of products are greatest.
    #[test]
    fn full_factors_do_not_carry_over() {
        let ones = [0xff; 16];
        for h in [ones, [0; 16], [0x80; 16], 1u128.to_be_bytes(), (1u128 << 127).to_be_bytes()] {
            let mut y = ones;
            Key::new(&h).update(&mut y, &[0xff; 80]);
            assert_eq!(y, expected(&h, ones, &[0xff; 80]));
        }
    }

    #[test]
    fn pieces_of_whole_blocks_make_one_hash() {
        let key = Key::new(&[0x5a; 16]);
        let data = bytes(7, 16 * 9 + 5);
        let (mut whole, mut pieces) = ([0; 16], [0; 16]);
        key.update(&mut whole, &data);
        let (first, rest) = data.split_at(16 * 3);
        key.update(&mut pieces, first);
        key.update(&mut pieces, rest);
        assert_eq!(whole, pieces);
    }
}
