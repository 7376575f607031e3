//! One block at a time: a QUIC header mask, a hash key.
//!
//! Latency is all that counts here: the state words lie in one lane of a register each, and a third inversion (for M1)
//! replaces an addition that others would wait for. From one round to the next it is an inversion, a rotation and the
//! sums of `round`, in the order in which their terms are ready.

use core::arch::asm;
use core::arch::x86_64::*;

use super::{M0, M0_ADD, M3, PRE, UNPRE};
use crate::sm4::Block;

/// The words, and the sum that goes into the S-box.
type State = ([__m128i; 4], __m128i);

/// Defines `crypt_block` for a set of instructions, with what is in scope for sums of three terms and for rotations.
macro_rules! crypt_block {
    ($features:literal) => {
        /// Encrypts one block; with the keys in reverse order, decrypts it.
        #[target_feature(enable = $features)]
        pub(in crate::sm4::x86) fn crypt_block(keys: &[u32; 32], block: &mut Block) {
            let rotate = Rotations::new();
            let [first, ..] = keys;
            let x @ [_, x1, x2, x3] = words(block);
            let mut state = (x, _mm_xor_si128(x1, xor3(x2, x3, word(*first))));
            for (four, [_, k1, k2, k3]) in keys.as_chunks().0.iter().enumerate() {
                let k4 = keys.get(4 * four + 4).copied().unwrap_or(0);
                for next in [*k1, *k2, *k3, k4] {
                    state = round(state, next, &rotate);
                }
            }
            *block = bytes(state.0);
        }

        /// A round. Takes the words and what goes into the S-box, gives those of the next round, whose key is `next`.
        #[inline]
        #[target_feature(enable = $features)]
        fn round(([x0, x1, x2, x3], t): State, next: u32, rotate: &Rotations) -> State {
            let b = _mm_gf2p8affineinv_epi64_epi8::<0>(t, _mm_set1_epi64x(M0 ^ M3));
            let c = _mm_gf2p8affineinv_epi64_epi8::<0>(t, _mm_set1_epi64x(M3));
            let a = _mm_gf2p8affineinv_epi64_epi8::<M0_ADD>(t, _mm_set1_epi64x(M0));
            let others = pin(xor3(x2, x3, word(next)));
            let early = pin(xor3(x0, others, a));
            let most = pin(xor3(early, rotate.by_8(b), rotate.by_16(b)));
            let t = _mm_xor_si128(most, rotate.by_24(c));
            ([x1, x2, x3, _mm_xor_si128(t, others)], t)
        }
    };
}

pub(in crate::sm4::x86) mod avx2 {
    //! With AVX2.

    use super::super::{ROTATE_8, ROTATE_16, rotation};
    use super::*;

    crypt_block!("gfni,avx2");

    #[inline]
    #[target_feature(enable = "gfni,avx2")]
    fn xor3(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
        _mm_xor_si128(_mm_xor_si128(a, b), c)
    }

    /// Byte selectors.
    struct Rotations {
        by_8: __m128i,
        by_16: __m128i,
        by_24: __m128i,
    }

    impl Rotations {
        #[inline]
        #[target_feature(enable = "gfni,avx2")]
        fn new() -> Self {
            Self { by_8: rotation(ROTATE_8), by_16: rotation(ROTATE_16), by_24: rotation(ROTATE_24) }
        }

        #[inline]
        #[target_feature(enable = "gfni,avx2")]
        fn by_8(&self, x: __m128i) -> __m128i {
            _mm_shuffle_epi8(x, self.by_8)
        }

        #[inline]
        #[target_feature(enable = "gfni,avx2")]
        fn by_16(&self, x: __m128i) -> __m128i {
            _mm_shuffle_epi8(x, self.by_16)
        }

        #[inline]
        #[target_feature(enable = "gfni,avx2")]
        fn by_24(&self, x: __m128i) -> __m128i {
            _mm_shuffle_epi8(x, self.by_24)
        }
    }
}

pub(in crate::sm4::x86) mod avx512 {
    //! With AVX-512's sums of three terms and its rotations.

    use super::*;

    crypt_block!("gfni,avx512f,avx512vl");

    #[inline]
    #[target_feature(enable = "gfni,avx512f,avx512vl")]
    fn xor3(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
        _mm_ternarylogic_epi32::<0x96>(a, b, c)
    }

    struct Rotations;

    impl Rotations {
        #[inline]
        #[target_feature(enable = "gfni,avx512f,avx512vl")]
        fn new() -> Self {
            Self
        }

        #[inline]
        #[target_feature(enable = "gfni,avx512f,avx512vl")]
        fn by_8(&self, x: __m128i) -> __m128i {
            _mm_rol_epi32::<8>(x)
        }

        #[inline]
        #[target_feature(enable = "gfni,avx512f,avx512vl")]
        fn by_16(&self, x: __m128i) -> __m128i {
            _mm_rol_epi32::<16>(x)
        }

        #[inline]
        #[target_feature(enable = "gfni,avx512f,avx512vl")]
        fn by_24(&self, x: __m128i) -> __m128i {
            _mm_rol_epi32::<24>(x)
        }
    }
}

/// Of the rotations that kernels make by byte selectors, the one that only single blocks need.
const ROTATE_24: i32 = 0x0003_0201;

#[inline]
#[target_feature(enable = "gfni,avx2")]
fn word(word: u32) -> __m128i {
    _mm_cvtsi32_si128(word as i32)
}

/// The same value, as the compiler sees it an unknown one: else it would sum `x` and its neighbours in an order that
/// keeps the next round waiting.
#[inline]
#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "an empty assembler block")]
fn pin(mut x: __m128i) -> __m128i {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0} */", inout(xmm_reg) x, options(pure, nomem, nostack, preserves_flags)) }
    x
}

/// The words of a block in the kernels' domain, each in the lowest lane of its register.
#[inline]
#[target_feature(enable = "gfni,avx2")]
fn words(block: &Block) -> [__m128i; 4] {
    let [a, b, c, d] = split(*block).map(|word| _mm_cvtsi32_si128(i32::from_be_bytes(word)));
    let pre = _mm_set1_epi64x(PRE);
    let into = |word: __m128i| _mm_gf2p8affine_epi64_epi8::<0>(word, pre);
    [into(a), into(b), into(c), into(d)]
}

/// The block whose words in reverse order are `x`.
#[inline]
#[target_feature(enable = "gfni,avx2")]
fn bytes(x: [__m128i; 4]) -> Block {
    let back = _mm_set1_epi64x(UNPRE);
    let from = |word: __m128i| {
        let word = _mm_cvtsi128_si32(_mm_gf2p8affine_epi64_epi8::<0>(word, back));
        word.to_be_bytes()
    };
    let mut block = [0; 16];
    let (out, _) = block.as_chunks_mut::<4>();
    for (out, word) in out.iter_mut().zip(x.into_iter().rev()) {
        *out = from(word);
    }
    block
}

fn split(block: Block) -> [[u8; 4]; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]]
}
