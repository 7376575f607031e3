use proptest::prelude::*;

use super::*;
use crate::sm3::digest;

/// Both examples of GB/T 32905-2016, annex A.
fn published() -> [(Vec<u8>, &'static str); 2] {
    [
        (b"abc".to_vec(), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd".repeat(16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ]
}

/// All kernels of this machine, so that a figure or a failure says which one it is of.
fn on_every_kernel<const PARTS: usize>(messages: &[[&[u8]; PARTS]], expected: &[Digest]) {
    for kernel in Kernel::available() {
        let digests = digest_many_with(kernel, messages).unwrap();
        assert!(digests == expected, "{kernel}: {} messages", messages.len());
    }
}

#[test]
fn the_published_digests_come_out_of_every_lane() {
    let [abc, abcd] = published();
    for lane in 0..16 {
        for (message, expected) in [&abc, &abcd] {
            // Seventeen others, so that no kernel takes the message alone and every lane is used.
            let mut messages = vec![[b"another message".as_slice()]; 18];
            messages[lane] = [message];
            for kernel in Kernel::available() {
                let digests = digest_many_with(kernel, &messages).unwrap();
                assert_eq!(digests[lane].to_string(), **expected, "{kernel}, lane {lane}");
            }
        }
    }
}

#[test]
fn every_length_up_to_five_blocks_is_padded_right() {
    let bytes: Vec<u8> = (0..320u32).map(|i| (i * 7) as u8).collect();
    let messages: Vec<_> = (0..=bytes.len()).map(|len| [&bytes[..len]]).collect();
    let expected: Vec<_> = messages.iter().map(|[message]| digest(message)).collect();
    on_every_kernel(&messages, &expected);
    // And each length in all lanes at once: the runs are then as long as they can be.
    let lengths = messages.iter().zip(expected).step_by(if cfg!(miri) { 80 } else { 1 });
    for (message, expected) in lengths {
        on_every_kernel(&[*message; 19], &[expected; 19]);
    }
}

#[test]
fn no_messages_and_empty_messages() {
    on_every_kernel::<1>(&[], &[]);
    on_every_kernel::<0>(&[[]; 3], &[digest(b""); 3]);
    on_every_kernel(&[[b"".as_slice(), b""]; 33], &[digest(b""); 33]);
}

#[test]
fn a_message_far_longer_than_the_others_has_its_digest_too() {
    let (long, short) = (vec![1; 64 * 1000], [2; 64]);
    let mut messages = vec![[short.as_slice()]; 40];
    messages[7] = [&long];
    let expected: Vec<_> = messages.iter().map(|[message]| digest(message)).collect();
    on_every_kernel(&messages, &expected);
}

#[test]
fn the_portable_kernel_is_always_there_and_last() {
    assert_eq!(Kernel::available().last(), Some(Kernel::Portable));
    assert_eq!(Kernel::available().next(), Some(Kernel::selected()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 1 } else { 200 }, ..ProptestConfig::default() })]

    #[test]
    fn digests_are_those_of_the_messages_alone(
        lengths in prop::collection::vec(prop_oneof![0..200usize, 0..5000usize], 0..70),
        seed: u8,
    ) {
        let bytes: Vec<u8> = (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed).collect();
        let messages: Vec<_> = lengths.iter().map(|len| [&bytes[..*len]]).collect();
        let expected: Vec<_> = messages.iter().map(|[message]| digest(message)).collect();
        on_every_kernel(&messages, &expected);
    }

    #[test]
    fn where_a_message_is_cut_into_parts_does_not_matter(
        cuts in prop::collection::vec((0..400usize, 0..400usize), 1..40),
    ) {
        let bytes: Vec<u8> = (0..400u32).map(|i| (i * 31) as u8).collect();
        let parts = |(a, b): &(usize, usize)| {
            let (low, high) = (*a.min(b), *a.max(b));
            [&bytes[..low], &bytes[low..high], &[][..], &bytes[high..]]
        };
        let messages: Vec<_> = cuts.iter().map(parts).collect();
        on_every_kernel(&messages, &vec![digest(&bytes); messages.len()]);
    }
}
