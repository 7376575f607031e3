//! SM3, one message and many.

use std::hint::black_box;

use ::sm3::Digest as _;
use qianmo_crypto::sm3;

use crate::{
    clock,
    report::{Report, Unit},
};

const LENGTH: usize = 16 * 1024;

pub(crate) fn measure(report: &mut Report) {
    let data = vec![5; LENGTH];
    let mut add = |by: &str, hash: &mut dyn FnMut(&[u8])| {
        report.add("SM3 16 KiB", by, (LENGTH, Unit::Bytes), || clock::seconds(|| hash(black_box(&data))));
    };
    add("Qianmo", &mut |data| drop(black_box(sm3::digest(data))));
    add("RustCrypto sm3", &mut |data| drop(black_box(::sm3::Sm3::digest(data))));
    add("sm-crypto", &mut |data| drop(black_box(sm_crypto::sm3::sm3_hash(data))));
}
