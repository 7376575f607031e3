#![expect(unsafe_code, reason = "the compiler has no way to keep two carry chains")]
//! The field on x86-64, in assembly.
//!
//! Products use MULX, ADCX and ADOX (BMI2 and ADX): two carry flags let each row add its low and its high halves in one
//! pass. Their reduction is the one of `portable`, word for word. Sums and differences use nothing special; the compiler
//! turns carry chains that end in a comparison with a constant into something twice as long.

use std::arch::asm;
use std::sync::atomic::{AtomicU8, Ordering};

use super::{P, Words};

/// p, where instructions can reach it: two of its words fit no immediate operand.
static MODULUS: Words = P;

/// Proof that the processor has BMI2 and ADX.
#[derive(Clone, Copy)]
pub(super) struct Mulx(());

/// Whether the processor has them.
static ABLE: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

/// Adds a · b[$at / 8] to $t0..$t3 and leaves the top word in $t4.
#[rustfmt::skip]
macro_rules! row {
    ($at:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "mov rdx, [{b} + ", $at, "]\n",
            // Clears both carry flags too.
            "xor {", $t4, ":e}, {", $t4, ":e}\n",
            "mulx {hi}, {lo}, [{a}]\n",
            "adcx {", $t0, "}, {lo}\n",
            "adox {", $t1, "}, {hi}\n",
            "mulx {hi}, {lo}, [{a} + 8]\n",
            "adcx {", $t1, "}, {lo}\n",
            "adox {", $t2, "}, {hi}\n",
            "mulx {hi}, {lo}, [{a} + 16]\n",
            "adcx {", $t2, "}, {lo}\n",
            "adox {", $t3, "}, {hi}\n",
            "mulx {hi}, {lo}, [{a} + 24]\n",
            "adcx {", $t3, "}, {lo}\n",
            "adox {", $t4, "}, {hi}\n",
            "adc {", $t4, "}, 0",
        )
    };
}

/// Divides $t0..$t3 by 2^64 modulo p, into $t1, $t2, $t3, $t0.
#[rustfmt::skip]
macro_rules! reduction_step {
    ($t0:literal, $t1:literal, $t2:literal, $t3:literal) => {
        concat!(
            "mov {lo}, {", $t0, "}\n",
            "mov {hi}, {", $t0, "}\n",
            "shl {lo}, 32\n",
            "shr {hi}, 32\n",
            "add {", $t1, "}, {", $t0, "}\n",
            "adc {", $t2, "}, 0\n",
            "adc {", $t3, "}, 0\n",
            "adc {", $t0, "}, 0\n",
            "sub {", $t1, "}, {lo}\n",
            "sbb {", $t2, "}, {hi}\n",
            "sbb {", $t3, "}, {lo}\n",
            "sbb {", $t0, "}, {hi}\n",
        )
    };
}

/// From the product t0..t7 to the residue t4..t7.
#[rustfmt::skip]
macro_rules! reduce {
    () => {
        concat!(
            reduction_step!("t0", "t1", "t2", "t3"),
            reduction_step!("t1", "t2", "t3", "t0"),
            reduction_step!("t2", "t3", "t0", "t1"),
            reduction_step!("t3", "t0", "t1", "t2"),
            "xor {lo:e}, {lo:e}\n",
            "add {t4}, {t0}\n",
            "adc {t5}, {t1}\n",
            "adc {t6}, {t2}\n",
            "adc {t7}, {t3}\n",
            "adc {lo}, 0\n",
            // Less p, unless that is negative.
            "mov {t0}, {t4}\n",
            "mov {t1}, {t5}\n",
            "mov {t2}, {t6}\n",
            "mov {t3}, {t7}\n",
            "sub {t0}, -1\n",
            "sbb {t1}, qword ptr [rip + {p} + 8]\n",
            "sbb {t2}, -1\n",
            "sbb {t3}, qword ptr [rip + {p} + 24]\n",
            "sbb {lo}, 0\n",
            "cmovnc {t4}, {t0}\n",
            "cmovnc {t5}, {t1}\n",
            "cmovnc {t6}, {t2}\n",
            "cmovnc {t7}, {t3}",
        )
    };
}

