#![cfg_attr(
    all(target_arch = "x86_64", not(miri)),
    expect(unsafe_code, reason = "vector loads and stores, and the call of a function compiled for AVX2")
)]
//! Reading a table at a secret place: every entry is read, and all but one are masked away.

use super::super::arith::{Mask, Words};

/// Entry number `index` of `table`.
#[inline(always)]
pub(super) fn select<const N: usize, const V: usize>(table: &[[Words; V]; N], index: u64) -> [Words; V] {
    #[cfg(test)]
    if super::super::arith::testing::portable_only() {
        return portable(table, index);
    }
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just asked.
        return unsafe { avx2(table, index) };
    }
    portable(table, index)
}

/// 256 bits at a time. AVX-512 was tried and is no faster: reading the table is what takes the time.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx2")]
fn avx2<const N: usize, const V: usize>(table: &[[Words; V]; N], index: u64) -> [Words; V] {
    use std::arch::x86_64::*;
    let index = _mm256_set1_epi64x(index.cast_signed());
    let one = _mm256_set1_epi64x(1);
    let mut number = _mm256_setzero_si256();
    let mut found = [_mm256_setzero_si256(); V];
    for entry in table {
        let mask = _mm256_cmpeq_epi64(number, index);
        for (found, words) in found.iter_mut().zip(entry) {
            // SAFETY: `words` are 32 readable bytes, and the load asks for no alignment.
            let words = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
            *found = _mm256_or_si256(*found, _mm256_and_si256(mask, words));
        }
        number = _mm256_add_epi64(number, one);
    }
    found.map(|found| {
        let mut words = [0; 4];
        // SAFETY: `words` are 32 writable bytes, and the store asks for no alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), found) };
        words
    })
}

#[inline(never)]
fn portable<const N: usize, const V: usize>(table: &[[Words; V]; N], index: u64) -> [Words; V] {
    let mut found = [[0; 4]; V];
    for (number, entry) in (0..).zip(table) {
        let mask = Mask::equal(number, index);
        for (found, words) in found.iter_mut().zip(entry) {
            *found = mask.select(words, found);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::arith::testing::each_kernel;
    use super::select;

    #[test]
    fn every_entry_is_found_and_nothing_else() {
        let table: [[[u64; 4]; 3]; 16] = std::array::from_fn(|i| {
            std::array::from_fn(|j| std::array::from_fn(|k| (i * 100 + j * 10 + k) as u64))
        });
        each_kernel(|| {
            for (i, entry) in table.iter().enumerate() {
                assert_eq!(select(&table, i as u64), *entry);
            }
            for absent in [16, 1 << 32, u64::MAX] {
                assert_eq!(select(&table, absent), [[0; 4]; 3]);
            }
        });
    }
}
