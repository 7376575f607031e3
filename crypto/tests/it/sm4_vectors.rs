//! The published answers for SM4 and its modes, through every kernel of this processor.

use crate::common::cases;
use crate::vectors::{bytes, is_valid, wycheproof};
use qianmo_crypto::sm4::{Cipher, Kernel, ccm, ctr, gcm};

#[test]
fn blocks() {
    for case in cases(include_str!("../vectors/sm4_block.txt")) {
        let (plaintext, ciphertext) = (case.bytes("plaintext"), case.bytes("ciphertext"));
        for kernel in Kernel::available() {
            let cipher = Cipher::with_kernel(&case.array("key"), kernel).unwrap();
            let mut text = plaintext.clone();
            let (blocks, _) = text.as_chunks_mut();
            for _ in 0..case.text("iterations").parse().unwrap() {
                blocks.iter_mut().for_each(|block| cipher.encrypt_block(block));
            }
            assert_eq!(text, ciphertext, "{kernel}: {}", case.text("name"));
        }
    }
}

#[test]
fn counter_mode() {
    for case in cases(include_str!("../vectors/sm4_ctr.txt")) {
        for kernel in Kernel::available() {
            let cipher = Cipher::with_kernel(&case.array("key"), kernel).unwrap();
            let mut text = case.bytes("plaintext");
            ctr::apply(&cipher, &case.array("nonce"), u32::from_be_bytes(case.array("counter")), &mut text);
            assert_eq!(text, case.bytes("ciphertext"), "{kernel}: {}", case.text("name"));
        }
    }
}

#[test]
fn gcm_of_rfc_8998() {
    for case in cases(include_str!("../vectors/sm4_gcm.txt")) {
        for kernel in Kernel::available() {
            let key = gcm::Key::with_kernel(&case.array("key"), kernel).unwrap();
            let (nonce, aad) = (case.array("nonce"), case.bytes("aad"));
            let expected = [case.bytes("ciphertext"), case.bytes("tag")].concat();
            assert_eq!(key.seal(&nonce, &aad, &case.bytes("plaintext")), expected, "{kernel}");
            assert_eq!(key.open(&nonce, &aad, &expected).unwrap(), case.bytes("plaintext"), "{kernel}");
        }
    }
}

#[test]
fn ccm_of_rfc_8998() {
    for case in cases(include_str!("../vectors/sm4_ccm.txt")) {
        for kernel in Kernel::available() {
            let key = ccm::Key::with_kernel(&case.array("key"), kernel).unwrap();
            let (nonce, aad) = (case.array("nonce"), case.bytes("aad"));
            let expected = [case.bytes("ciphertext"), case.bytes("tag")].concat();
            assert_eq!(key.seal(&nonce, &aad, &case.bytes("plaintext")).unwrap(), expected, "{kernel}");
            assert_eq!(key.open(&nonce, &aad, &expected).unwrap(), case.bytes("plaintext"), "{kernel}");
        }
    }
}

/// All 104, with initialisation vectors of 0 to 257 bytes.
#[test]
fn gcm_of_wycheproof() {
    for kernel in Kernel::available() {
        let mut run = 0;
        for (_, test) in wycheproof(include_str!("../vectors/wycheproof/sm4_gcm_test.json")) {
            let key = gcm::Key::with_kernel(&bytes(&test["key"]).try_into().unwrap(), kernel).unwrap();
            let (iv, aad, tag) = (bytes(&test["iv"]), bytes(&test["aad"]), bytes(&test["tag"]));
            let (plaintext, ciphertext) = (bytes(&test["msg"]), bytes(&test["ct"]));
            let mut text = ciphertext.clone();
            let opened = key.open_in_place_with_iv(&iv, &aad, &mut text, &tag.clone().try_into().unwrap());
            assert_eq!(opened.is_ok(), is_valid(&test), "{kernel}: {}", test["tcId"]);
            assert_eq!(text, if is_valid(&test) { &plaintext } else { &ciphertext }.as_slice());
            let mut text = plaintext.clone();
            let sealed = key.seal_in_place_with_iv(&iv, &aad, &mut text).is_ok_and(|made| made[..] == tag);
            assert_eq!(sealed && text == ciphertext, is_valid(&test), "{kernel}: {}", test["tcId"]);
            run += 1;
        }
        assert_eq!(run, 104);
    }
}

/// All 184, with nonces of 0 to 268 bytes and tags of 2 to 16.
#[test]
fn ccm_of_wycheproof() {
    for kernel in Kernel::available() {
        let mut run = 0;
        for (_, test) in wycheproof(include_str!("../vectors/wycheproof/sm4_ccm_test.json")) {
            let key = ccm::Key::with_kernel(&bytes(&test["key"]).try_into().unwrap(), kernel).unwrap();
            let (nonce, aad, tag) = (bytes(&test["iv"]), bytes(&test["aad"]), bytes(&test["tag"]));
            let (plaintext, ciphertext) = (bytes(&test["msg"]), bytes(&test["ct"]));
            let mut text = ciphertext.clone();
            let opened = key.open_in_place_with(&nonce, &aad, &mut text, &tag);
            assert_eq!(opened.is_ok(), is_valid(&test), "{kernel}: {}", test["tcId"]);
            assert_eq!(text, if is_valid(&test) { &plaintext } else { &ciphertext }.as_slice());
            let (mut text, mut made) = (plaintext.clone(), vec![0; tag.len()]);
            let sealed = key.seal_in_place_with(&nonce, &aad, &mut text, &mut made).is_ok();
            assert_eq!(
                sealed && (text, made) == (ciphertext, tag),
                is_valid(&test),
                "{kernel}: {}",
                test["tcId"]
            );
            run += 1;
        }
        assert_eq!(run, 184);
    }
}
