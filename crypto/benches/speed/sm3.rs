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
    one(report, "Qianmo", sm3::digest);
    one(report, "RustCrypto sm3", ::sm3::Sm3::digest);
    one(report, "sm-crypto", sm_crypto::sm3::sm3_hash);
}

fn one<R>(report: &mut Report, by: &str, hash: fn(&[u8]) -> R) {
    let data = vec![5; LENGTH];
    report.add("SM3 16 KiB", by, (LENGTH, Unit::Bytes), || clock::seconds(|| hash(black_box(&data))));
}
