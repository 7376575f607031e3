//! SM4 on any processor, in constant time: bit-sliced, with the S-box as a boolean circuit and no table at all.
//!
//! Sixteen blocks go through the rounds at once in eight `u64` a word, plane j of them holding bit j of every byte
//! (the layout is told in [`planes`]). Rotating a word by whole bytes is rotating each plane by 16 places, rotating it by
//! a bit is taking the next plane. Longer data takes several such groups side by side, which compilers turn into vector
//! instructions where the target has them.
//!
//! The S-box's constants are moved into the round keys, so that the circuit is made of XOR and AND alone.
#![expect(clippy::indexing_slicing, reason = "a word has eight planes, and indices run over them")]

pub(super) mod circuit;
mod planes;

use zeroize::Zeroizing;

use super::schedule::{self, ROUNDS, SBOX_INPUT, SBOX_OUTPUT, words};
use planes::{Blocks, CounterMode, GROUP, State, Word};

const BLOCK_LEN: usize = 16;
const GROUP_LEN: usize = GROUP * BLOCK_LEN;
/// Groups that long data takes at once.
const WIDE: usize = 4;

/// Encrypts each block; decrypts with the round keys in reverse.
pub(super) fn encrypt_blocks(rk: &[u32; ROUNDS], blocks: &mut [[u8; BLOCK_LEN]]) {
    if let [block] = blocks {
        return encrypt_block(rk, block);
    }
    let keys = Keys::new(rk);
    let (wide, rest) = blocks.as_chunks_mut::<GROUP>();
    let (wide, groups) = wide.as_chunks_mut::<WIDE>();
    wide.iter_mut().for_each(|blocks| *blocks = keys.encrypt(planes::load(blocks)));
    for blocks in groups {
        [*blocks] = keys.encrypt(planes::load(&[*blocks]));
    }
    if !rest.is_empty() {
        let mut blocks = [[0; BLOCK_LEN]; GROUP];
        blocks.iter_mut().zip(&*rest).for_each(|(to, from)| *to = *from);
        let [blocks] = keys.encrypt(planes::load(&[blocks]));
        rest.iter_mut().zip(blocks).for_each(|(to, from)| *to = from);
    }
}

/// Adds the key stream of counter mode to `data`: the blocks `nonce || counter`, `nonce || counter + 1` and so on,
/// encrypted. The counter is big-endian and wraps at 2^32.
pub(super) fn ctr(rk: &[u32; ROUNDS], nonce: &[u8; 12], mut counter: u32, data: &mut [u8]) {
    let keys = Keys::new(rk);
    let nonce = CounterMode::new(nonce);
    let (wide, rest) = data.as_chunks_mut::<{ WIDE * GROUP_LEN }>();
    for part in wide {
        xor(part, keys.encrypt(nonce.blocks::<WIDE>(counter)).as_flattened().as_flattened());
        counter = counter.wrapping_add((WIDE * GROUP) as u32);
    }
    for part in rest.chunks_mut(GROUP_LEN) {
        xor(part, keys.encrypt(nonce.blocks::<1>(counter)).as_flattened().as_flattened());
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

    fn encrypt<const N: usize>(&self, [mut x0, mut x1, mut x2, mut x3]: State<N>) -> Blocks<N> {
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
///
/// A loop over lanes is what compilers see vector instructions in.
fn round<const N: usize>(x: &mut Word<N>, [a, b, c]: [&Word<N>; 3], key: &[u64; 8]) {
    for lane in 0..N {
        let sum = std::array::from_fn(|bit| a[bit][lane] ^ b[bit][lane] ^ c[bit][lane] ^ key[bit]);
        let change = l(circuit::sbox(sum));
        x.iter_mut().zip(change).for_each(|(plane, change)| plane[lane] ^= change);
    }
}

/// The linear transformation L on planes: `(v <<< 24) ^ (w <<< 2)` with `v = s ^ (s <<< 8)` and `w = v ^ (s <<< 16)`.
#[inline(always)]
fn l(s: [u64; 8]) -> [u64; 8] {
    let v = s.map(|plane| plane ^ rotate_bytes(plane, 1));
    let w: [u64; 8] = std::array::from_fn(|bit| v[bit] ^ rotate_bytes(s[bit], 2));
    let [w0, w1, w2, w3, w4, w5, w6, w7] = w;
    let w = [rotate_bytes(w6, 1), rotate_bytes(w7, 1), w0, w1, w2, w3, w4, w5];
    std::array::from_fn(|bit| rotate_bytes(v[bit], 3) ^ w[bit])
}

/// The plane of the words rotated left by `count` bytes.
#[inline(always)]
fn rotate_bytes(plane: u64, count: u32) -> u64 {
    plane.rotate_left(GROUP as u32 * count)
}

#[cfg(test)]
mod tests;
