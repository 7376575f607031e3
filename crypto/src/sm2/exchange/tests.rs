//! Exchanges that must fail, and that the others do not.

use super::*;

/// -2 times the truncated x-coordinate of the point 2G, modulo n.
const INFINITY_PRIVATE: &str = "fffffffefffffffffffffffffffffffe39e7eb59a0b11ec8c10397cdf1efc67f";

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn key(hex: &str) -> SecretKey {
    SecretKey::from_bytes(&bytes(hex)).unwrap()
}

fn scalar(hex: &str) -> SecretScalar {
    SecretScalar::from_bytes(&bytes(hex)).unwrap()
}

/// One exchange, with a chance to alter each message.
struct Run {
    a: SecretKey,
    b: SecretKey,
}

impl Run {
    fn new() -> Self {
        Self { a: SecretKey::generate().unwrap(), b: SecretKey::generate().unwrap() }
    }

    fn initiator(&self) -> Initiator<'_> {
        let public_b = self.b.public_key();
        Initiator::new(&self.a, b"A", Party { user_id: b"B", public_key: &public_b }).unwrap()
    }

    fn answer(&self, share: &[u8; SHARE_LEN], len: usize) -> Result<(Answer, Responder), CryptoError> {
        let public_a = self.a.public_key();
        Responder::answer(&self.b, b"B", Party { user_id: b"A", public_key: &public_a }, share, len)
    }
}

#[test]
fn both_sides_get_one_key_of_any_length() {
    let run = Run::new();
    for len in [0, 1, 16, 32, 33, 1000] {
        let initiator = run.initiator();
        let (answer, responder) = run.answer(&initiator.share(), len).unwrap();
        let finished = initiator.finish(&answer, len).unwrap();
        assert_eq!(finished.key.len(), len);
        assert_eq!(responder.finish(&finished.confirmation).unwrap(), finished.key);
    }
}

#[test]
fn no_two_exchanges_agree_on_one_key() {
    let run = Run::new();
    let keys = [(); 2].map(|()| {
        let initiator = run.initiator();
        let (answer, _) = run.answer(&initiator.share(), 32).unwrap();
        initiator.finish(&answer, 32).unwrap().key
    });
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn every_flipped_bit_of_sb_is_noticed() {
    let run = Run::new();
    for bit in 0..CONFIRMATION_LEN * 8 {
        let initiator = run.initiator();
        let (mut answer, _) = run.answer(&initiator.share(), 16).unwrap();
        answer.confirmation[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(initiator.finish(&answer, 16).err(), Some(CryptoError::KeyConfirmation), "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_of_sa_is_noticed() {
    let run = Run::new();
    for bit in 0..CONFIRMATION_LEN * 8 {
        let initiator = run.initiator();
        let (answer, responder) = run.answer(&initiator.share(), 16).unwrap();
        let mut confirmation = initiator.finish(&answer, 16).unwrap().confirmation;
        confirmation[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(responder.finish(&confirmation).err(), Some(CryptoError::KeyConfirmation), "bit {bit}");
    }
}

#[test]
fn another_share_on_the_way_is_noticed() {
    let run = Run::new();
    let initiator = run.initiator();
    let (answer, responder) = run.answer(&run.initiator().share(), 16).unwrap();
    assert_eq!(initiator.finish(&answer, 16).err(), Some(CryptoError::KeyConfirmation));
    // SB sent back is not SA.
    assert_eq!(responder.finish(&answer.confirmation).err(), Some(CryptoError::KeyConfirmation));
    let initiator = run.initiator();
    let (mut answer, _) = run.answer(&initiator.share(), 16).unwrap();
    answer.share = run.initiator().share();
    assert_eq!(initiator.finish(&answer, 16).err(), Some(CryptoError::KeyConfirmation));
}

#[test]
fn points_off_the_curve_are_the_peers_fault() {
    let run = Run::new();
    let good = run.initiator().share();
    let mut off_curve = good;
    off_curve[64] ^= 1;
    let mut hybrid = good;
    hybrid[0] = 6 + (good[64] & 1);
    for bad in [off_curve, hybrid, [0; SHARE_LEN], [4; SHARE_LEN]] {
        assert!(matches!(run.answer(&bad, 16), Err(CryptoError::KeyShare(_))));
        let initiator = run.initiator();
        let (mut answer, _) = run.answer(&initiator.share(), 16).unwrap();
        answer.share = bad;
        assert!(matches!(initiator.finish(&answer, 16), Err(CryptoError::KeyShare(_))));
    }
}

#[test]
fn who_expects_another_user_id_or_key_gets_no_key() {
    let run = Run::new();
    let (public_a, public_b) = (run.a.public_key(), run.b.public_key());
    let as_a = Party { user_id: b"A", public_key: &public_a };
    let as_b = Party { user_id: b"B", public_key: &public_b };
    let stranger = SecretKey::generate().unwrap().public_key();
    let finish = |own_id: &[u8], as_a: Party<'_>, as_b: Party<'_>| {
        let initiator = Initiator::new(&run.a, own_id, as_b).unwrap();
        let (answer, _) = Responder::answer(&run.b, b"B", as_a, &initiator.share(), 16).unwrap();
        initiator.finish(&answer, 16).err()
    };
    assert_eq!(finish(b"A", as_a, as_b), None);
    let refused = Some(CryptoError::KeyConfirmation);
    assert_eq!(finish(b"a", as_a, as_b), refused);
    assert_eq!(finish(b"A", Party { user_id: b"a", ..as_a }, as_b), refused);
    assert_eq!(finish(b"A", as_a, Party { user_id: b"b", ..as_b }), refused);
    assert_eq!(finish(b"A", Party { public_key: &stranger, ..as_a }, as_b), refused);
    assert_eq!(finish(b"A", as_a, Party { public_key: &stranger, ..as_b }), refused);
}

/// Whoever takes -f(R) * r for the private key makes its own t vanish, and the other side's sum with it.
#[test]
fn a_share_that_leads_to_infinity_is_refused() {
    let a = SecretKey::generate().unwrap();
    let b = key(INFINITY_PRIVATE);
    let (public_a, public_b) = (a.public_key(), b.public_key());
    let two = scalar(&format!("{:064x}", 2));
    let initiator = Initiator::new(&a, b"A", Party { user_id: b"B", public_key: &public_b }).unwrap();
    let as_a = Party { user_id: b"A", public_key: &public_a };
    let own = Responder::with_ephemeral(&b, b"B", as_a, &initiator.share(), 16, &two);
    assert!(matches!(own, Err(CryptoError::KeyShare(_))));
    let answer = Answer { share: two.public_key().to_sec1(), confirmation: [0; CONFIRMATION_LEN] };
    assert!(matches!(initiator.finish(&answer, 16), Err(CryptoError::KeyShare(_))));
}

#[test]
fn user_ids_may_have_at_most_8191_bytes() {
    let run = Run::new();
    let (public_a, public_b) = (run.a.public_key(), run.b.public_key());
    let too_long = vec![b'x'; 8192];
    let as_b = Party { user_id: b"B", public_key: &public_b };
    assert_eq!(Initiator::new(&run.a, &too_long, as_b).err(), Some(CryptoError::UserId));
    let as_b = Party { user_id: &too_long, ..as_b };
    assert_eq!(Initiator::new(&run.a, b"A", as_b).err(), Some(CryptoError::UserId));
    let as_a = Party { user_id: &too_long, public_key: &public_a };
    let share = run.initiator().share();
    assert_eq!(Responder::answer(&run.b, b"B", as_a, &share, 16).err(), Some(CryptoError::UserId));
}
