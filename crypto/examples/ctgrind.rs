//! Runs secret-handling operations with their secrets marked as undefined memory, for valgrind's memcheck to follow:
//! it reports every branch and every address that depends on one ("ctgrind", after Adam Langley).
//!
//! `tests/ctgrind/run.sh` builds and runs it. Words select cases by name; the case `leak` is run only when named, and
//! memcheck must report it. Outside valgrind the marks do nothing and the operations just run.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a check stops at the first surprise")]

use std::{env, hint::black_box, process::ExitCode};

#[cfg(target_arch = "x86_64")]
mod memcheck {
    //! Requests to memcheck (valgrind's `memcheck.h`): an instruction sequence without effect elsewhere.

    const MAKE_UNDEFINED: u64 = request(1);
    const MAKE_DEFINED: u64 = request(2);
    const RUNNING_ON_VALGRIND: u64 = 0x1001;

    const fn request(number: u64) -> u64 {
        ((b'M' as u64) << 24) + ((b'C' as u64) << 16) + number
    }

    #[expect(unsafe_code, reason = "valgrind is asked by an instruction sequence")]
    fn ask(request: u64, start: *const u8, length: usize) -> u64 {
        let arguments = [request, start as u64, length as u64, 0, 0, 0];
        let mut answer = 0_u64;
        // SAFETY: the rotations add up to 128 bits and the exchange is of a register with itself, so on a processor
        // this does nothing; valgrind reads `arguments` and writes rdx.
        unsafe {
            std::arch::asm!(
                "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
                in("rax") arguments.as_ptr(),
                inout("rdx") answer,
                options(nostack),
            );
        }
        answer
    }

    pub(crate) fn is_running() -> bool {
        ask(RUNNING_ON_VALGRIND, std::ptr::null(), 0) != 0
    }

    /// Marks a value as secret. The value must hold its secrets in itself, behind no pointer.
    pub(crate) fn hide<T: ?Sized>(value: &mut T) {
        ask(MAKE_UNDEFINED, std::ptr::from_mut(value).cast(), size_of_val(value));
    }

