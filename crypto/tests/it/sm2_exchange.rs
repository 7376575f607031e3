//! The key exchange of GB/T 32918.3 as two parties see it.

use proptest::collection::vec;
use proptest::prelude::*;
use qianmo_crypto::CryptoError;
use qianmo_crypto::sm2::SecretKey;
use qianmo_crypto::sm2::exchange::{Initiator, Party, Responder};
use zeroize::Zeroizing;

/// What someone on the way may change.
#[derive(Clone, Copy, Debug)]
enum Altered {
    Nothing,
    ShareA(usize),
    ShareB(usize),
    ConfirmationB(usize),
    ConfirmationA(usize),
}

fn altered() -> impl Strategy<Value = Altered> {
    prop_oneof![
        (0..65usize).prop_map(Altered::ShareA),
        (0..65usize).prop_map(Altered::ShareB),
        (0..32usize).prop_map(Altered::ConfirmationB),
        (0..32usize).prop_map(Altered::ConfirmationA),
    ]
}

fn user_id() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

/// What the two parties know of each other: the ids each believes in.
struct Ids {
    a_of_a: Vec<u8>,
    b_of_a: Vec<u8>,
    a_of_b: Vec<u8>,
    b_of_b: Vec<u8>,
}

impl Ids {
    fn agreed(a: &[u8], b: &[u8]) -> Self {
        Self { a_of_a: a.to_vec(), b_of_a: b.to_vec(), a_of_b: a.to_vec(), b_of_b: b.to_vec() }
    }
}

type Key = Zeroizing<Vec<u8>>;

/// Runs an exchange between fresh keys: A's key and B's.
fn run(ids: &Ids, lengths: [usize; 2], altered: Altered) -> Result<(Key, Key), CryptoError> {
    let (a, b) = (SecretKey::generate()?, SecretKey::generate()?);
    let (public_a, public_b) = (a.public_key(), b.public_key());
    let initiator = Initiator::new(&a, &ids.a_of_a, Party { user_id: &ids.b_of_a, public_key: &public_b })?;
    let mut share = initiator.share();
    if let Altered::ShareA(at) = altered {
        share[at] ^= 1;
    }
    let as_a = Party { user_id: &ids.a_of_b, public_key: &public_a };
    let (mut answer, responder) = Responder::answer(&b, &ids.b_of_b, as_a, &share, lengths[1])?;
    match altered {
        Altered::ShareB(at) => answer.share[at] ^= 1,
        Altered::ConfirmationB(at) => answer.confirmation[at] ^= 1,
        _ => (),
    }
    let mut finished = initiator.finish(&answer, lengths[0])?;
    if let Altered::ConfirmationA(at) = altered {
        finished.confirmation[at] ^= 1;
    }
    Ok((finished.key, responder.finish(&finished.confirmation)?))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_sides_agree(a in user_id(), b in user_id(), len in 1..100usize) {
        let (key_a, key_b) = run(&Ids::agreed(&a, &b), [len, len], Altered::Nothing).unwrap();
        prop_assert_eq!(key_a.len(), len);
        prop_assert_eq!(key_a, key_b);
    }

    #[test]
    fn an_altered_message_ends_the_exchange(altered in altered()) {
        let refused = run(&Ids::agreed(b"A", b"B"), [16, 16], altered).unwrap_err();
        let expected = match altered {
            Altered::ShareA(_) | Altered::ShareB(_) => matches!(refused, CryptoError::KeyShare(_)),
            _ => refused == CryptoError::KeyConfirmation,
        };
        prop_assert!(expected, "{refused:?}");
    }

    #[test]
    fn who_disagrees_on_an_id_gets_no_key(
        a in user_id(), b in user_id(), other in user_id(), which in 0..4usize,
    ) {
        let mut ids = Ids::agreed(&a, &b);
        let slots = [&mut ids.a_of_a, &mut ids.b_of_a, &mut ids.a_of_b, &mut ids.b_of_b];
        let changed = slots.into_iter().nth(which).unwrap();
        prop_assume!(*changed != other);
        *changed = other;
        prop_assert_eq!(run(&ids, [16, 16], Altered::Nothing).err(), Some(CryptoError::KeyConfirmation));
    }
}

/// The confirmations cover the shared point, not the key: who asks for another length learns it from the key.
#[test]
fn the_length_of_the_key_is_not_confirmed() {
    let (long, short) = run(&Ids::agreed(b"A", b"B"), [32, 16], Altered::Nothing).unwrap();
    assert_eq!(long[..16], *short);
}
