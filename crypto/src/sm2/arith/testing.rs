//! What the tests of the arithmetic share.

use std::cell::Cell;

use num_bigint::BigUint;
use proptest::prelude::*;

use super::Words;

thread_local! {
    static PORTABLE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread must not use what only some processors have.
pub(crate) fn portable_only() -> bool {
    PORTABLE.get()
}

/// Runs `test` with the best kernels of this machine, then with the portable ones.
pub(crate) fn each_kernel(test: impl Fn()) {
    test();
    if cfg!(miri) {
        // Those were the portable ones.
        return;
    }
    PORTABLE.set(true);
    test();
    PORTABLE.set(false);
}

pub(crate) fn big(words: &Words) -> BigUint {
    BigUint::from_slice(
        &words.iter().flat_map(|word| [*word as u32, (*word >> 32) as u32]).collect::<Vec<_>>(),
    )
}

pub(crate) fn words(number: &BigUint) -> Words {
    let mut digits = number.iter_u64_digits();
    let words = [(); 4].map(|()| digits.next().unwrap_or(0));
    assert!(digits.next().is_none(), "more than 256 bits");
    words
}

/// All of `cases`, or one in `nth` under Miri, which is some thousand times slower.
pub(crate) fn sample<T>(cases: Vec<T>, nth: usize) -> Vec<T> {
    cases.into_iter().step_by(if cfg!(miri) { nth } else { 1 }).collect()
}

/// Numbers at which carries, borrows and reductions change their mind.
pub(crate) fn edges(modulus: &Words) -> Vec<Words> {
    let modulus = big(modulus);
    let one = BigUint::from(1u8);
    let top = &one << 256;
    let mut edges =
        vec![BigUint::ZERO, &modulus >> 1, (&modulus >> 1) + 1u8, &top - &modulus, &top - &modulus - 1u8];
    for small in 1u8..4 {
        edges.extend([BigUint::from(small), &modulus - small, &modulus + small, &top - small]);
    }
    edges.push(modulus);
    for bit in [32, 63, 64, 96, 127, 128, 192, 224, 255] {
        let power = &one << bit;
        edges.extend([&power - 1u8, power]);
    }
    sample(edges.iter().map(words).collect(), 6)
}

/// Any 256-bit number; words of all zeros and all ones are frequent.
pub(crate) fn number() -> impl Strategy<Value = Words> {
    let word =
        prop_oneof![4 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => Just(1), 1 => Just(1 << 63)];
    proptest::array::uniform4(word)
}
