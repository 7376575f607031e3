//! The properties of `crypto/fuzz`, with inputs by chance and inputs that were valid before something happened to them.

#[expect(unreachable_pub, reason = "the fuzz targets, of another crate, call them")]
#[path = "../../fuzz/src/lib.rs"]
mod properties;

use properties::{secret_key, soft_keys};
use proptest::{collection::vec, prelude::*};
use qianmo_crypto::envelope;

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
    fn envelopes(data in prop_oneof![noise(), mangled(an_envelope())]) {
        properties::envelope_open(&data);
    }

    #[test]
    fn gcm_lengths(data in vec(any::<u8>(), 0..3000)) {
        properties::gcm(&data);
    }
}
