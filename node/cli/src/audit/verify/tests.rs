use std::sync::Arc;

use qianmo_crypto::{keys::SoftKeys, sm2::SecretKey};
use qianmo_trail::{Trail, storage::FileStorage};

use super::*;

#[test]
fn frames_split_and_half_frames_are_refused() {
    assert_eq!(split(b"").unwrap().len(), 0);
    assert_eq!(split(b"\0\0\0\x02ab\0\0\0\0").unwrap(), [b"ab".to_vec(), Vec::new()]);
    for half in [&b"\0\0"[..], b"\0\0\0\x03ab", b"\0\0\0\x02ab\xff\xff\xff\xff"] {
        assert!(split(half).is_none());
    }
}

/// A trail of `entries` entries under a fresh key, with that key's verifier.
fn trail(dir: &Path, keys: &Arc<SoftKeys>, entries: u32) -> VerifyingKey {
    let storage = FileStorage::open(dir).unwrap();
    let keys: Arc<SoftKeys> = Arc::clone(keys);
    let (mut trail, _) = Trail::open(storage, NODE, keys, 1).unwrap();
    for entry in 0..entries {
        trail.append(&[format!("entry {entry}").into_bytes()], 2).unwrap();
    }
    trail.key().clone()
}

const NODE: &str = "qianmo://hospital-a/node/main";

fn signer(key: &VerifyingKey) -> Signer {
    Signer { node: NODE.parse().ok(), key: Ok(key.clone()) }
}

#[test]
fn a_trail_that_shrank_since_last_time_is_tampered_with() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::under(dir.path());
    let keys = Arc::new(SoftKeys::new(SecretKey::generate().unwrap(), [7; 16].into()));
    let (long, short) = (dir.path().join("long"), dir.path().join("short"));
    let key = trail(&long, &keys, 5);
    trail(&short, &keys, 3);
    let verdict = |folder: &Path| {
        signer(&key).conclude(&memory, |key, previous| verify_dir(folder, key, previous)).unwrap()
    };
    let first = verdict(&short);
    assert_eq!((first.exit(), first.remembered), (Exit::Done, None), "{:?}", first.report);
    let grown = verdict(&long);
    assert_eq!((grown.exit(), grown.remembered), (Exit::Done, Some(3)), "{:?}", grown.report);
    assert_eq!(verdict(&short).exit(), Exit::Tampered);
}

#[test]
fn without_a_trusted_key_nothing_is_verified_and_nothing_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::under(dir.path());
    let keys = Arc::new(SoftKeys::new(SecretKey::generate().unwrap(), [7; 16].into()));
    let folder = dir.path().join("trail");
    trail(&folder, &keys, 2);
    let unknown = Signer::unknown("no trust root was given");
    let verification = unknown.conclude(&memory, |key, previous| verify_dir(&folder, key, previous)).unwrap();
    assert_eq!(verification.exit(), Exit::Inconclusive);
    assert!(!dir.path().join("checkpoints").exists());
}
