//! SM4 in cipher block chaining mode (GB/T 17964-2021) with the padding of RFC 8018, section 6.1.1.
//!
//! For key files and for envelopes in forms that others read. CBC authenticates nothing and must not be used where
//! an attacker can have altered data decrypted again and again.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};
use zeroize::Zeroizing;

use super::{BLOCK_LEN, Block, Cipher, KEY_LEN};

pub(crate) fn encrypt(key: &[u8; KEY_LEN], iv: &Block, plaintext: &[u8]) -> Vec<u8> {
    let padding = BLOCK_LEN - plaintext.len() % BLOCK_LEN;
    // Of its full length at once, so that no outgrown copy stays behind in memory.
    let mut data = Vec::with_capacity(plaintext.len() + padding);
    data.extend_from_slice(plaintext);
    data.resize(plaintext.len() + padding, padding as u8);
    let (cipher, mut previous) = (Cipher::new(key), *iv);
    for block in data.as_chunks_mut().0 {
        xor(block, &previous);
        cipher.encrypt_block(block);
        previous = *block;
    }
    data
}

/// `None` if the length or the padding is wrong. Time depends on the length alone.
pub(crate) fn decrypt(key: &[u8; KEY_LEN], iv: &Block, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut data = Zeroizing::new(ciphertext.to_vec());
    let (blocks, []) = data.as_chunks_mut() else { return None };
    Cipher::new(key).decrypt_blocks(blocks);
    let previous = std::iter::once(iv).chain(ciphertext.as_chunks().0);
    blocks.iter_mut().zip(previous).for_each(|(block, previous)| xor(block, previous));
    let padding = padding(data.last_chunk()?)?;
    let len = data.len() - padding;
    data.truncate(len);
    Some(data)
}

fn xor(block: &mut Block, other: &Block) {
    block.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}

/// How many bytes at the end are padding: that many bytes of that value, at least one.
fn padding(last: &Block) -> Option<usize> {
    let [.., count] = *last;
    let mut good = !count.ct_eq(&0) & !count.ct_gt(&(BLOCK_LEN as u8));
    for (from_end, byte) in (0u8..).zip(last.iter().rev()) {
        let is_padding = count.ct_gt(&from_end);
        good &= Choice::conditional_select(&Choice::from(1), &byte.ct_eq(&count), is_padding);
    }
    bool::from(good).then_some(usize::from(count))
}
