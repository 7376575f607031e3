#![expect(unsafe_code, reason = "calling functions compiled for a wider vector unit")]
//! Reading a table at a secret place: every entry is read, and all but one are masked away.

use super::super::arith::opaque;

/// Entry number `index` of `table`, counted from 1; all zeros for 0.
#[inline(always)]
pub(super) fn select<const N: usize, const W: usize>(table: &[[u64; W]; N], index: u64) -> [u64; W] {
    #[cfg(test)]
    if super::super::arith::testing::portable_only() {
        return masked(table, index);
    }
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F, as just asked.
            return unsafe { masked_avx512(table, index) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just asked.
            return unsafe { masked_avx2(table, index) };
        }
    }
    masked(table, index)
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx512f")]
fn masked_avx512<const N: usize, const W: usize>(table: &[[u64; W]; N], index: u64) -> [u64; W] {
    masked(table, index)
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx2")]
fn masked_avx2<const N: usize, const W: usize>(table: &[[u64; W]; N], index: u64) -> [u64; W] {
    masked(table, index)
}

/// The compiler makes vectors of this; that it makes no branches is checked in the machine code.
#[inline(always)]
fn masked<const N: usize, const W: usize>(table: &[[u64; W]; N], index: u64) -> [u64; W] {
    let index = opaque(index);
    let mut out = [0; W];
    for (number, entry) in (1u64..).zip(table) {
        let mask = u64::from(number == index).wrapping_neg();
        for (to, from) in out.iter_mut().zip(entry) {
            *to |= mask & from;
        }
    }
    out
}
