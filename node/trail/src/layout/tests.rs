use proptest::prelude::*;

use super::*;
use crate::merkle;
use crate::testing::keys;

fn frames(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    entries.iter().for_each(|entry| push_frame(&mut bytes, entry));
    bytes
}

fn note(size: u64) -> String {
    let checkpoint = Checkpoint { origin: "o".into(), size, root: merkle::empty_root(), time_ms: 3 };
    checkpoint.sign(&*keys()).unwrap()
}

fn history(sizes: &[u64]) -> Vec<u8> {
    sizes.iter().map(|size| history_record(&note(*size))).collect::<String>().into_bytes()
}

#[test]
fn segment_names_are_exact() {
    assert_eq!(segment_name(42), "segment-00000000000000000042");
    assert_eq!(segment_first(&segment_name(42)), Some(42));
    assert_eq!(segment_first(&segment_name(u64::MAX)), Some(u64::MAX));
    for other in [
        "segment-42",
        "segment-+0000000000000000042",
        "segment-",
        "hashes",
        "segment-00000000000000000042.new",
    ] {
        assert_eq!(segment_first(other), None, "{other}");
    }
    assert_eq!(segment_header(1).len(), HEADER_LEN);
}

#[test]
fn lengths_outside_the_limits_are_broken_and_short_ones_torn() {
    for (bytes, torn) in [
        (&b"\0\0\0\0"[..], false),
        (b"\0\x01\0\0x", false),
        (b"\xff\xff\xff\xffx", false),
        (b"\0\0\0", true),
        (b"\0\0\0\x02x", true),
        (b"\0\0\xff\xffx", true),
    ] {
        let read: Vec<_> = Frames::new(bytes, 0).collect();
        assert_eq!(read, [Err(BrokenFrame { offset: 0, torn })], "{bytes:?}");
    }
    assert_eq!(Frames::new(b"", 0).count(), 0);
    assert_eq!(Frames::new(b"abc", 9).count(), 0);
}

#[test]
fn a_history_is_read_back_and_a_broken_end_is_found() {
    let bytes = history(&[1, 5, 9]);
    let read = History::parse(&bytes);
    assert_eq!(read.records.iter().map(|record| record.checkpoint.size).collect::<Vec<_>>(), [1, 5, 9]);
    assert_eq!((read.broken, read.len), (None, bytes.len() as u64));

    let (second, third) = (history(&[1]).len(), history(&[1, 5]).len());
    for cut in third + 1..bytes.len() {
        let read = History::parse(&bytes[..cut]);
        let broken = BrokenHistory { offset: third as u64, torn: true };
        assert_eq!(
            (read.records.len(), read.len, read.broken),
            (2, third as u64, Some(broken)),
            "cut at {cut}"
        );
    }
    let mut changed = bytes.clone();
    changed[second + 2] = b'x'; // The size line: "o\nx\n…"
    let read = History::parse(&changed);
    assert_eq!(read.broken, Some(BrokenHistory { offset: second as u64, torn: false }));
}

proptest! {
    #[test]
    fn framing_and_reading_are_inverse(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20)) {
        let bytes = frames(&entries);
        let read: Vec<_> = Frames::new(&bytes, 0).map(|frame| frame.unwrap().entry.to_vec()).collect();
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn a_cut_costs_only_the_frame_it_hits(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..8),
        cut: prop::sample::Index,
    ) {
        let bytes = frames(&entries);
        let cut = cut.index(bytes.len());
        let mut whole = 0;
        for frame in Frames::new(&bytes[..cut], 0) {
            match frame {
                Ok(frame) => {
                    prop_assert_eq!(frame.entry, &entries[whole][..]);
                    whole += 1;
                }
                Err(broken) => prop_assert!(broken.torn),
            }
        }
        prop_assert!(frames(&entries[..whole]).len() <= cut);
        prop_assert!(frames(&entries[..whole + 1]).len() > cut);
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(\n|o|1|— |[A-Z]{4}| )*") {
        prop_assert!(Frames::new(&bytes, 0).count() <= bytes.len());
        prop_assert!(History::parse(&bytes).len <= bytes.len() as u64);
        prop_assert!(History::parse(text.as_bytes()).len <= text.len() as u64);
        prop_assert_eq!(hashes(&bytes).count(), bytes.len() / 32);
    }
}
