//! What is timed, and on which two classes of secrets.

use std::hint::black_box;

use qianmo_crypto::{
    hmac,
    sm2::{CERT_USER_ID, SecretKey},
    sm4::{Cipher, Kernel, gcm},
};

use crate::{
    clock,
    random::Random,
    stats::{Class, Outcome, Test},
};

/// Inputs laid out before any is timed. Few enough to stay in the second-level cache.
const BATCH: usize = 256;
const NONCE: [u8; 12] = [3; 12];

/// What is to come out.
pub(crate) enum Expect {
    NoLeak,
    Leak,
}

/// One operation and its classes.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) classes: &'static str,
    pub(crate) expect: Expect,
    /// Runs for so many seconds of CPU time.
    pub(crate) run: Box<dyn Fn(f64) -> Outcome>,
}

impl Case {
    /// Times `work` on inputs that `make` draws for a class.
    fn new<T: 'static>(
        name: impl Into<String>,
        classes: &'static str,
        make: impl Fn(Class, &mut Random) -> T + 'static,
        work: impl Fn(&mut T) + 'static,
    ) -> Self {
        let run = Box::new(move |seconds| run(seconds, &make, &work));
        Self { name: name.into(), classes, expect: Expect::NoLeak, run }
    }
}

fn run<T>(seconds: f64, make: &impl Fn(Class, &mut Random) -> T, work: &impl Fn(&mut T)) -> Outcome {
    let mut random = Random::new();
    let start = clock::cpu_seconds();
    let mut calibration = Vec::new();
    for _ in 0..8 {
        calibration.extend(batch(&mut random, make, work).into_iter().map(|(_, time)| time));
    }
    let mut test = Test::calibrated(calibration);
    while clock::cpu_seconds() - start < seconds {
        for (class, time) in batch(&mut random, make, work) {
            test.push(class, time);
        }
    }
    test.outcome()
}

/// Draws a batch in which each class comes by the toss of a coin, and times it.
fn batch<T>(
    random: &mut Random,
    make: &impl Fn(Class, &mut Random) -> T,
    work: &impl Fn(&mut T),
) -> Vec<(Class, u64)> {
    let mut inputs: Vec<(Class, T)> = (0..BATCH)
        .map(|_| {
            let class = if random.bytes::<1>()[0] & 1 == 0 { Class::Fixed } else { Class::Random };
            (class, make(class, random))
        })
        .collect();
    let time = |(class, input): &mut (Class, T)| {
        let start = clock::ticks();
        work(input);
        (*class, clock::ticks() - start)
    };
    inputs.iter_mut().map(time).collect()
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![control()];
    cases.extend(tags());
    cases.extend(Kernel::available().flat_map(sm4));
    cases.extend(sm2());
    cases
}

/// Compares byte by byte and stops at the first difference, as no code here may.
fn control() -> Case {
    let mut case = Case::new(
        "early-exit comparison (leaks on purpose)",
        "place of the first wrong byte",
        |class, random| {
            let secret = random.bytes::<32>();
            let mut given = secret;
            wrong(class, &mut given);
            (secret, given)
        },
        |(secret, given)| {
            black_box(secret.iter().zip(black_box(given).iter()).all(|(a, b)| black_box(a == b)));
        },
    );
    case.expect = Expect::Leak;
    case
}

/// A tag wrong in its first byte or in its last.
fn wrong(class: Class, mut tag: impl AsMut<[u8]>) {
    let tag = tag.as_mut();
    let place = if class == Class::Fixed { 0 } else { tag.len() - 1 };
    tag[place] ^= 1;
}

fn tags() -> [Case; 2] {
    let key = gcm::Key::new(&[1; 16]);
    let tag = key.seal_in_place(&NONCE, b"", &mut []);
    let gcm = Case::new(
        "SM4-GCM tag check",
        "place of the first wrong byte",
        move |class, _| {
            let mut tag = tag;
            wrong(class, &mut tag);
            tag
        },
        move |tag| assert!(black_box(key.open_in_place(&NONCE, b"", &mut [], black_box(tag))).is_err()),
    );
    let hmac = Case::new(
        "HMAC-SM3 tag check",
        "place of the first wrong byte",
        |class, _| {
            let mut tag = hmac::hmac_sm3(b"key", b"message");
            wrong(class, &mut tag);
            tag
        },
        |tag| assert!(!black_box(hmac::verify(b"key", b"message", black_box(tag.as_slice())))),
    );
    [gcm, hmac]
}

