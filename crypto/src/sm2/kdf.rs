//! The key derivation function of SM2 (GB/T 32918.4-2016, 5.4.3; GB/T 32918.3-2016, 5.4.3): SM3 in counter
//! mode.

use zeroize::Zeroizing;

use crate::{CryptoError, sm3};

/// Most bytes from one secret: the counter has 32 bits and starts at 1.
const MAX_LEN: u64 = (u32::MAX as u64) * sm3::DIGEST_LEN as u64;

/// `len` bytes derived from the parts of a secret, one part after another.
///
/// # Errors
/// [`CryptoError::TooLong`] above (2^32 - 1) * 32 bytes.
pub(super) fn derive(secret: &[&[u8]], len: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if len as u64 > MAX_LEN {
        return Err(CryptoError::TooLong("the key to derive"));
    }
    let mut seeded = sm3::Hasher::new();
    secret.iter().for_each(|part| seeded.update(part));
    let mut out = Zeroizing::new(vec![0; len]);
    for (counter, chunk) in (1u32..).zip(out.chunks_mut(sm3::DIGEST_LEN)) {
        let mut hasher = seeded.clone();
        hasher.update(&counter.to_be_bytes());
        let block = Zeroizing::new(hasher.finish().0);
        chunk.iter_mut().zip(block.iter()).for_each(|(to, from)| *to = *from);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_is_the_hash_of_secret_and_counter() {
        let out = derive(&[b"sec", b"ret"], 70).unwrap();
        let block = |counter: u8| sm3::digest(&[b"secret\0\0\0".as_slice(), &[counter]].concat()).0;
        assert_eq!(*out, [block(1).as_slice(), &block(2), &block(3)[..6]].concat());
    }

    #[test]
    fn a_shorter_output_is_a_prefix() {
        let long = derive(&[b"secret"], 100).unwrap();
        for len in [0, 1, 31, 32, 33, 64, 99] {
            assert_eq!(*derive(&[b"secret"], len).unwrap(), long[..len]);
        }
    }

    #[test]
    fn more_than_the_counter_can_count_is_refused() {
        let too_long = usize::try_from(MAX_LEN + 1).unwrap();
        assert_eq!(derive(&[b"secret"], too_long).err(), Some(CryptoError::TooLong("the key to derive")));
    }
}
