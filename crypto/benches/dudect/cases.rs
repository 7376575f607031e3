//! What is timed, and on which two classes of secrets.
//!
//! A fixed secret against random ones is dudect's own choice of classes. Two fixed ones find more easily what depends
//! on a whole value, and small ones, one of 65,536 each time, what depends on its form: zeros in front, few bits. Each
//! operation is timed on all three.
//!
//! The processor has a part of its own: docs/cryptography.md, "Timing". To show it in the same run, a rival's hash
//! function is timed as well, which is assembly without a branch or an address that depends on data.

use std::hint::black_box;

use qianmo_crypto::{
    hmac,
    sm2::{CERT_USER_ID, SecretKey},
    sm3,
    sm4::{Cipher, Kernel, gcm},
};

use ring::digest;

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
    /// Not ours to promise.
    Anything,
}

/// One operation and its classes.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) classes: String,
    pub(crate) expect: Expect,
    /// Runs for so many seconds of CPU time.
    pub(crate) run: Box<dyn Fn(f64) -> Outcome>,
}

impl Case {
    /// Times `work` on inputs that `make` draws for a class.
    fn new<T: 'static>(
        name: impl Into<String>,
        classes: impl Into<String>,
        make: impl Fn(Class, &mut Random) -> T + 'static,
        work: impl Fn(&mut T) + 'static,
    ) -> Self {
        let run = Box::new(move |seconds| run(seconds, &make, &work));
        Self { name: name.into(), classes: classes.into(), expect: Expect::NoLeak, run }
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
            let class = if random.bytes::<1>()[0] & 1 == 0 { Class::A } else { Class::B };
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
    let mut cases = Vec::from(controls());
    cases.extend(tags());
    cases.extend(
        Kernel::available().flat_map(|kernel| Secrets::ALL.map(|secrets| sm4(kernel, secrets))).flatten(),
    );
    cases.extend(Secrets::ALL.into_iter().flat_map(sm2));
    cases.extend(Secrets::ALL.into_iter().flat_map(hashes));
    cases
}

/// What the secrets of the two classes are.
#[derive(Clone, Copy)]
enum Secrets {
    /// Always one value with few bits set, or a new random one each time.
    FixedOrRandom,
    /// Always one value with few bits set, or always another with many.
    TwoFixed,
    /// One of 65,536 with few bits set, or a new random one each time.
    Fresh,
}

impl Secrets {
    const ALL: [Self; 3] = [Self::FixedOrRandom, Self::TwoFixed, Self::Fresh];

    /// A secret for `class`, where `few_bits` is the one with few bits set.
    fn draw<const N: usize>(self, class: Class, few_bits: [u8; N], random: &mut Random) -> [u8; N] {
        // Drawn always, so that making an input leaves the caches alike.
        let drawn: [u8; N] = random.bytes();
        match (self, class) {
            (Self::FixedOrRandom | Self::TwoFixed, Class::A) => few_bits,
            (Self::TwoFixed, Class::B) => {
                std::array::from_fn(|i| (i as u8).wrapping_mul(151).wrapping_add(57))
            }
            (Self::FixedOrRandom | Self::Fresh, Class::B) => drawn,
            (Self::Fresh, Class::A) => {
                let mut fresh = few_bits;
                fresh[N - 3..N - 1].copy_from_slice(&drawn[..2]);
                fresh
            }
        }
    }

    /// `what` the secret is, and its two classes.
    fn describe(self, what: &str, few_bits: &str) -> String {
        match self {
            Self::FixedOrRandom => format!("{what}: {few_bits}, or random"),
            Self::TwoFixed => format!("{what}: {few_bits}, or another fixed one"),
            Self::Fresh => format!("{what}: one of 65,536 small ones, or random"),
        }
    }
}

