//! `keys::pkcs11` against SoftHSM 2: `cargo test -p qianmo-crypto --features pkcs11 --test softhsm`.
//!
//! SoftHSM has no SM2 and no SM4. ECDSA stands in for SM2's signature, which shows that e arrives and r and s come
//! back, and AES for SM4. Without SoftHSM the test says that it was skipped; with `QIANMO_REQUIRE_SOFTHSM` set, as in
//! continuous integration, that is a failure.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod token;

use std::env;
use std::process::Command;

use qianmo_crypto::CryptoError;
use qianmo_crypto::keys::KeyProvider;
use qianmo_crypto::keys::pkcs11::{Mechanisms, OpenError, Pkcs11Keys};
use qianmo_crypto::sm2::{CERT_USER_ID, SecretKey};

use token::{PIN, Token, settings};

/// Runs the ignored tests below in a process whose SoftHSM has a token of its own: the library takes the place of its
/// settings from the environment, and a process cannot safely change its own.
#[test]
fn with_softhsm() {
    let Some(token) = Token::make() else {
        assert!(
            env::var_os("QIANMO_REQUIRE_SOFTHSM").is_none(),
            "SoftHSM 2 is required here; install softhsm2"
        );
        eprintln!("SKIPPED: no SoftHSM 2 on this machine; install softhsm2 to have it asked");
        return;
    };
    let tests = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--test-threads=1", "--nocapture"])
        .env("SOFTHSM2_CONF", token.configuration())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tests.stdout);
    assert!(tests.status.success(), "{said}{}", String::from_utf8_lossy(&tests.stderr));
    assert!(said.contains("7 passed"), "{said}");
}

fn keys() -> Pkcs11Keys {
    Pkcs11Keys::open(settings()).unwrap()
}

fn refusal(change: impl FnOnce(&mut qianmo_crypto::keys::pkcs11::Settings<'_>)) -> OpenError {
    let mut settings = settings();
    change(&mut settings);
    Pkcs11Keys::open(settings).err().unwrap()
}

#[test]
#[ignore = "run by with_softhsm"]
fn data_keys_are_wrapped_in_the_token_and_come_back() {
    let keys = keys();
    let wrapped = keys.wrap(&[7; 16]).unwrap();
    assert_eq!(wrapped.len(), 48);
    assert_ne!(wrapped, keys.wrap(&[7; 16]).unwrap());
    assert_eq!(*keys.unwrap_key(&wrapped).unwrap(), [7; 16]);
    for i in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[i] ^= 1;
        assert_eq!(keys.unwrap_key(&altered).err(), Some(CryptoError::Decrypt), "byte {i}");
        assert_eq!(keys.unwrap_key(&wrapped[..i]).err(), Some(CryptoError::Decrypt), "first {i} bytes");
    }
}

#[test]
#[ignore = "run by with_softhsm"]
fn random_bytes_and_keys_come_from_the_token() {
    let keys = keys();
    let (mut a, mut b) = ([0; 32], [0; 32]);
    keys.random(&mut a).unwrap();
    keys.random(&mut b).unwrap();
    assert_ne!(a, b);
    let secret = SecretKey::from_bytes(&token::PRIVATE).unwrap();
    assert_eq!(keys.public_key(), secret.public_key());
    let peer = SecretKey::generate().unwrap();
    assert_eq!(keys.ecdh(&peer.public_key()).unwrap(), peer.ecdh(&secret.public_key()));
    let unsupported = keys.sm2_decrypt(&secret.public_key().encrypt(b"m").unwrap());
    assert_eq!(unsupported.err(), Some(CryptoError::Provider("it does not decrypt with SM2")));
}

/// ECDSA's signature is none of SM2: the self-test finds that out, and a node does not start.
#[test]
#[ignore = "run by with_softhsm"]
fn a_mechanism_that_is_not_sm2_fails_the_self_test() {
    let keys = keys();
    let signature = keys.sign(CERT_USER_ID, b"m").unwrap();
    assert_eq!(keys.public_key().verify(CERT_USER_ID, b"m", &signature), Err(CryptoError::Signature));
    assert_eq!(keys.self_test(), Err(CryptoError::SelfTest("the signing key")));
}

#[test]
#[ignore = "run by with_softhsm"]
fn each_wrong_setting_is_named() {
    let says = |error: &OpenError, word: &str| assert!(error.to_string().contains(word), "{error}");
    says(&refusal(|s| s.library = "/nowhere/lib.so".as_ref()), "/nowhere/lib.so");
    says(&refusal(|s| s.token = "another"), "\"qianmo test\"");
    says(&refusal(|s| s.signing_key = "no key"), "\"no key\"");
    says(&refusal(|s| s.wrapping_key = "no key"), "\"no key\"");
    says(&refusal(|s| s.signing_key = token::P256_KEY), "sm2p256v1");
    let vendors = Mechanisms { sm2_sign: 0x8000_0001, ..settings().mechanisms };
    says(&refusal(|s| s.mechanisms = vendors), "0x80000001");
    let nobodys = Mechanisms { sm4_ecb: 0x0001_0002, ..settings().mechanisms };
    says(&refusal(|s| s.mechanisms = nobodys), "0x00010002");
}

#[test]
#[ignore = "run by with_softhsm"]
fn a_token_that_forgot_the_log_in_is_logged_into_again() {
    let keys = keys();
    let wrapped = keys.wrap(&[7; 16]).unwrap();
    token::log_out();
    assert_eq!(*keys.unwrap_key(&wrapped).unwrap(), [7; 16]);
    assert!(keys.sign(CERT_USER_ID, b"m").is_ok());
}

/// A token locks itself after a few wrong PINs.
#[test]
#[ignore = "run by with_softhsm"]
fn a_refused_pin_is_not_tried_again() {
    let keys = keys();
    token::change_pin(PIN, "4321");
    let refused = "the token refused the PIN and was not asked again; check the PIN and restart";
    assert_eq!(keys.sign(CERT_USER_ID, b"m").err(), Some(CryptoError::Provider(refused)));
    assert!(matches!(Pkcs11Keys::open(settings()).err(), Some(OpenError::LogIn(_))));
    token::change_pin("4321", PIN);
    assert_eq!(keys.sign(CERT_USER_ID, b"m").err(), Some(CryptoError::Provider(refused)));
    assert!(Pkcs11Keys::open(settings()).is_ok());
}

#[test]
#[ignore = "run by with_softhsm"]
fn many_threads_share_the_token() {
    let keys = keys();
    std::thread::scope(|scope| {
        for n in 0..20u8 {
            let keys = &keys;
            scope.spawn(move || {
                for _ in 0..10 {
                    assert_eq!(*keys.unwrap_key(&keys.wrap(&[n; 16]).unwrap()).unwrap(), [n; 16]);
                }
            });
        }
    });
}
