#![cfg_attr(
    all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)),
    expect(unsafe_code, reason = "an empty assembly block is the one free barrier that stable Rust has")
)]
//! Walls the optimiser cannot look through.

/// Defines a function that returns its argument, of which the compiler then knows nothing.
macro_rules! barrier {
    ($(#[$meta:meta])* $name:ident, $word:ty, $register:literal) => {
        $(#[$meta])*
        #[inline(always)]
        #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
        pub(crate) fn $name(word: $word) -> $word {
            let mut out = word;
            // SAFETY: the block has no instructions; it touches nothing but its own register.
            unsafe { core::arch::asm!($register, inout(reg) out, options(pure, nomem, nostack, preserves_flags)) };
            out
        }

        $(#[$meta])*
        #[inline(always)]
        #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
        pub(crate) fn $name(word: $word) -> $word {
            core::hint::black_box(word)
        }
    };
}

barrier!(
    /// `word`, unknown to the compiler: it cannot turn arithmetic on a mask back into a branch.
    opaque,
    u64,
    "/* {0} */"
);

#[cfg(target_arch = "x86_64")]
barrier!(
    /// The same for 32 bits: it cannot regroup a sum around `word`, which then is ready before the rest.
    opaque32,
    u32,
    "/* {0:e} */"
);
