//! Every kernel of this processor against RustCrypto's implementation, and what the modes promise of altered data.

use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use proptest::collection::vec;
use proptest::prelude::*;
use qianmo_crypto::CryptoError;
use qianmo_crypto::sm4::{Cipher, Kernel, KernelError, ccm, ctr, gcm};

/// Longest data: some batches of the widest kernel more than a TLS record.
const MOST: usize = 70 << 10;

/// Counter mode with RustCrypto's block function.
fn oracle_ctr(key: &[u8; 16], nonce: &[u8; 12], counter: u32, data: &mut [u8]) {
    let cipher = sm4::Sm4::new(key.into());
    for (block, i) in data.chunks_mut(16).zip(0..) {
        let counter = counter.wrapping_add(i).to_be_bytes();
        let mut stream = [nonce.as_slice(), &counter].concat().try_into().unwrap();
        cipher.encrypt_block(&mut stream);
        block.iter_mut().zip(stream).for_each(|(data, key)| *data ^= key);
    }
}

/// GCM from RustCrypto's parts.
fn oracle_seal(key: &[u8; 16], nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; 16] {
    oracle_ctr(key, nonce, 2, text);
    let mut h = Default::default();
    sm4::Sm4::new(key.into()).encrypt_block(&mut h);
    let mut ghash = GHash::new(&h);
    ghash.update_padded(aad);
    ghash.update_padded(text);
    let lengths = ((aad.len() as u128) << 67) | ((text.len() as u128) << 3);
    ghash.update(&[lengths.to_be_bytes().into()]);
    let mut tag: [u8; 16] = ghash.finalize().into();
    oracle_ctr(key, nonce, 1, &mut tag);
    tag
}

fn gcm_key(key: &[u8; 16], kernel: Kernel) -> gcm::Key {
    gcm::Key::with_kernel(key, kernel).unwrap()
}

/// Mostly short, sometimes long.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..2000), vec(any::<u8>(), 0..MOST)]
}