impl Mulx {
    /// The proof, if the processor has them. Asked before every product: the answer is kept in one byte.
    #[inline(always)]
    pub(super) fn detected() -> Option<Self> {
        #[cfg(test)]
        if crate::sm2::arith::testing::portable_only() {
            return None;
        }
        match ABLE.load(Ordering::Relaxed) {
            YES => Some(Self(())),
            known => Self::ask(known),
        }
    }

    #[cold]
    #[inline(never)]
    fn ask(known: u8) -> Option<Self> {
        if known == UNKNOWN {
            let able = is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("adx");
            ABLE.store(if able { YES } else { NO }, Ordering::Relaxed);
            return able.then_some(Self(()));
        }
        None
    }

    /// a · b / 2^256 modulo p.
    #[inline(always)]
    pub(super) fn mul(self, a: &Words, b: &Words) -> Words {
        let (r0, r1, r2, r3): (u64, u64, u64, u64);
        // SAFETY: the processor has BMI2 and ADX, as `self` proves. The block reads the four words at a, at b and of p,
        // and writes nothing but its registers.
        unsafe {
            asm!(
                "mov rdx, [{b}]",
                "mulx {t1}, {t0}, [{a}]",
                "mulx {t2}, {lo}, [{a} + 8]",
                "mulx {t3}, {hi}, [{a} + 16]",
                "add {t1}, {lo}",
                "mulx {t4}, {lo}, [{a} + 24]",
                "adc {t2}, {hi}",
                "adc {t3}, {lo}",
                "adc {t4}, 0",
                row!("8", "t1", "t2", "t3", "t4", "t5"),
                row!("16", "t2", "t3", "t4", "t5", "t6"),
                row!("24", "t3", "t4", "t5", "t6", "t7"),
                reduce!(),
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_ptr(),
                t0 = out(reg) _,
                t1 = out(reg) _,
                t2 = out(reg) _,
                t3 = out(reg) _,
                t4 = out(reg) r0,
                t5 = out(reg) r1,
                t6 = out(reg) r2,
                t7 = out(reg) r3,
                lo = out(reg) _,
                hi = out(reg) _,
                out("rdx") _,
                p = sym MODULUS,
                options(pure, readonly, nostack),
            );
        }
        [r0, r1, r2, r3]
    }

    /// a² / 2^256 modulo p.
    #[inline(always)]
    pub(super) fn square(self, a: &Words) -> Words {
        let (r0, r1, r2, r3): (u64, u64, u64, u64);
        // SAFETY: the processor has BMI2 and ADX, as `self` proves. The block reads the four words at a and of p, and
        // writes nothing but its registers.
        unsafe {
            asm!(
                // The products of unequal words.
                "mov rdx, [{a}]",
                "mulx {t2}, {t1}, [{a} + 8]",
                "mulx {t3}, {lo}, [{a} + 16]",
                "mulx {t4}, {hi}, [{a} + 24]",
                "mov rdx, [{a} + 8]",
                "add {t2}, {lo}",
                "adc {t3}, {hi}",
                "adc {t4}, 0",
                "xor {t5:e}, {t5:e}",
                "mulx {hi}, {lo}, [{a} + 16]",
                "adcx {t3}, {lo}",
                "adox {t4}, {hi}",
                "mulx {hi}, {lo}, [{a} + 24]",
                "mov rdx, [{a} + 16]",
                "adcx {t4}, {lo}",
                "adox {t5}, {hi}",
                "mulx {t6}, {lo}, [{a} + 24]",
                "adc {t5}, {lo}",
                "adc {t6}, 0",
                // Twice these (one carry chain), and the squares (the other).
                "xor {t7:e}, {t7:e}",
                "mov rdx, [{a}]",
                "mulx {lo}, {t0}, rdx",
                "mov rdx, [{a} + 8]",
                "adcx {t1}, {t1}",
                "adox {t1}, {lo}",
                "mulx {hi}, {lo}, rdx",
                "mov rdx, [{a} + 16]",
                "adcx {t2}, {t2}",
                "adox {t2}, {lo}",
                "adcx {t3}, {t3}",
                "adox {t3}, {hi}",
                "mulx {hi}, {lo}, rdx",
                "mov rdx, [{a} + 24]",
                "adcx {t4}, {t4}",
                "adox {t4}, {lo}",
                "adcx {t5}, {t5}",
                "adox {t5}, {hi}",
                "mulx {hi}, {lo}, rdx",
                "adcx {t6}, {t6}",
                "adox {t6}, {lo}",
                "adcx {t7}, {t7}",
                "adox {t7}, {hi}",
                reduce!(),
                a = in(reg) a.as_ptr(),
                t0 = out(reg) _,
                t1 = out(reg) _,
                t2 = out(reg) _,
                t3 = out(reg) _,
                t4 = out(reg) r0,
                t5 = out(reg) r1,
                t6 = out(reg) r2,
                t7 = out(reg) r3,
                lo = out(reg) _,
                hi = out(reg) _,
                out("rdx") _,
                p = sym MODULUS,
                options(pure, readonly, nostack),
            );
        }
        [r0, r1, r2, r3]
    }
}

