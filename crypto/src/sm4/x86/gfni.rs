//! What the GFNI kernels share: the constants as registers take them, the key schedule, and [one block at a time](single).
//!
//! What is computed, and why it is SM4, is told in [`constants`].

pub(super) mod single;

use core::arch::x86_64::*;
use core::hint::black_box;

use crate::sm4::KEY_LEN;
use crate::sm4::constants::{self, M0_CONST, PRE_CONST};
use crate::sm4::schedule::{self, AFFINE_CONST, RoundKeys};

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

/// Byte selectors that rotate a word left.
pub(super) const ROTATE_8: i32 = 0x0201_0003;
pub(super) const ROTATE_16: i32 = 0x0100_0302;