/// Counters of which some wrap soon.
fn counter() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), (0..5000u32).prop_map(|left| u32::MAX - left)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks(key: [u8; 16], blocks in vec(any::<[u8; 16]>(), 0..300)) {
        let oracle = sm4::Sm4::new(&key.into());
        let mut expected: Vec<_> = blocks.iter().map(|block| (*block).into()).collect();
        oracle.encrypt_blocks(&mut expected);
        for kernel in Kernel::available() {
            let cipher = Cipher::with_kernel(&key, kernel).unwrap();
            let mut made = blocks.clone();
            cipher.encrypt_blocks(&mut made);
            prop_assert!(made.iter().eq(expected.iter().map(|block| &block.0)), "{}", kernel);
            cipher.decrypt_blocks(&mut made);
            prop_assert_eq!(&made, &blocks, "{}", kernel);
            for (block, expected) in blocks.iter().zip(&expected) {
                let mut made = *block;
                cipher.encrypt_block(&mut made);
                prop_assert_eq!(made, expected.0, "{}", kernel);
                cipher.decrypt_block(&mut made);
                prop_assert_eq!(made, *block, "{}", kernel);
            }
        }
        oracle.decrypt_blocks(&mut expected);
        prop_assert!(blocks.iter().eq(expected.iter().map(|block| &block.0)));
    }

    #[test]
    fn counter_mode(key: [u8; 16], nonce: [u8; 12], counter in counter(), data in data(), start in 0..70usize) {
        let start = start.min(data.len());
        let mut expected = data.clone();
        oracle_ctr(&key, &nonce, counter, &mut expected[start..]);
        for kernel in Kernel::available() {
            let cipher = Cipher::with_kernel(&key, kernel).unwrap();
            let mut made = data.clone();
            ctr::apply(&cipher, &nonce, counter, &mut made[start..]);
            prop_assert!(made == expected, "{}", kernel);
        }
    }

    #[test]
    fn gcm(key: [u8; 16], nonce: [u8; 12], aad in data(), data in data(), start in 0..70usize) {
        let start = start.min(data.len());
        let mut expected = data.clone();
        let tag = oracle_seal(&key, &nonce, &aad, &mut expected[start..]);
        for kernel in Kernel::available() {
            let key = gcm_key(&key, kernel);
            let mut made = data.clone();
            prop_assert_eq!(key.seal_in_place(&nonce, &aad, &mut made[start..]), tag, "{}", kernel);
            prop_assert!(made == expected, "{}", kernel);
            prop_assert_eq!(key.open_in_place(&nonce, &aad, &mut made[start..], &tag), Ok(()), "{}", kernel);
            prop_assert!(made == data, "{}", kernel);
        }
    }

    /// Also with vectors from which the first counter derives, and may wrap at once.
    #[test]
    fn kernels_agree_on_any_iv(key: [u8; 16], iv in vec(any::<u8>(), 1..200), aad in data(), data in data()) {
        let sealed = |kernel| {
            let mut text = data.clone();
            let tag = gcm_key(&key, kernel).seal_in_place_with_iv(&iv, &aad, &mut text).unwrap();
            (text, tag)
        };
        let expected = sealed(Kernel::Portable);
        for kernel in Kernel::available() {
            let (mut text, tag) = sealed(kernel);
            prop_assert!((&text, tag) == (&expected.0, expected.1), "{}", kernel);
            gcm_key(&key, kernel).open_in_place_with_iv(&iv, &aad, &mut text, &tag).unwrap();
            prop_assert!(text == data, "{}", kernel);
        }
    }

    #[test]
    fn an_altered_gcm_message_is_refused_and_stays_as_it_is(
        key: [u8; 16], nonce: [u8; 12], aad in data(), text in data(), at: prop::sample::Index, bit in 0..8u8,
    ) {
        let (mut text, mut aad) = (text, aad);
        let mut tag = gcm_key(&key, Kernel::selected()).seal_in_place(&nonce, &aad, &mut text);
        let parts = text.iter_mut().chain(&mut tag).chain(&mut aad);
        let mut parts: Vec<&mut u8> = parts.collect();
        let at = at.index(parts.len());
        *parts[at] ^= 1 << bit;
        for kernel in Kernel::available() {
            let mut opened = text.clone();
            let result = gcm_key(&key, kernel).open_in_place(&nonce, &aad, &mut opened, &tag);
            prop_assert_eq!(result, Err(CryptoError::Decrypt), "{}", kernel);
            prop_assert!(opened == text, "{}", kernel);
        }
    }

    #[test]
    fn an_altered_ccm_message_is_refused_and_stays_as_it_is(
        key: [u8; 16], nonce: [u8; 12], aad in vec(any::<u8>(), 0..300), text in vec(any::<u8>(), 0..3000),
        at: prop::sample::Index, bit in 0..8u8,
    ) {
        let (mut sealed, mut aad) = (text.clone(), aad);
        let ccm = |kernel| ccm::Key::with_kernel(&key, kernel).unwrap();
        let mut tag = ccm(Kernel::Portable).seal_in_place(&nonce, &aad, &mut sealed).unwrap();
        for kernel in Kernel::available() {
            let (mut text, key) = (sealed.clone(), ccm(kernel));
            prop_assert_eq!(key.open_in_place(&nonce, &aad, &mut text, &tag), Ok(()), "{}", kernel);
            prop_assert_eq!(key.seal_in_place(&nonce, &aad, &mut text), Ok(tag), "{}", kernel);
            prop_assert!(text == sealed, "{}", kernel);
        }
        let mut parts: Vec<&mut u8> = sealed.iter_mut().chain(&mut tag).chain(&mut aad).collect();
        let at = at.index(parts.len());
        *parts[at] ^= 1 << bit;
        for kernel in Kernel::available() {
            let mut opened = sealed.clone();
            let result = ccm(kernel).open_in_place(&nonce, &aad, &mut opened, &tag);
            prop_assert_eq!(result, Err(CryptoError::Decrypt), "{}", kernel);
            prop_assert!(opened == sealed, "{}", kernel);
        }
    }

    #[test]
    fn many_packets_are_as_good_as_one_each(
        key: [u8; 16], packets in vec((any::<[u8; 12]>(), vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..400)), 0..60),
        altered: prop::sample::Index,
    ) {
        for kernel in Kernel::available() {
            let key = gcm_key(&key, kernel);
            let mut bodies: Vec<Vec<u8>> = packets.iter().map(|(_, _, body)| body.clone()).collect();
            let with_bodies = packets.iter().zip(&mut bodies);
            let mut batch: Vec<gcm::Packet<'_>> = with_bodies
                .map(|((nonce, aad, _), body)| gcm::Packet { nonce: *nonce, aad, body, tag: [0; 16] })
                .collect();
            key.seal_many(&mut batch);
            for (packet, (nonce, aad, body)) in batch.iter().zip(&packets) {
                let sealed = [&packet.body[..], &packet.tag].concat();
                prop_assert_eq!(sealed, key.seal(nonce, aad, body), "{}", kernel);
            }
            let altered = (!batch.is_empty()).then(|| altered.index(batch.len()));
            if let Some(altered) = altered {
                batch[altered].tag[3] ^= 4;
            }
            let refused = altered.map(|at| batch[at].body.to_vec());
            for (at, result) in key.open_many(&mut batch).into_iter().enumerate() {
                let good = Some(at) != altered;
                prop_assert_eq!(result.is_ok(), good, "{}", kernel);
                let expected = if good { &packets[at].2 } else { refused.as_ref().unwrap() };
                prop_assert_eq!(&batch[at].body[..], &expected[..], "{}", kernel);
            }
        }
    }
}

