//! SM4's definition (GB/T 32907-2016): S-box, linear transformations and key schedule.
//!
//! The schedule takes the S-box of key bytes by the boolean circuit of [`super::portable`], never from a table, so that
//! its time and its memory accesses do not depend on the key.

use zeroize::Zeroizing;

use super::field;
use super::portable::circuit;

/// Rounds of the cipher, and so words of its key schedule.
pub(super) const ROUNDS: usize = 32;

/// The matrix A of the S-box `A·inverse(A·x + c) + c`.
pub(super) const AFFINE: u64 = field::circulant(0xa7);
/// The constant c of the S-box.
pub(super) const AFFINE_CONST: u8 = 0xd3;

/// What to add to each byte so that the S-box's inner map becomes linear: A·x + c = A·(x + A⁻¹·c).
pub(super) const SBOX_INPUT: u32 = repeat(field::apply(field::invert(AFFINE), AFFINE_CONST));
/// What the S-box adds to each byte of its output.
pub(super) const SBOX_OUTPUT: u32 = repeat(AFFINE_CONST);

/// The system parameter FK (section 7.3 a).
pub(super) const FK: [u32; 4] = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc];

/// The S-box at `x`, from its definition. For tests and constants: slow, and not constant-time.
#[cfg(test)]
pub(super) const fn sbox(x: u8) -> u8 {
    let inner = field::apply(AFFINE, x) ^ AFFINE_CONST;
    field::apply(AFFINE, field::inverse(inner, field::SM4)) ^ AFFINE_CONST
}

/// The round keys, in the order of encryption. Wiped when dropped.
pub(super) type RoundKeys = Zeroizing<[u32; ROUNDS]>;

/// The round keys of `key`. Decryption takes them in reverse.
pub(super) fn expand(key: &[u8; 16]) -> RoundKeys {
    expand_with(key, tau)
}

/// The round keys of `key`; `tau` is the S-box on each byte of a word, in the way of a kernel.
#[inline(always)]
pub(super) fn expand_with(key: &[u8; 16], tau: impl Fn(u32) -> u32) -> RoundKeys {
    let mut round_keys = Zeroizing::new([0; ROUNDS]);
    let mut key = Zeroizing::new(words(key));
    key.iter_mut().zip(FK).for_each(|(word, fk)| *word ^= fk);
    let [mut k0, mut k1, mut k2, mut k3] = *key;
    for (round_key, i) in round_keys.iter_mut().zip(0..) {
        let next = k0 ^ key_l(tau(k1 ^ k2 ^ k3 ^ ck(i)));
        (k0, k1, k2, k3) = (k1, k2, k3, next);
        *round_key = next;
    }
    round_keys
}

/// The round keys for decryption.
pub(super) fn reversed(round_keys: &RoundKeys) -> RoundKeys {
    let mut round_keys = round_keys.clone();
    round_keys.reverse();
    round_keys
}

/// The four words of a block.
pub(super) fn words(block: &[u8; 16]) -> [u32; 4] {
    let mut words = [[0; 4]; 4];
    words.as_flattened_mut().copy_from_slice(block);
    words.map(u32::from_be_bytes)
}

/// The fixed parameter CK at `i` (section 7.3 b): byte j is 7·(4i + j) modulo 256.
///
/// Not a table: with one, the portable key expansion's time differed by 0.0045 % between zeros and another key in nine of
/// nine processes, cause unknown (dudect, Zen 4); as it is, in none of twelve.
pub(super) const fn ck(i: u8) -> u32 {
    let first = i.wrapping_mul(28);
    u32::from_be_bytes([first, first.wrapping_add(7), first.wrapping_add(14), first.wrapping_add(21)])
}

/// The S-box on each byte of a word (section 6.2 a).
pub(super) fn tau(word: u32) -> u32 {
    // Bit i of each byte, moved to the lowest place; the other places hold bits that the mask below drops.
    let planes = std::array::from_fn(|i| (word ^ SBOX_INPUT) >> i);
    let planes = circuit::sbox(planes);
    planes.iter().zip(0..).fold(SBOX_OUTPUT, |word, (plane, i)| word ^ (plane & repeat(1)) << i)
}

/// The linear transformation L of the rounds (section 6.2 b).
pub(super) const fn l(b: u32) -> u32 {
    b ^ b.rotate_left(2) ^ b.rotate_left(10) ^ b.rotate_left(18) ^ b.rotate_left(24)
}

/// The linear transformation L' of the key schedule (section 7.3).
const fn key_l(b: u32) -> u32 {
    b ^ b.rotate_left(13) ^ b.rotate_left(23)
}

const fn repeat(byte: u8) -> u32 {
    u32::from_be_bytes([byte; 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GB/T 32907-2016, table 1: first row, last row, and the standard's example.
    #[test]
    fn the_sbox_is_the_standards() {
        let row = |high: u8| std::array::from_fn(|low| sbox(high << 4 | low as u8));
        let first = *b"\xd6\x90\xe9\xfe\xcc\xe1\x3d\xb7\x16\xb6\x14\xc2\x28\xfb\x2c\x05";
        let last = *b"\x18\xf0\x7d\xec\x3a\xdc\x4d\x20\x79\xee\x5f\x3e\xd7\xcb\x39\x48";
        assert_eq!((row(0), row(15), sbox(0xef)), (first, last, 0x84));
    }

    #[test]
    fn tau_is_the_sbox_on_each_byte() {
        for x in 0..=255u8 {
            let bytes = [x, !x, x.rotate_left(3), x.wrapping_mul(5)];
            assert_eq!(tau(u32::from_be_bytes(bytes)).to_be_bytes(), bytes.map(sbox));
        }
    }

    /// GB/T 32907-2016, annex A.1.
    #[test]
    fn round_keys_are_those_of_annex_a() {
        let key = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";
        let round_keys = expand(&key);
        assert_eq!(round_keys[..4], [0xf121_86f9, 0x4166_2b61, 0x5a6a_b19a, 0x7ba9_2077]);
        assert_eq!(round_keys[28..], [0x428d_3654, 0x6229_3496, 0x01cf_72e5, 0x9124_a012]);
    }

    #[test]
    fn ck_is_the_standards() {
        assert_eq!([ck(0), ck(1), ck(31)], [0x0007_0e15, 0x1c23_2a31, 0x646b_7279]);
    }
}
