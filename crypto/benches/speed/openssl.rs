//! OpenSSL 4's own `speed`, where `tests/openssl` has built it or `QIANMO_OPENSSL4` names it. Its rates are means over
//! a second of user time; the best of three runs stands beside our best slices.

use std::{path::Path, process::Command};

use crate::report::{Report, Unit};

#[path = "../../../tests/openssl/src/find.rs"]
mod find;

const RUNS: usize = 3;

/// Our operation, and OpenSSL's words for it. AEADs are run "in TLS-like sequence": header, data, tag.
const BULK: [(&str, &str); 7] = [
    ("SM4-GCM seal 16 KiB", "-bytes 16384 -aead -evp sm4-gcm"),
    ("SM4-GCM seal 16 KiB", "-bytes 16384 -aead -evp aes-128-gcm"),
    ("SM4-GCM seal 1350 B", "-bytes 1350 -aead -evp sm4-gcm"),
    ("SM4-GCM seal 1350 B", "-bytes 1350 -aead -evp aes-128-gcm"),
    ("SM4-CTR 16 KiB", "-bytes 16384 -evp sm4-ctr"),
    ("SM3 16 KiB", "-bytes 16384 -evp sm3"),
    ("SM3 16 KiB", "-bytes 16384 -evp sha256"),
];

pub(crate) fn measure(report: &mut Report) {
    let Some(program) = find::openssl_4() else {
        eprintln!("no OpenSSL 4 here: its rows are missing (tests/openssl builds it)");
        return;
    };
    for (operation, words) in
        BULK.into_iter().filter(|(operation, _)| report.wants(operation)).collect::<Vec<_>>()
    {
        // +F:<number>:<name>:<bytes a second>
        let rates = best(&program, words, "+F:", 2);
        let by = format!("OpenSSL {}", words.rsplit(' ').next().unwrap_or(words));
        rates.first().into_iter().for_each(|rate| report.push(operation, by.clone(), *rate, Unit::Bytes));
    }
    // +F4:<number>:<bits>:<signatures a second>:<verifications a second>, +F5 likewise for derivations
    for (words, line, operations) in
        [("sm2", "+F4:", ["SM2 sign", "SM2 verify"].as_slice()), ("curveSM2", "+F5:", &["SM2 ECDH"])]
    {
        if operations.iter().any(|operation| report.wants(operation)) {
            for (operation, rate) in operations.iter().zip(best(&program, words, line, 2)) {
                report.push(operation, "OpenSSL".into(), rate, Unit::Operations);
            }
        }
    }
}

/// The best of several runs of `speed`, field by field from number `skip` on, of the line that starts with `line`.
fn best(program: &Path, words: &str, line: &str, skip: usize) -> Vec<f64> {
    let runs: Vec<Vec<f64>> = (0..RUNS).map(|_| run(program, words, line, skip)).collect();
    let fields = runs.iter().map(Vec::len).min().unwrap_or(0);
    (0..fields).map(|field| runs.iter().map(|run| run[field]).fold(0.0, f64::max)).collect()
}

fn run(program: &Path, words: &str, line: &str, skip: usize) -> Vec<f64> {
    let output = Command::new(program)
        .args(["speed", "-mr", "-seconds", "1"])
        .args(words.split(' '))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let found = printed.lines().find_map(|text| text.strip_prefix(line));
    found
        .into_iter()
        .flat_map(|text| text.split(':').skip(skip))
        .filter_map(|text| text.parse().ok())
        .collect()
}
