//! Repeatable randomness for models that were granted it.

use sm3::{Digest, Sm3};

/// Separates this use of a seed from any other.
const LABEL: &[u8] = b"qianmo model random v1";

/// Block `i` of the stream is SM3(label ‖ seed ‖ i), `i` as 8 bytes, big-endian.
pub(super) struct Random {
    seed: [u8; 32],
    next_block: u64,
    rest: Vec<u8>,
    given: u64,
}

impl Random {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { seed, next_block: 0, rest: Vec::new(), given: 0 }
    }

    /// Bytes given out so far.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// The next `len` bytes of the stream, however the calls cut it.
    pub(super) fn take(&mut self, len: usize) -> Vec<u8> {
        while self.rest.len() < len {
            let hash = Sm3::new().chain_update(LABEL).chain_update(self.seed);
            self.rest.extend_from_slice(&hash.chain_update(self.next_block.to_be_bytes()).finalize());
            self.next_block += 1;
        }
        self.given += len as u64;
        let rest = self.rest.split_off(len);
        std::mem::replace(&mut self.rest, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_does_not_depend_on_how_it_is_cut() {
        let whole = Random::new([7; 32]).take(100);
        let mut random = Random::new([7; 32]);
        let pieces: Vec<u8> = [1, 0, 31, 33, 35].into_iter().flat_map(|len| random.take(len)).collect();
        assert_eq!(pieces, whole);
        assert_eq!(random.given(), 100);
        assert_ne!(Random::new([8; 32]).take(100), whole);
    }
}