/// Zeros, or random bytes.
fn secret<const N: usize>(class: Class, random: &mut Random) -> [u8; N] {
    // Drawn for both, so that making an input leaves the caches alike.
    let drawn = random.bytes();
    if class == Class::Fixed { [0; N] } else { drawn }
}

/// One kernel's block function both ways and GCM: key stream and GHASH under a secret key, over secret data.
fn sm4(kernel: Kernel) -> [Case; 5] {
    let cipher = move |class, random: &mut Random| {
        (Cipher::with_kernel(&secret(class, random), kernel).unwrap(), secret::<16>(class, random))
    };
    let gcm = move |key: &[u8; 16]| gcm::Key::with_kernel(key, kernel).unwrap();
    let expand = Case::new(format!("SM4-GCM key expansion, {kernel}"), "key", secret::<16>, move |key| {
        drop(black_box(gcm(black_box(key))));
    });
    let encrypt = Case::new(
        format!("SM4 encrypt one block, {kernel}"),
        "key and plaintext",
        cipher,
        |(cipher, block)| cipher.encrypt_block(black_box(block)),
    );
    let decrypt = Case::new(
        format!("SM4 decrypt one block, {kernel}"),
        "key and ciphertext",
        cipher,
        |(cipher, block)| cipher.decrypt_block(black_box(block)),
    );
    let seal = Case::new(
        format!("SM4-GCM seal 512 B, {kernel}"),
        "key and plaintext",
        move |class, random| (gcm(&secret(class, random)), secret::<512>(class, random)),
        |(key, data)| {
            black_box(key.seal_in_place(&NONCE, b"header", black_box(data.as_mut_slice())));
        },
    );
    // No plaintext, so the time is GHASH's, and that of one block for the tag.
    let ghash = Case::new(
        format!("GHASH of 512 B, {kernel}"),
        "key",
        move |class, random| (gcm(&secret(class, random)), random.bytes::<512>()),
        |(key, data)| {
            black_box(key.seal_in_place(&NONCE, black_box(data.as_slice()), &mut []));
        },
    );
    [expand, encrypt, decrypt, seal, ghash]
}

/// A private key: always the same with few bits set, or random.
fn scalar(class: Class, random: &mut Random) -> [u8; 32] {
    let mut drawn: [u8; 32] = random.bytes();
    // Below n, whatever was drawn.
    drawn[0] &= 0x7f;
    let mut few_bits = [0; 32];
    few_bits[31] = 2;
    if class == Class::Fixed { few_bits } else { drawn }
}

fn private_key(class: Class, random: &mut Random) -> SecretKey {
    SecretKey::from_bytes(&scalar(class, random)).unwrap()
}

fn sm2() -> [Case; 4] {
    let peer = SecretKey::generate().unwrap().public_key();
    let from_bytes = Case::new("SM2 public key from private", "private key", scalar, |bytes| {
        drop(black_box(SecretKey::from_bytes(black_box(bytes)).unwrap()));
    });
    let sign = Case::new("SM2 sign", "private key", private_key, |key| {
        black_box(key.sign(CERT_USER_ID, black_box(b"message")).unwrap());
    });
    let ecdh = Case::new("SM2 ECDH", "private key", private_key, move |key| {
        drop(black_box(key.ecdh(black_box(&peer))));
    });
    let decrypt = Case::new(
        "SM2 decrypt",
        "private key",
        |class, random| {
            let key = private_key(class, random);
            let ciphertext = key.public_key().encrypt(b"sixteen bytes of").unwrap();
            (key, ciphertext)
        },
        |(key, ciphertext)| drop(black_box(key.decrypt(black_box(ciphertext)).unwrap())),
    );
    [from_bytes, sign, ecdh, decrypt]
}
