//! SM4-GCM and SM4-CTR.

use std::hint::black_box;

use aes_gcm::{
    AesGcm,
    aead::{AeadInOut, KeyInit, consts::U12},
};
use ctr::cipher::{BlockCipherEncrypt, KeyIvInit, StreamCipher};
use qianmo_crypto::sm4::{Cipher, Kernel, ctr as qianmo_ctr, gcm};
use ring::aead::{
    AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey,
    quic::{self, HeaderProtectionKey},
};

use crate::{
    clock,
    report::{Report, Unit},
};

const KEY: [u8; 16] = *b"0123456789abcdef";
const NONCE: [u8; 12] = *b"twelve bytes";
/// A QUIC header's length.
const HEADER: [u8; 20] = [7; 20];
const RECORD: usize = 16 * 1024;
const PACKET: usize = 1350;

/// One key of any AEAD, working in place with a detached tag.
trait Aead {
    fn seal(&self, buf: &mut [u8]) -> [u8; 16];
    fn open(&self, buf: &mut [u8], tag: &[u8; 16]) -> bool;
}

impl Aead for gcm::Key {
    fn seal(&self, buf: &mut [u8]) -> [u8; 16] {
        self.seal_in_place(&NONCE, &HEADER, buf)
    }

    fn open(&self, buf: &mut [u8], tag: &[u8; 16]) -> bool {
        self.open_in_place(&NONCE, &HEADER, buf, tag).is_ok()
    }
}

type RustCryptoGcm = AesGcm<sm4::Sm4, U12>;

impl Aead for RustCryptoGcm {
    fn seal(&self, buf: &mut [u8]) -> [u8; 16] {
        self.encrypt_inout_detached(&NONCE.into(), &HEADER, buf.into()).unwrap().into()
    }

    fn open(&self, buf: &mut [u8], tag: &[u8; 16]) -> bool {
        self.decrypt_inout_detached(&NONCE.into(), &HEADER, buf.into(), tag.into()).is_ok()
    }
}

impl Aead for LessSafeKey {
    fn seal(&self, buf: &mut [u8]) -> [u8; 16] {
        let nonce = Nonce::assume_unique_for_key(NONCE);
        self.seal_in_place_separate_tag(nonce, Aad::from(HEADER), buf).unwrap().as_ref().try_into().unwrap()
    }

    fn open(&self, buf: &mut [u8], tag: &[u8; 16]) -> bool {
        let nonce = Nonce::assume_unique_for_key(NONCE);
        self.open_in_place_separate_tag(nonce, Aad::from(HEADER), (*tag).into(), buf, 0..).is_ok()
    }
}

pub(crate) fn measure(report: &mut Report) {
    for kernel in Kernel::available() {
        let by = format!("Qianmo {kernel}");
        aead(report, &by, &gcm::Key::with_kernel(&KEY, kernel).unwrap());
        let cipher = Cipher::with_kernel(&KEY, kernel).unwrap();
        stream(report, &by, |buf| qianmo_ctr::apply(&cipher, &NONCE, 1, buf));
        mask(report, &by, |block| cipher.encrypt_block(block));
    }
    aead(report, "RustCrypto sm4, aes-gcm", &RustCryptoGcm::new(&KEY.into()));
    aead(report, "ring AES-128-GCM", &LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).unwrap()));
    let rust_crypto = <sm4::Sm4 as KeyInit>::new(&KEY.into());
    mask(report, "RustCrypto sm4", |block| rust_crypto.encrypt_block(block.into()));
    let ring = HeaderProtectionKey::new(&quic::AES_128, &KEY).unwrap();
    mask(report, "ring AES-128", |block| {
        let mask = ring.new_mask(&*block).unwrap();
        block[..5].copy_from_slice(&mask);
    });
    stream(report, "RustCrypto sm4, ctr", |buf| {
        let mut cipher = ctr::Ctr32BE::<sm4::Sm4>::new(&KEY.into(), &[1; 16].into());
        cipher.apply_keystream(buf);
    });
    // It has neither GCM nor CTR; ECB is the nearest thing, and makes a new vector each time.
    let theirs = sm_crypto::sm4::CryptSM4ECB::new(&KEY);
    let data = [5; RECORD];
    report.add("SM4-CTR 16 KiB", "sm-crypto (ECB)", (RECORD, Unit::Bytes), || {
        clock::seconds(|| theirs.encrypt_ecb(black_box(&data)))
    });
}

fn aead(report: &mut Report, by: &str, key: &impl Aead) {
    for (seal, open, length) in [
        ("SM4-GCM seal 16 KiB", "SM4-GCM open 16 KiB", RECORD),
        ("SM4-GCM seal 1350 B", "SM4-GCM open 1350 B", PACKET),
    ] {
        let mut buf = vec![5; length];
        report.add(seal, by, (length, Unit::Bytes), || clock::seconds(|| key.seal(black_box(&mut buf))));
        // Opening uses a ciphertext up: a slice opens several, laid out anew outside the timing.
        let mut sealed = vec![5; length];
        let tag = key.seal(&mut sealed);
        let count = 256 * 1024 / length;
        report.add(open, by, (count * length, Unit::Bytes), || {
            clock::seconds_prepared(
                &mut sealed.repeat(count),
                |all| all.chunks_exact_mut(length).for_each(|one| one.copy_from_slice(&sealed)),
                |all| assert!(all.chunks_exact_mut(length).all(|one| key.open(one, &tag))),
            )
        });
    }
}

/// What a QUIC packet's header costs: one block, which nothing else can run beside.
fn mask(report: &mut Report, by: &str, mut encrypt: impl FnMut(&mut [u8; 16])) {
    let mut block = [5; 16];
    report.add("SM4 header mask", by, (1, Unit::Operations), || {
        clock::seconds(|| encrypt(black_box(&mut block)))
    });
}

fn stream(report: &mut Report, by: &str, mut apply: impl FnMut(&mut [u8])) {
    let mut buf = vec![5; RECORD];
    report.add("SM4-CTR 16 KiB", by, (RECORD, Unit::Bytes), || clock::seconds(|| apply(black_box(&mut buf))));
}