    /// Ends the mark, on a result that is public.
    pub(crate) fn reveal<T: ?Sized>(value: &T) {
        ask(MAKE_DEFINED, std::ptr::from_ref(value).cast(), size_of_val(value));
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod memcheck {
    //! The requests are written for x86-64 only.

    pub(crate) fn is_running() -> bool {
        false
    }

    pub(crate) fn hide<T: ?Sized>(_: &mut T) {}

    pub(crate) fn reveal<T: ?Sized>(_: &T) {}
}

use memcheck::{hide, reveal};
use qianmo_crypto::{
    hmac, kdf,
    sm2::{CERT_USER_ID, PublicKey, SecretKey},
    sm3,
    sm4::{Cipher, ccm, gcm},
};

const NONCE: [u8; 12] = [3; 12];
/// A private key before it is hidden.
const KEY: [u8; 32] = [0x35; 32];
/// Lengths that reach whole batches, tails and single blocks of every kernel.
const LENGTHS: [usize; 6] = [0, 1, 16, 250, 1350, 5000];

type Case = (&'static str, fn());

const CASES: [Case; 12] = [
    ("sm4-key", sm4_key),
    ("sm4-blocks", sm4_blocks),
    ("gcm-seal", gcm_seal),
    ("gcm-open", gcm_open),
    ("ccm", ccm_both),
    ("sm3", sm3_digest),
    ("sha512-of-ring", sha512_of_ring),
    ("hmac", hmac_tag),
    ("sm2-key", sm2_key),
    ("sm2-sign", sm2_sign),
    ("sm2-ecdh", sm2_ecdh),
    ("sm2-decrypt", sm2_decrypt),
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if !memcheck::is_running() {
        eprintln!("ctgrind: not under valgrind, so nothing is checked");
    }
    let mut run = 0;
    for (name, case) in CASES.iter().chain([&("leak", leak as fn())]) {
        let named = words.iter().any(|word| word == name);
        if named || (words.is_empty() && *name != "leak") {
            eprintln!("ctgrind: {name}");
            case();
            run += 1;
        }
    }
    if run == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn secret<const N: usize>() -> [u8; N] {
    let mut bytes = [0x35; N];
    hide(&mut bytes);
    bytes
}

fn sm4_blocks() {
    let cipher = Cipher::new(&secret());
    let mut one = secret();
    cipher.encrypt_block(&mut one);
    cipher.decrypt_block(&mut one);
    for count in [1, 7, 16, 33, 100] {
        let mut many: Vec<[u8; 16]> = (0..count).map(|_| secret()).collect();
        cipher.encrypt_blocks(&mut many);
        cipher.decrypt_blocks(&mut many);
        black_box(many);
    }
}

/// An outcome that anybody may learn.
fn public<T>(outcome: T) -> T {
    reveal(&outcome);
    outcome
}

/// Expansion of a secret key, and its GHASH tables.
fn sm4_key() {
    black_box(gcm::Key::new(&secret()));
}

fn gcm_seal() {
    let key = gcm::Key::new(&secret());
    for length in LENGTHS {
        let mut data = vec![7; length];
        hide(data.as_mut_slice());
        let tag = key.seal_in_place(&NONCE, b"header", &mut data);
        reveal(&tag);
        reveal(data.as_slice());
        black_box((tag, data));
    }
}

/// Right and wrong tags. Whether a tag was right is public.
fn gcm_open() {
    let plain = gcm::Key::new(&[0x35; 16]);
    let key = gcm::Key::new(&secret());
    for length in LENGTHS {
        let mut data = vec![7; length];
        let mut tag = plain.seal_in_place(&NONCE, b"header", &mut data);
        assert!(public(key.open_in_place(&NONCE, b"header", &mut data, &tag)).is_ok());
        reveal(data.as_slice());
        tag[15] ^= 1;
        assert!(public(key.open_in_place(&NONCE, b"header", &mut data, &tag)).is_err());
    }
}

fn ccm_both() {
    let key = ccm::Key::new(&secret());
    for length in LENGTHS {
        let mut data = vec![7; length];
        hide(data.as_mut_slice());
        let mut sealed = key.seal(&NONCE, b"header", &data).unwrap();
        reveal(sealed.as_slice());
        assert!(public(key.open(&NONCE, b"header", &sealed)).is_ok());
        sealed[length] ^= 1;
        assert!(public(key.open(&NONCE, b"header", &sealed)).is_err());
    }
}

fn sm3_digest() {
    for length in LENGTHS {
        let mut data = vec![0x35; length];
        hide(data.as_mut_slice());
        let digest = sm3::digest(&data);
        reveal(&digest);
        black_box(digest);
    }
}

/// The rival whose time the benchmark `dudect` holds against ours.
fn sha512_of_ring() {
    let mut data = [0x35; 160];
    hide(&mut data);
    let digest = ring::digest::digest(&ring::digest::SHA512, &data);
    reveal(digest.as_ref());
    black_box(digest);
}

fn hmac_tag() {
    let key: [u8; 32] = secret();
    let mut tag = hmac::hmac_sm3(&key, b"message");
    reveal(&tag);
    assert!(public(hmac::verify(&key, b"message", &tag)));
    tag[31] ^= 1;
    assert!(!public(hmac::verify(&key, b"message", &tag)));
    let mut out = [0; 80];
    kdf::hkdf_sm3(b"salt", &key, b"info", &mut out).unwrap();
    reveal(&out);
    black_box(out);
}

/// A key from secret bytes: the range check, the scalar times the base point, and what signing needs.
fn hidden_key() -> SecretKey {
    let mut bytes = KEY;
    hide(&mut bytes);
    SecretKey::from_bytes(&bytes).unwrap()
}

fn sm2_key() {
    let public = hidden_key().public_key();
    reveal(&public);
    assert_eq!(public, public_key());
}

/// The public half of that key, computed in the open.
fn public_key() -> PublicKey {
    SecretKey::from_bytes(&KEY).unwrap().public_key()
}

fn sm2_sign() {
    let signature = hidden_key().sign(CERT_USER_ID, b"message").unwrap();
    reveal(&signature);
    public_key().verify(CERT_USER_ID, b"message", &signature).unwrap();
}

fn sm2_ecdh() {
    let peer = SecretKey::from_bytes(&[0x53; 32]).unwrap().public_key();
    let agreed = hidden_key().ecdh(&peer);
    reveal(&*agreed);
    black_box(agreed);
}

/// Whether a ciphertext was right is public, and so is the length of what comes out.
fn sm2_decrypt() {
    let key = hidden_key();
    let opened = key.decrypt(&public_key().encrypt(b"message").unwrap()).unwrap();
    reveal(opened.as_slice());
    assert_eq!(*opened, b"message");
    let stranger = SecretKey::from_bytes(&[0x53; 32]).unwrap();
    assert!(public(key.decrypt(&stranger.public_key().encrypt(b"message").unwrap())).is_err());
}

/// What must be found.
fn leak() {
    let table = std::array::from_fn(|i| i as u8);
    black_box(leaky(&table, &secret()));
}

/// A branch on a secret and a table indexed by one.
#[inline(never)]
fn leaky(table: &[u8; 256], secret: &[u8; 2]) -> u8 {
    let [first, second] = black_box(secret);
    if *first == 0x35 {
        black_box(table);
    }
    table[usize::from(*second)]
}
