//! SM4 by its definition, one block at a time with the S-box computed from the field, and the checks that every kernel
//! must pass against it.

use super::schedule::{self, ROUNDS, l, sbox, words};

/// Bytes that look like no pattern.
pub(super) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// GB/T 32907-2016, section 7.1.
pub(super) struct Definition([u8; 256]);

impl Definition {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|x| sbox(x as u8)))
    }

    pub(super) fn encrypt(&self, rk: &[u32; ROUNDS], block: [u8; 16]) -> [u8; 16] {
        let tau = |x: u32| u32::from_be_bytes(x.to_be_bytes().map(|byte| self.0[usize::from(byte)]));
        let mut x = words(&block);
        for k in rk {
            x = [x[1], x[2], x[3], x[0] ^ l(tau(x[1] ^ x[2] ^ x[3] ^ k))];
        }
        x.reverse();
        x.map(u32::to_be_bytes).concat().try_into().unwrap()
    }

    fn key_stream(&self, rk: &[u32; ROUNDS], nonce: &[u8; 12], counter: u32, len: usize) -> Vec<u8> {
        let blocks = (0..len.div_ceil(16) as u32).flat_map(|i| {
            let counter = counter.wrapping_add(i).to_be_bytes();
            self.encrypt(rk, [nonce.as_slice(), &counter].concat().try_into().unwrap())
        });
        blocks.take(len).collect()
    }
}

/// How far apart cases are: all are tried, but for Miri, which takes a thousand times as long.
pub(super) const fn step(under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { 1 }
}

fn round_keys(seed: u64) -> [u32; ROUNDS] {
    *schedule::expand(&bytes(seed, 16).try_into().unwrap())
}

/// Checks `encrypt_blocks` on every number of blocks that can end a batch in its own way, there and back.
pub(super) fn check_blocks(encrypt_blocks: impl Fn(&[u32; ROUNDS], &mut [[u8; 16]])) {
    let definition = Definition::new();
    for count in (0..=140).step_by(step(47)) {
        let rk = round_keys(count as u64);
        let plain = bytes(1000 + count as u64, 16 * count);
        let (plain, _) = plain.as_chunks();
        let expected: Vec<_> = plain.iter().map(|block| definition.encrypt(&rk, *block)).collect();
        let mut blocks = plain.to_vec();
        encrypt_blocks(&rk, &mut blocks);
        assert_eq!(blocks, expected, "{count} blocks");
        let mut reversed = rk;
        reversed.reverse();
        encrypt_blocks(&reversed, &mut blocks);
        assert_eq!(blocks, plain, "{count} blocks back");
    }
}

/// Checks `ctr` on every length up to more than two batches, on every alignment, with the counter wrapping.
pub(super) fn check_ctr(ctr: impl Fn(&[u32; ROUNDS], &[u8; 12], u32, &mut [u8])) {
    const MOST: usize = 2200;
    let definition = Definition::new();
    let rk = round_keys(1);
    let nonce = bytes(2, 12).try_into().unwrap();
    let data = bytes(3, MOST + 16);
    for counter in [0, 0xfffe_ff80, u32::MAX - 70, u32::MAX] {
        let stream = definition.key_stream(&rk, &nonce, counter, MOST);
        for len in (0..=MOST).step_by(step(733)) {
            let mut buffer = data.clone();
            let start = len % 16;
            let part = &mut buffer[start..start + len];
            ctr(&rk, &nonce, counter, part);
            let expected = data[start..].iter().zip(&stream).take(len).map(|(data, stream)| data ^ stream);
            assert!(part.iter().copied().eq(expected), "{len} bytes from counter {counter:#x}");
            assert_eq!(buffer[..start], data[..start]);
            assert_eq!(buffer[start + len..], data[start + len..]);
        }
    }
}

/// The oracle itself, against RustCrypto's implementation.
#[test]
fn the_definition_agrees_with_rustcrypto() {
    use cipher::{BlockCipherEncrypt, KeyInit};

    let definition = Definition::new();
    for seed in (0..200).step_by(step(50)) {
        let key: [u8; 16] = bytes(seed, 16).try_into().unwrap();
        let block: [u8; 16] = bytes(1000 + seed, 16).try_into().unwrap();
        let mut expected = block.into();
        sm4::Sm4::new(&key.into()).encrypt_block(&mut expected);
        assert_eq!(definition.encrypt(&schedule::expand(&key), block), <[u8; 16]>::from(expected));
    }
}

/// The oracle itself, against the published answers.
#[test]
fn the_definition_gives_the_published_answers() {
    let file = include_str!("../../tests/vectors/sm4_block.txt");
    let field = |case: &str, name: &str| {
        let line = case.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.unwrap().to_owned()
    };
    let bytes = |case: &str, name: &str| hex::decode(field(case, name)).unwrap();
    let definition = Definition::new();
    for case in file.split("\n\n") {
        let rk = schedule::expand(&bytes(case, "key").try_into().unwrap());
        let plaintext = bytes(case, "plaintext");
        let iterations: u32 = field(case, "iterations").parse().unwrap();
        if cfg!(miri) && iterations > 1 {
            continue;
        }
        let (blocks, _) = plaintext.as_chunks();
        let encrypted: Vec<u8> = blocks
            .iter()
            .flat_map(|block| (0..iterations).fold(*block, |block, _| definition.encrypt(&rk, block)))
            .collect();
        assert_eq!(encrypted, bytes(case, "ciphertext"), "{}", field(case, "name"));
    }
}
