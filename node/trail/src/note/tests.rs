use proptest::prelude::*;

use super::*;
use crate::testing::{keys, other_keys};

const NAME: &str = "qianmo://hospital-a/node/main";
const TEXT: &str = "qianmo://hospital-a/node/main\n0\nGrIdg1XPoX+OYRlIMegajyK+yMco/vt0ftA161CCqis=\n";

fn key() -> VerifyingKey {
    VerifyingKey::new(NAME, keys().public_key()).unwrap()
}

fn note() -> String {
    sign(TEXT, NAME, &*keys(), 1_700_000_000_123).unwrap()
}

#[test]
fn a_signed_note_opens_with_its_text_and_time() {
    let opened = verify(&note(), &key()).unwrap();
    assert_eq!(opened, Opened { text: TEXT.to_owned(), time_ms: 1_700_000_000_123 });
    assert_eq!(read_unverified(&note(), |name| name == NAME).unwrap(), opened);
    assert_eq!(read_unverified(&note(), |_| false).unwrap().time_ms, 0);
}

#[test]
fn the_layout_is_that_of_c2sp() {
    let note = note();
    let line = note.strip_prefix(TEXT).unwrap().strip_prefix("\n— ").unwrap().strip_suffix('\n').unwrap();
    let (name, blob) = line.split_once(' ').unwrap();
    assert_eq!(name, NAME);
    let blob = BASE64.decode(blob).unwrap();
    assert_eq!(blob.len(), 4 + 8 + 64);
    let encoded = [&b"\xff"[..], IDENTIFIER.as_bytes(), &keys().public_key().to_sec1()].concat();
    let id = sm3::digest(&[NAME.as_bytes(), b"\n", &encoded].concat());
    assert_eq!(blob[..4], id.as_bytes()[..4]);
    assert_eq!(blob[4..12], 1_700_000_000_123_i64.to_be_bytes());
}

#[test]
fn other_keys_names_and_changes_are_told_apart() {
    let stranger = VerifyingKey::new(NAME, other_keys().public_key()).unwrap();
    assert_eq!(verify(&note(), &stranger), Err(NoteError::NotSigned(NAME.into())));
    let renamed = VerifyingKey::new("other", keys().public_key()).unwrap();
    assert_eq!(verify(&note(), &renamed), Err(NoteError::NotSigned("other".into())));
    let changed = note().replacen("\n0\n", "\n1\n", 1);
    assert_eq!(verify(&changed, &key()), Err(NoteError::BadSignature(NAME.into())));
}

#[test]
fn cosignatures_of_others_are_ignored_but_a_second_wrong_one_of_ours_is_not() {
    let cosigned = sign(TEXT, "witness", &*other_keys(), 5).unwrap();
    let line = cosigned.strip_prefix(TEXT).unwrap().trim_start();
    let both = format!("{}{line}", note());
    assert_eq!(verify(&both, &key()).unwrap().text, TEXT);
    let witness = VerifyingKey::new("witness", other_keys().public_key()).unwrap();
    assert_eq!(verify(&both, &witness).unwrap().time_ms, 5);

    let elsewhere = sign("other text\n", NAME, &*keys(), 5).unwrap();
    let line = elsewhere.strip_prefix("other text\n\n").unwrap();
    assert_eq!(verify(&format!("{}{line}", note()), &key()), Err(NoteError::BadSignature(NAME.into())));
}

#[test]
fn every_flipped_byte_of_a_note_is_refused() {
    let note = note().into_bytes();
    for at in 0..note.len() {
        for mask in [0x01, 0x20, 0x80, 0xff] {
            let mut other = note.clone();
            other[at] ^= mask;
            let refused = match String::from_utf8(other) {
                Ok(text) => verify(&text, &key()).is_err(),
                Err(_) => true,
            };
            assert!(refused, "byte {at} with {mask:#x}");
        }
    }
}

#[test]
fn texts_and_names_that_would_not_parse_are_not_signed() {
    for text in ["", "no newline", "tab\t\n", "bell\u{7}\n"] {
        assert!(matches!(sign(text, NAME, &*keys(), 0), Err(NoteError::Malformed(_))), "{text:?}");
    }
    for name in ["", "a b", "a+b", "a\u{3000}b", "a\nb"] {
        assert_eq!(sign(TEXT, name, &*keys(), 0), Err(NoteError::Name(name.into())));
    }
}

#[test]
fn verifier_keys_are_written_and_read() {
    let text = key().to_string();
    assert!(text.starts_with("qianmo://hospital-a/node/main+"));
    assert_eq!(text.parse(), Ok(key()));
    for bad in
        ["", "a", "a+b", "a+00000000+AAAA", &text.replacen("main+", "mean+", 1), &text[..text.len() - 4]]
    {
        assert!(matches!(bad.parse::<VerifyingKey>(), Err(NoteError::Key(_))), "{bad}");
    }
}

proptest! {
    #[test]
    fn signing_and_reading_are_inverse(text in "[^\\x00-\\x1f]{0,40}(\n[^\\x00-\\x1f]{0,40}){0,4}", time_ms: i64) {
        let text = text + "\n";
        let note = sign(&text, NAME, &*keys(), time_ms).unwrap();
        prop_assert_eq!(verify(&note, &key()), Ok(Opened { text, time_ms }));
    }

    #[test]
    fn garbage_never_panics(note in "(\n|— |[a-z]|=|/| |[A-Z0-9+/]{8}|\\PC){0,60}") {
        let _ = verify(&note, &key());
        let _ = note.parse::<VerifyingKey>();
        let unsigned = note + "\n\n— x AAAAAAAA\n";
        prop_assert!(verify(&unsigned, &key()).is_err());
    }
}