/// a + b modulo p.
#[inline(always)]
pub(super) fn add([a0, a1, a2, a3]: Words, [b0, b1, b2, b3]: Words) -> Words {
    let (r0, r1, r2, r3): (u64, u64, u64, u64);
    // SAFETY: every x86-64 processor has these instructions. The block reads p and writes nothing but its registers.
    unsafe {
        asm!(
            "xor {c:e}, {c:e}",
            "add {a0}, {b0}",
            "adc {a1}, {b1}",
            "adc {a2}, {b2}",
            "adc {a3}, {b3}",
            "adc {c}, 0",
            "mov {b0}, {a0}",
            "mov {b1}, {a1}",
            "mov {b2}, {a2}",
            "mov {b3}, {a3}",
            "sub {b0}, -1",
            "sbb {b1}, qword ptr [rip + {p} + 8]",
            "sbb {b2}, -1",
            "sbb {b3}, qword ptr [rip + {p} + 24]",
            "sbb {c}, 0",
            "cmovc {b0}, {a0}",
            "cmovc {b1}, {a1}",
            "cmovc {b2}, {a2}",
            "cmovc {b3}, {a3}",
            a0 = inout(reg) a0 => _,
            a1 = inout(reg) a1 => _,
            a2 = inout(reg) a2 => _,
            a3 = inout(reg) a3 => _,
            b0 = inout(reg) b0 => r0,
            b1 = inout(reg) b1 => r1,
            b2 = inout(reg) b2 => r2,
            b3 = inout(reg) b3 => r3,
            c = out(reg) _,
            p = sym MODULUS,
            options(pure, readonly, nostack),
        );
    }
    [r0, r1, r2, r3]
}

/// a - b modulo p.
#[inline(always)]
pub(super) fn sub([a0, a1, a2, a3]: Words, [b0, b1, b2, b3]: Words) -> Words {
    let (r0, r1, r2, r3): (u64, u64, u64, u64);
    // SAFETY: every x86-64 processor has these instructions. The block reads p and writes nothing but its registers.
    unsafe {
        asm!(
            "sub {a0}, {b0}",
            "sbb {a1}, {b1}",
            "sbb {a2}, {b2}",
            "sbb {a3}, {b3}",
            // p, or 0 where nothing was borrowed.
            "sbb {b0}, {b0}",
            "mov {b1}, {b0}",
            "shl {b1}, 32",
            "mov {b2}, {b0}",
            "and {b2}, qword ptr [rip + {p} + 24]",
            "add {a0}, {b0}",
            "adc {a1}, {b1}",
            "adc {a2}, {b0}",
            "adc {a3}, {b2}",
            a0 = inout(reg) a0 => r0,
            a1 = inout(reg) a1 => r1,
            a2 = inout(reg) a2 => r2,
            a3 = inout(reg) a3 => r3,
            b0 = inout(reg) b0 => _,
            b1 = inout(reg) b1 => _,
            b2 = inout(reg) b2 => _,
            b3 = in(reg) b3,
            p = sym MODULUS,
            options(pure, readonly, nostack),
        );
    }
    [r0, r1, r2, r3]
}
