//! The properties of `crypto/fuzz`, with inputs by chance and inputs that were valid before something happened to them.

#[expect(unreachable_pub, reason = "the fuzz targets, of another crate, call them")]
#[path = "../../fuzz/src/lib.rs"]
mod properties;

use properties::{CERTIFICATE, secret_key, soft_keys};
use proptest::{collection::vec, prelude::*};
use qianmo_crypto::envelope;
use qianmo_crypto::sm2::enveloped_data::{self, Form, Recipient};
use qianmo_crypto::sm2::{EnvelopedKey, PublicKey, SecretKey};

/// A key under a passphrase of OpenSSL 4's: `openssl pkcs8 -topk8 -v2 sm4-cbc -v2prf hmacWithSM3 -iter 100`.
const KEY_FILE: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIH0MF8GCSqGSIb3DQEFDTBSMDIGCSqGSIb3DQEFDDAlBBAPkS2U2RClR4yu4p+d
irEfAgFkMA4GCiqBHM9VAYMRAwEFADAcBggqgRzPVQFoAgQQ/+kKfBu5aE04B4ZP
ODR45ASBkL2nZUW8DXPWJIem6qlnLVfG2a9LX+9hgF3UUKo7UMjZWL2t/QYTaKXG
2Qkym6J2d+zY9dvzkWxidAZLU7xE0ZaF0bYMEc6cWLuQp8ynIMo2qrag4AAvWdzN
I5tCYT62rI95C9kvo1nnATNlzoxLr5tmWGDdIxeUCeJqnsI20DTLLHSOrUjyA/sr
SGdi0p8xIg==
-----END ENCRYPTED PRIVATE KEY-----
";

/// What happens to bytes on the way.
#[derive(Clone, Debug)]
enum Mishap {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Append(Vec<u8>),
}

impl Mishap {
    fn befall(&self, data: &mut Vec<u8>) {
        match self {
            Self::Flip(place, bits) if !data.is_empty() => {
                let place = place.index(data.len());
                data[place] ^= bits;
            }
            Self::Remove(place) if !data.is_empty() => drop(data.remove(place.index(data.len()))),
            Self::Flip(..) | Self::Remove(..) => {}
            Self::Cut(place) => data.truncate(place.index(data.len() + 1)),
            Self::Insert(place, byte) => data.insert(place.index(data.len() + 1), *byte),
            Self::Append(more) => data.extend(more),
        }
    }
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1..=255_u8).prop_map(|(place, bits)| Mishap::Flip(place, bits)),
        1 => any::<prop::sample::Index>().prop_map(Mishap::Cut),
        2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(place, byte)| Mishap::Insert(place, byte)),
        2 => any::<prop::sample::Index>().prop_map(Mishap::Remove),
        1 => vec(any::<u8>(), 1..8).prop_map(Mishap::Append),
    ]
}

/// `valid` after one to three mishaps.
fn mangled(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    vec(mishap(), 1..4).prop_map(move |mishaps| {
        let mut data = valid.clone();
        mishaps.iter().for_each(|mishap| mishap.befall(&mut data));
        data
    })
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

/// Two integers in hand-made DER: any sign, length and padding.
fn der_pair() -> impl Strategy<Value = Vec<u8>> {
    let integer = vec(any::<u8>(), 0..40).prop_map(|body| [vec![2, body.len() as u8], body].concat());
    (integer.clone(), integer).prop_map(|(r, s)| {
        let body = [r, s].concat();
        [vec![0x30, body.len() as u8], body].concat()
    })
}

fn a_signature() -> Vec<u8> {
    secret_key().sign(b"id", b"message").unwrap().to_der()
}

fn an_envelope() -> Vec<u8> {
    envelope::seal(&soft_keys(), b"other context", b"content").unwrap()
}

/// The key of somebody else, to whom things are sealed here.
fn stranger() -> PublicKey {
    SecretKey::from_bytes(&[0x77; 32]).unwrap().public_key()
}

fn an_enveloped_key() -> Vec<u8> {
    EnvelopedKey::seal(&secret_key(), &stranger()).unwrap().to_der()
}

fn enveloped(form: Form) -> Vec<u8> {
    let recipient = Recipient { certificate: CERTIFICATE, public_key: &stranger() };
    enveloped_data::seal(b"content", &[recipient], form).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn signatures(data in prop_oneof![noise(), der_pair(), mangled(a_signature())]) {
        properties::signature_der(&data);
    }

    #[test]
    fn public_keys(data in prop_oneof![
        noise(),
        mangled(secret_key().public_key().to_sec1().to_vec()),
        mangled(secret_key().public_key().to_spki_der()),
    ]) {
        properties::public_key(&data);
    }

    #[test]
    fn private_keys(data in prop_oneof![noise(), mangled(secret_key().to_pkcs8_pem().as_bytes().to_vec())]) {
        properties::private_key_pem(&data);
    }

    #[test]
    fn ciphertexts(data in prop_oneof![
        noise(),
        mangled(stranger().encrypt(b"message").unwrap().to_der()),
        mangled(stranger().encrypt(b"message").unwrap().to_bytes()),
    ]) {
        properties::ciphertext(&data);
    }

    #[test]
    fn key_files(data in prop_oneof![noise(), mangled(KEY_FILE.into())]) {
        properties::key_file(&data);
    }

    #[test]
    fn enveloped_keys(data in prop_oneof![noise(), mangled(an_enveloped_key())]) {
        properties::enveloped_key(&data);
    }

    #[test]
    fn enveloped_contents(data in prop_oneof![
        noise(),
        mangled(enveloped(Form::Sm4Gcm)),
        mangled(enveloped(Form::Sm4Cbc)),
        mangled(enveloped(Form::GmSsl)),
    ]) {
        properties::enveloped_data(&data);
    }

    #[test]
    fn envelopes(data in prop_oneof![noise(), mangled(an_envelope())]) {
        properties::envelope_open(&data);
    }

    #[test]
    fn gcm_lengths(data in vec(any::<u8>(), 0..3000)) {
        properties::gcm(&data);
    }

    #[test]
    fn counter_mode_and_ccm(data in vec(any::<u8>(), 0..3000)) {
        properties::modes(&data);
    }

    #[test]
    fn many_digests(data in vec(any::<u8>(), 0..3000)) {
        properties::digest_many(&data);
    }
}