/// Code that does as none here may: both must be found.
fn controls() -> [Case; 2] {
    let mut compare = Case::new(
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
    compare.expect = Expect::Leak;
    let mut count = Case::new(
        "work for each bit set (leaks on purpose)",
        Secrets::TwoFixed.describe("secret", "2"),
        |class, random| scalar(Secrets::TwoFixed, class, random),
        |secret| {
            let bits = black_box(secret).iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
            bits.filter(|bit| *bit == 1).for_each(|bit| {
                black_box(bit);
            });
        },
    );
    count.expect = Expect::Leak;
    [compare, count]
}

/// A tag wrong in its first byte or in its last.
fn wrong(class: Class, mut tag: impl AsMut<[u8]>) {
    let tag = tag.as_mut();
    let place = if class == Class::A { 0 } else { tag.len() - 1 };
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

/// One kernel's block function both ways and GCM: key stream and GHASH under a secret key, over secret data.
fn sm4(kernel: Kernel, secrets: Secrets) -> [Case; 5] {
    fn draw<const N: usize>(secrets: Secrets, class: Class, random: &mut Random) -> [u8; N] {
        secrets.draw(class, [0; N], random)
    }
    let classes = |what| secrets.describe(what, "zeros");
    let cipher = move |class, random: &mut Random| {
        let key = draw(secrets, class, random);
        (Cipher::with_kernel(&key, kernel).unwrap(), draw::<16>(secrets, class, random))
    };
    let gcm = move |key: &[u8; 16]| gcm::Key::with_kernel(key, kernel).unwrap();
    let expand = Case::new(
        format!("SM4-GCM key expansion, {kernel}"),
        classes("key"),
        move |class, random| draw::<16>(secrets, class, random),
        move |key| drop(black_box(gcm(black_box(key)))),
    );
    let encrypt = Case::new(
        format!("SM4 encrypt one block, {kernel}"),
        classes("key and plaintext"),
        cipher,
        |(cipher, block)| cipher.encrypt_block(black_box(block)),
    );
    let decrypt = Case::new(
        format!("SM4 decrypt one block, {kernel}"),
        classes("key and ciphertext"),
        cipher,
        |(cipher, block)| cipher.decrypt_block(black_box(block)),
    );
    let seal = Case::new(
        format!("SM4-GCM seal 512 B, {kernel}"),
        classes("key and plaintext"),
        move |class, random| (gcm(&draw(secrets, class, random)), draw::<512>(secrets, class, random)),
        |(key, data)| {
            black_box(key.seal_in_place(&NONCE, b"header", black_box(data.as_mut_slice())));
        },
    );
    // No plaintext, so the time is GHASH's, and that of one block for the tag.
    let ghash = Case::new(
        format!("GHASH of 512 B, {kernel}"),
        classes("key"),
        move |class, random| (gcm(&draw(secrets, class, random)), random.bytes::<512>()),
        |(key, data)| {
            black_box(key.seal_in_place(&NONCE, black_box(data.as_slice()), &mut []));
        },
    );
    [expand, encrypt, decrypt, seal, ghash]
}

/// A private key's bytes: 2, or another number below n.
fn scalar(secrets: Secrets, class: Class, random: &mut Random) -> [u8; 32] {
    let mut two = [0; 32];
    two[31] = 2;
    let mut drawn = secrets.draw(class, two, random);
    drawn[0] &= 0x7f;
    drawn
}

fn sm2(secrets: Secrets) -> [Case; 4] {
    let key =
        move |class, random: &mut Random| SecretKey::from_bytes(&scalar(secrets, class, random)).unwrap();
    let classes = || secrets.describe("private key", "2");
    let peer = SecretKey::generate().unwrap().public_key();
    let from_bytes = Case::new(
        "SM2 public key from private",
        classes(),
        move |class, random| scalar(secrets, class, random),
        |bytes| drop(black_box(SecretKey::from_bytes(black_box(bytes)).unwrap())),
    );
    let sign = Case::new("SM2 sign", classes(), key, |key| {
        black_box(key.sign(CERT_USER_ID, black_box(b"message")).unwrap());
    });
    let ecdh = Case::new("SM2 ECDH", classes(), key, move |key| {
        drop(black_box(key.ecdh(black_box(&peer))));
    });
    let decrypt = Case::new(
        "SM2 decrypt",
        classes(),
        move |class, random| {
            let key = key(class, random);
            let ciphertext = key.public_key().encrypt(b"sixteen bytes of").unwrap();
            (key, ciphertext)
        },
        |(key, ciphertext)| drop(black_box(key.decrypt(black_box(ciphertext)).unwrap())),
    );
    [from_bytes, sign, ecdh, decrypt]
}

/// SM3 over a secret, and the rival's hash function that shows the processor's part.
fn hashes(secrets: Secrets) -> [Case; 2] {
    let message = move |class, random: &mut Random| secrets.draw::<160>(class, [0; 160], random);
    let sm3 = Case::new("SM3 of 160 B", secrets.describe("message", "zeros"), message, |data| {
        black_box(sm3::digest(black_box(data.as_slice())));
    });
    let mut sha512 =
        Case::new("SHA-512 of 160 B, ring", secrets.describe("message", "zeros"), message, |data| {
            black_box(digest::digest(&digest::SHA512, black_box(data.as_slice())));
        });
    sha512.expect = Expect::Anything;
    [sm3, sha512]
}
