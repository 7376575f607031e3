//! SM3, one message and many.

use std::hint::black_box;

use ::sm3::Digest as _;
use qianmo_crypto::sm3;

use crate::{
    clock,
    report::{Report, Unit},
};

const LENGTH: usize = 16 * 1024;
const CHUNK: usize = 4 * 1024;

pub(crate) fn measure(report: &mut Report) {
    one(report, "Qianmo", sm3::digest);
    one(report, "RustCrypto sm3", |data| ::sm3::Sm3::digest(data));
    one(report, "sm-crypto", sm_crypto::sm3::sm3_hash);
    many(report);
}

/// Sixteen chunks a call, as a blob or the leaves of a tree bring them.
fn many(report: &mut Report) {
    let data = vec![5; 16 * CHUNK];
    let chunks: Vec<[&[u8]; 1]> = data.chunks(CHUNK).map(|chunk| [chunk]).collect();
    for kernel in sm3::Kernel::available() {
        report.add("SM3 many of 4 KiB", format!("Qianmo {kernel}"), (data.len(), Unit::Bytes), || {
            clock::seconds(|| sm3::digest_many_with(kernel, black_box(&chunks)))
        });
    }
}

fn one<R>(report: &mut Report, by: &str, hash: fn(&[u8]) -> R) {
    let data = vec![5; LENGTH];
    report.add("SM3 16 KiB", by, (LENGTH, Unit::Bytes), || clock::seconds(|| hash(black_box(&data))));
}
