//! GHASH with PCLMULQDQ, a block at a time, for processors without the wide form of the instruction. The method is that
//! of the AVX-512 kernel.
#![expect(
    unsafe_code,
    reason = "register loads and stores; calls to functions compiled for these instructions"
)]

use core::arch::x86_64::*;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::sm4::Block;
use crate::sm4::ghash::polyval_key;

/// Blocks between two reductions.
const RUN: usize = 8;

/// H^8 down to H^1.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::sm4) struct Powers([Block; RUN]);

impl Powers {
    /// The powers of `h`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(h: &Block) -> Option<Self> {
        let available = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("pclmulqdq");
        // SAFETY: the processor has the features, as just asked.
        available.then(|| unsafe { Self::compute(h) })
    }

    #[target_feature(enable = "avx2,pclmulqdq")]
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

    /// Takes `data`, padded with zeros to whole blocks, into the hash `y`.
    pub(in crate::sm4) fn update(&self, y: &mut Block, data: &[u8]) {
        // SAFETY: `new` asked for the features.
        unsafe { self.absorb(y, data) }
    }

    #[target_feature(enable = "avx2,pclmulqdq")]
    fn absorb(&self, y: &mut Block, data: &[u8]) {
        let mut hash = reverse(load(y));
        for run in data.chunks(RUN * 16) {
            let skipped = RUN - run.len().div_ceil(16);
            let mut sum = Sum::new();
            for (block, power) in run.chunks(16).zip(self.0.iter().skip(skipped)) {
                sum.add(_mm_xor_si128(hash, reverse(load_part(block))), load(power));
                hash = _mm_setzero_si128();
            }
            hash = sum.reduce();
        }
        store(y, reverse(hash));
    }
}

/// A sum of products, not yet reduced: `low` + `middle`·x^64 + `high`·x^128.
struct Sum {
    low: __m128i,
    middle: __m128i,
    high: __m128i,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn new() -> Self {
        let zero = _mm_setzero_si128();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn add(&mut self, block: __m128i, power: __m128i) {
        self.low = _mm_xor_si128(self.low, _mm_clmulepi64_si128::<0x00>(block, power));
        self.high = _mm_xor_si128(self.high, _mm_clmulepi64_si128::<0x11>(block, power));
        self.middle = _mm_xor_si128(self.middle, _mm_clmulepi64_si128::<0x01>(block, power));
        self.middle = _mm_xor_si128(self.middle, _mm_clmulepi64_si128::<0x10>(block, power));
    }

    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn reduce(self) -> __m128i {
        // x^127 + x^126 + x^121, the middle terms of POLYVAL's polynomial, in the low half.
        let poly = _mm_set_epi64x(0, 0xc200_0000_0000_0000_u64 as i64);
        let low = _mm_xor_si128(self.low, _mm_bslli_si128::<8>(self.middle));
        let high = _mm_xor_si128(self.high, _mm_bsrli_si128::<8>(self.middle));
        let fold = _mm_clmulepi64_si128::<0x00>(low, poly);
        let low = _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(low), fold);
        let fold = _mm_clmulepi64_si128::<0x00>(low, poly);
        _mm_xor_si128(_mm_xor_si128(_mm_shuffle_epi32::<0x4e>(low), high), fold)
    }
}

/// Reverses the bytes of a block.
#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn reverse(block: __m128i) -> __m128i {
    _mm_shuffle_epi8(block, _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0))
}

#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn load(block: &Block) -> __m128i {
    // SAFETY: `block` is 16 readable bytes, and the load asks for no alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

/// At most 16 bytes, with zeros behind them.
#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn load_part(bytes: &[u8]) -> __m128i {
    if let Ok(block) = bytes.try_into() {
        return load(block);
    }
    let mut block = Block::default();
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    load(&block)
}

#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn store(block: &mut Block, value: __m128i) {
    // SAFETY: `block` is 16 writable bytes, and the store asks for no alignment.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) }
}