/// Every way in which a message can end, in each kernel's batches.
#[test]
fn gcm_of_every_length() {
    let data: Vec<u8> = (0..3300u32).map(|i| ((i * i) >> 3) as u8).collect();
    for kernel in Kernel::available() {
        let key = gcm_key(&[7; 16], kernel);
        for len in 0..data.len() {
            let (aad, text) = (&data[..len % 90], &data[..len]);
            let (mut expected, mut made) = (text.to_vec(), text.to_vec());
            let tag = oracle_seal(&[7; 16], &[9; 12], aad, &mut expected);
            assert_eq!(key.seal_in_place(&[9; 12], aad, &mut made), tag, "{kernel}: {len} bytes");
            assert!(made == expected, "{kernel}: {len} bytes");
            key.open_in_place(&[9; 12], aad, &mut made, &tag).unwrap();
            assert!(made == text, "{kernel}: {len} bytes");
        }
    }
}

#[test]
fn lengths_that_ccm_has_not_are_refused() {
    let key = ccm::Key::new(&[1; 16]);
    let seal = |nonce: usize, text: usize, tag: usize| {
        key.seal_in_place_with(&vec![0; nonce], b"", &mut vec![0; text], &mut vec![0; tag])
    };
    for nonce in (0..7).chain(14..20) {
        assert_eq!(seal(nonce, 0, 16), Err(CryptoError::Length("an SM4-CCM nonce")));
    }
    for tag in [0, 1, 2, 3, 5, 7, 15, 17, 18] {
        assert_eq!(seal(12, 0, tag), Err(CryptoError::Length("an SM4-CCM tag")));
    }
    assert_eq!(seal(13, 0xffff, 16), Ok(()));
    assert_eq!(seal(13, 0x1_0000, 16), Err(CryptoError::TooLong("the SM4-CCM message")));
}

#[test]
fn names_are_read_as_they_are_written() {
    for kernel in Kernel::available() {
        assert_eq!(kernel.to_string().parse(), Ok(kernel));
    }
    assert_eq!(Kernel::available().last(), Some(Kernel::Portable));
    assert_eq!("avx9".parse::<Kernel>(), Err(KernelError::Unknown("avx9".into())));
}

/// Run by the test below, in a process of its own.
#[test]
#[ignore = "prints what the environment selects"]
fn selected_kernel() {
    println!("selected {}, asked for {:?}", Kernel::selected(), Kernel::from_env());
}

#[test]
fn the_environment_forces_a_kernel() {
    let said = |name: &str| {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sm4_kernels::selected_kernel", "--ignored", "--nocapture"])
            .env("QIANMO_SM4_KERNEL", name)
            .output();
        String::from_utf8(child.unwrap().stdout).unwrap()
    };
    for kernel in Kernel::available() {
        let expected = format!("selected {kernel}, asked for Ok(Some({kernel:?}))");
        assert!(said(&kernel.to_string()).contains(&expected), "{kernel}");
    }
    let best = Kernel::available().next().unwrap();
    assert!(said("").contains(&format!("selected {best}, asked for Ok(None)")));
    assert!(said("fastest").contains(&format!("selected {best}, asked for Err(Unknown(\"fastest\"))")));
}
