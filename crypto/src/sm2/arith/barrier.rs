#![cfg_attr(
    all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)),
    expect(unsafe_code, reason = "an empty assembly block is the one free barrier that stable Rust has")
)]
//! A wall the optimiser cannot look through.

/// `word`, of which the compiler then knows nothing: it cannot turn arithmetic on a mask back into a branch.
#[inline(always)]
#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
pub(crate) fn opaque(word: u64) -> u64 {
    let mut out = word;
    // SAFETY: the block has no instructions; it touches nothing but its own register.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) out, options(pure, nomem, nostack, preserves_flags)) };
    out
}

#[inline(always)]
#[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
pub(crate) fn opaque(word: u64) -> u64 {
    core::hint::black_box(word)
}
