#![expect(unsafe_code, reason = "the kernel needs features that the test asks for at run time")]

use crate::sm4::oracle;

fn is_supported() -> bool {
    let supported = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("aes");
    if !supported {
        eprintln!("SKIPPED: this processor lacks AVX2 or AES-NI");
    }
    supported
}

#[test]
fn blocks_agree_with_the_definition() {
    if is_supported() {
        // SAFETY: the processor has both features.
        oracle::check_blocks(|rk, blocks| unsafe { super::encrypt_blocks(rk, blocks) });
    }
}

#[test]
fn counter_mode_agrees_with_the_definition() {
    if is_supported() {
        // SAFETY: the processor has both features.
        oracle::check_ctr(|rk, nonce, counter, data| unsafe { super::ctr(rk, nonce, counter, data) });
    }
}
