//! What the GFNI kernels share: the constants as registers take them, the key schedule, and one block at a time.
//!
//! What is computed, and why it is SM4, is told in [`constants`].

use core::arch::asm;
use core::arch::x86_64::*;
use core::hint::black_box;

use crate::sm4::constants::{self, M0_CONST, PRE_CONST};
use crate::sm4::schedule::{self, AFFINE_CONST, RoundKeys};
use crate::sm4::{Block, KEY_LEN};

/// See [`constants::PRE`].
pub(super) const PRE: i64 = constants::PRE.cast_signed();
/// See [`constants::UNPRE`].
pub(super) const UNPRE: i64 = constants::UNPRE.cast_signed();
/// See [`constants::M0`].
pub(super) const M0: i64 = constants::M0.cast_signed();
/// See [`constants::M3`].
pub(super) const M3: i64 = constants::M3.cast_signed();
/// To be added to the byte that [`M0`] is for.
pub(super) const M0_ADD: i32 = M0_CONST as i32;
const PRE_ADD: i32 = PRE_CONST as i32;
/// From the inverse to the S-box's output in SM4's own domain.
const POST: i64 = constants::POST.cast_signed();
const POST_ADD: i32 = AFFINE_CONST as i32;

/// Expands `key` into the kernels' domain.
#[target_feature(enable = "gfni,avx2")]
pub(super) fn expand(key: &[u8; KEY_LEN]) -> RoundKeys {
    let (pre, post) = (_mm_set1_epi64x(PRE), _mm_set1_epi64x(POST));
    let into = |word: u32| _mm_gf2p8affine_epi64_epi8::<PRE_ADD>(_mm_cvtsi32_si128(word as i32), pre);
    let mut keys = schedule::expand_with(key, |word| {
        let substituted = _mm_gf2p8affineinv_epi64_epi8::<POST_ADD>(into(word), post);
        _mm_cvtsi128_si32(substituted) as u32
    });
    for key in keys.iter_mut() {
        *key = _mm_cvtsi128_si32(into(*key)) as u32;
    }
    keys
}

/// Encrypts one block; with the keys in reverse order, decrypts it.
///
/// Latency is all that counts here: the state words lie in one lane of a register each, a third inversion (for M1)
/// replaces an addition that others would wait for, and the input of the next round is summed beside its word.
#[target_feature(enable = "gfni,avx2")]
pub(super) fn crypt_block(keys: &[u32; 32], block: &mut Block) {
    let key = |round: usize| _mm_cvtsi32_si128(keys.get(round).copied().unwrap_or(0) as i32);
    let selectors = [ROTATE_8, ROTATE_16, ROTATE_24].map(|selector| rotation(selector));
    let mut x = words(block);
    let mut t = xor(xor(x[1], x[2]), xor(x[3], key(0)));
    for round in 0..keys.len() {
        let next = xor(xor(x[2], x[3]), key(round + 1));
        let (early, late) = linear(t, selectors);
        let early = xor(early, x[0]);
        t = xor(pin(xor(early, next)), late);
        x = [x[1], x[2], x[3], xor(early, late)];
    }
    *block = bytes(x);
}

/// L(S(t)) as two terms, of which the second takes longer.
#[inline]
#[target_feature(enable = "gfni,avx2")]
fn linear(t: __m128i, [by_8, by_16, by_24]: [__m128i; 3]) -> (__m128i, __m128i) {
    let a = _mm_gf2p8affineinv_epi64_epi8::<M0_ADD>(t, _mm_set1_epi64x(M0));
    let b = _mm_gf2p8affineinv_epi64_epi8::<0>(t, _mm_set1_epi64x(M0 ^ M3));
    let c = _mm_gf2p8affineinv_epi64_epi8::<0>(t, _mm_set1_epi64x(M3));
    let b8 = _mm_shuffle_epi8(b, by_8);
    let b16 = _mm_shuffle_epi8(b, by_16);
    let c24 = _mm_shuffle_epi8(c, by_24);
    (a, xor(xor(b8, b16), c24))
}

/// The byte selector of a word, for all words of a register.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn in_words(selector: i32) -> __m128i {
    _mm_add_epi32(_mm_set1_epi32(selector), _mm_setr_epi32(0, 0x0404_0404, 0x0808_0808, 0x0c0c_0c0c))
}

/// The same, kept from the compiler's knowledge: a selector that moves pairs of bytes it would replace by two
/// instructions that need no constant, which costs more here.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn rotation(selector: i32) -> __m128i {
    black_box(in_words(selector))
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

/// Byte selectors that rotate a word left.
pub(super) const ROTATE_8: i32 = 0x0201_0003;
pub(super) const ROTATE_16: i32 = 0x0100_0302;
const ROTATE_24: i32 = 0x0003_0201;

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

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m128i, b: __m128i) -> __m128i {
    _mm_xor_si128(a, b)
}
