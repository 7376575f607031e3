//! GHASH with PMULL. The method is that of the PCLMULQDQ kernel.
#![expect(unsafe_code, reason = "calls to functions compiled for these instructions")]

use std::arch::aarch64::*;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::block::{load, reverse, store, swap_halves};
use super::{Aes, Rounds as _};
use crate::sm4::Block;
use crate::sm4::ghash::polyval_key;

/// Blocks between two reductions.
const RUN: usize = 8;

/// H^8 down to H.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::sm4) struct Powers([Block; RUN]);

impl Powers {
    /// The powers of `h`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(h: &Block) -> Option<Self> {
        // SAFETY: the processor has the instructions, as just asked: they come with those for AES.
        Aes::is_available().then(|| unsafe { Self::compute(h) })
    }

    #[target_feature(enable = "neon,aes")]
    fn compute(h: &Block) -> Self {
        let h = load(&polyval_key(h).to_le_bytes());
        let mut power = h;
        let mut powers = Self([Block::default(); RUN]);
        for place in powers.0.iter_mut().rev() {
            store(place, power);
            let mut sum = Sum::new();
            sum.add(power, h);
            power = sum.reduce();
        }
        powers
    }

    /// Hashes `data`, filled up with zeros to whole blocks, into `y`.
    pub(in crate::sm4) fn update(&self, y: &mut Block, data: &[u8]) {
        // SAFETY: `new` asked for the instructions.
        unsafe { self.absorb(y, data) }
    }

    #[target_feature(enable = "neon,aes")]
    fn absorb(&self, y: &mut Block, data: &[u8]) {
        let mut hash = reverse(load(y));
        for run in data.chunks(RUN * 16) {
            let skipped = RUN - run.len().div_ceil(16);
            let mut sum = Sum::new();
            for (block, power) in run.chunks(16).zip(self.0.iter().skip(skipped)) {
                sum.add(veorq_u8(hash, reverse(load_padded(block))), load(power));
                hash = vdupq_n_u8(0);
            }
            hash = sum.reduce();
        }
        store(y, reverse(hash));
    }
}

/// A sum of products, not yet reduced: `low + middle·x^64 + high·x^128`.
struct Sum {
    low: uint8x16_t,
    middle: uint8x16_t,
    high: uint8x16_t,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "neon")]
    fn new() -> Self {
        let zero = vdupq_n_u8(0);
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "neon,aes")]
    fn add(&mut self, block: uint8x16_t, power: uint8x16_t) {
        let crossed = swap_halves(power);
        self.low = veorq_u8(self.low, multiply_low(block, power));
        self.high = veorq_u8(self.high, multiply_high(block, power));
        self.middle = veorq_u8(self.middle, multiply_low(block, crossed));
        self.middle = veorq_u8(self.middle, multiply_high(block, crossed));
    }

    /// Divides by x^128 in POLYVAL's field (RFC 8452, section 3).
    #[inline]
    #[target_feature(enable = "neon,aes")]
    fn reduce(self) -> uint8x16_t {
        let zero = vdupq_n_u8(0);
        let low = veorq_u8(self.low, vextq_u8::<8>(zero, self.middle));
        let high = veorq_u8(self.high, vextq_u8::<8>(self.middle, zero));
        // x^127 + x^126 + x^121, in the low half.
        let polynomial = load(&0xc200_0000_0000_0000_u128.to_le_bytes());
        let low = veorq_u8(swap_halves(low), multiply_low(low, polynomial));
        let low = veorq_u8(swap_halves(low), multiply_low(low, polynomial));
        veorq_u8(low, high)
    }
}

/// The product of the low halves.
#[inline]
#[target_feature(enable = "neon,aes")]
fn multiply_low(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    let [a, b] = [a, b].map(|x| vgetq_lane_u64::<0>(vreinterpretq_u64_u8(x)));
    vreinterpretq_u8_p128(vmull_p64(a, b))
}

/// The product of the high halves.
#[inline]
#[target_feature(enable = "neon,aes")]
fn multiply_high(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    vreinterpretq_u8_p128(vmull_high_p64(vreinterpretq_p64_u8(a), vreinterpretq_p64_u8(b)))
}

/// At most 16 bytes, with zeros behind them.
#[inline]
#[target_feature(enable = "neon")]
fn load_padded(bytes: &[u8]) -> uint8x16_t {
    let mut block = Block::default();
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    load(&block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm4::ghash;
    use crate::sm4::oracle::bytes;

    #[test]
    fn all_lengths_agree_with_the_portable_kernel() {
        for len in 0..400 {
            let h = bytes(len as u64, 16).try_into().unwrap();
            let data = bytes(1000 + len as u64, len);
            let mut y: Block = bytes(2000, 16).try_into().unwrap();
            let mut expected = y;
            Powers::new(&h).expect("this processor has PMULL").update(&mut y, &data);
            ghash::portable::Key::new(&h).update(&mut expected, &data);
            assert_eq!(y, expected, "{len} bytes");
        }
    }
}
