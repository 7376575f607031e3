//! SM4 on any processor, in constant time: bit-sliced, with the S-box as a boolean circuit and no table at all.
//!
//! Thirty-two blocks go through the rounds at once in eight vectors a word, plane j of them holding bit j of every byte
//! (the layout is told in [`planes`]). Rotating a word by whole bytes is rotating each lane of a plane by 16 places,
//! rotating it by a bit is taking the next plane.
//!
//! The planes are vectors, not integers, for speed, and because dudect told keys apart when they were integers (by 0.03 %
//! of the time on a Zen 4 core, cause unknown) and does not now. See docs/cryptography.md.
//!
//! The S-box's constants are moved into the round keys, so that the circuit is made of XOR and AND alone.
#![expect(clippy::indexing_slicing, reason = "a word has eight planes, and indices run over them")]

pub(super) mod circuit;
mod planes;

use wide::u64x2;
use zeroize::Zeroizing;

use super::schedule::{self, ROUNDS, SBOX_INPUT, SBOX_OUTPUT, words};
use planes::{Blocks, CounterMode, GROUP, PLACE, State, Word};

const BLOCK_LEN: usize = 16;
const GROUP_LEN: usize = GROUP * BLOCK_LEN;

/// Encrypts each block; decrypts with the round keys in reverse.
pub(super) fn encrypt_blocks(rk: &[u32; ROUNDS], blocks: &mut [[u8; BLOCK_LEN]]) {
    if let [block] = blocks {
        return encrypt_block(rk, block);
    }
    let keys = Keys::new(rk);
    let (groups, rest) = blocks.as_chunks_mut();
    groups.iter_mut().for_each(|blocks| *blocks = keys.encrypt(planes::load(blocks)));
    if !rest.is_empty() {
        let mut blocks = [[0; BLOCK_LEN]; GROUP];
        blocks.iter_mut().zip(&*rest).for_each(|(to, from)| *to = *from);
        let blocks = keys.encrypt(planes::load(&blocks));
        rest.iter_mut().zip(blocks).for_each(|(to, from)| *to = from);
    }
}

/// Adds the key stream of counter mode to `data`: the blocks `nonce || counter`, `nonce || counter + 1` and so on,
/// encrypted. The counter is big-endian and wraps at 2^32.
pub(super) fn ctr(rk: &[u32; ROUNDS], nonce: &[u8; 12], mut counter: u32, data: &mut [u8]) {
    let keys = Keys::new(rk);
    let nonce = CounterMode::new(nonce);
    for part in data.chunks_mut(GROUP_LEN) {
        xor(part, keys.encrypt(nonce.blocks(counter)).as_flattened());
        counter = counter.wrapping_add(GROUP as u32);
    }
}

/// One block, its words as they are: less work than a group of one.
fn encrypt_block(rk: &[u32; ROUNDS], block: &mut [u8; BLOCK_LEN]) {
    let [mut x0, mut x1, mut x2, mut x3] = words(block);
    for k in rk {
        let next = x0 ^ schedule::l(schedule::tau(x1 ^ x2 ^ x3 ^ k));
        (x0, x1, x2, x3) = (x1, x2, x3, next);
    }
    let (to, _) = block.as_chunks_mut();
    to.iter_mut().zip([x3, x2, x1, x0]).for_each(|(to, word)| *to = word.to_be_bytes());
}

fn xor(data: &mut [u8], stream: &[u8]) {
    data.iter_mut().zip(stream).for_each(|(data, stream)| *data ^= stream);
}

/// The round keys as planes.
struct Keys(Zeroizing<[[u64; 8]; ROUNDS]>);

impl Keys {
    fn new(rk: &[u32; ROUNDS]) -> Self {
        let mut keys = Zeroizing::new([[0; 8]; ROUNDS]);
        for ((planes, rk), round) in keys.iter_mut().zip(rk).zip(0..) {
            *planes = planes::repeat(rk ^ SBOX_INPUT ^ omitted(round));
        }
        Self(keys)
    }

    fn encrypt(&self, [mut x0, mut x1, mut x2, mut x3]: State) -> Blocks {
        let (keys, _) = self.0.as_chunks();
        for [k0, k1, k2, k3] in keys {
            round(&mut x0, [&x1, &x2, &x3], k0);
            round(&mut x1, [&x2, &x3, &x0], k1);
            round(&mut x2, [&x3, &x0, &x1], k2);
            round(&mut x3, [&x0, &x1, &x2], k3);
        }
        planes::store([x3, x2, x1, x0])
    }
}

/// What is missing from the sum of the three words that enter a round because the rounds before left out the S-box's
/// outer constant.
///
/// A round without it makes a word that lacks `L(constant)`; added to such a word four rounds later, it makes a whole
/// one again. So of the words that the cipher goes through, numbers 4 to 7, 12 to 15 and so on lack it. The last
/// four, 32 to 35, are whole.
fn omitted(round: usize) -> u32 {
    let lacking = (round + 1..=round + 3).filter(|word| word / 4 % 2 == 1).count();
    if lacking % 2 == 1 { schedule::l(SBOX_OUTPUT) } else { 0 }
}

/// One round, but for the S-box's constants: `x ^= L(S(sum of others ^ key))`.
fn round(x: &mut Word, [a, b, c]: [&Word; 3], key: &[u64; 8]) {
    let sum = std::array::from_fn(|bit| a[bit] ^ b[bit] ^ c[bit] ^ u64x2::splat(key[bit]));
    let change = l(circuit::sbox(sum));
    x.iter_mut().zip(change).for_each(|(plane, change)| *plane ^= change);
}

/// The linear transformation L on planes: `(v <<< 24) ^ (w <<< 2)` with `v = s ^ (s <<< 8)` and `w = v ^ (s <<< 16)`.
#[inline(always)]
fn l(s: Word) -> Word {
    let v = s.map(|plane| plane ^ rotate_bytes::<1>(plane));
    let w: Word = std::array::from_fn(|bit| v[bit] ^ rotate_bytes::<2>(s[bit]));
    let [w0, w1, w2, w3, w4, w5, w6, w7] = w;
    let w = [rotate_bytes::<1>(w6), rotate_bytes::<1>(w7), w0, w1, w2, w3, w4, w5];
    std::array::from_fn(|bit| rotate_bytes::<3>(v[bit]) ^ w[bit])
}

/// The plane of the words rotated left by `COUNT` bytes.
#[inline(always)]
fn rotate_bytes<const COUNT: u32>(plane: u64x2) -> u64x2 {
    plane >> (PLACE * COUNT) | plane << (u64::BITS - PLACE * COUNT)
}

#[cfg(test)]
mod tests;
