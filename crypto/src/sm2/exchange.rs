//! The authenticated key exchange of GB/T 32918.3-2016, with key confirmation both ways.
//!
//! Two parties that know each other's public key and user id agree on a key in three messages:
//!
//! | from | to | carries |
//! | --- | --- | --- |
//! | [`Initiator::share`] | [`Responder::answer`] | RA, 65 bytes |
//! | [`Answer`] | [`Initiator::finish`] | RB, 65 bytes, and SB, 32 bytes |
//! | [`Finished::confirmation`] | [`Responder::finish`] | SA, 32 bytes |
//!
//! Each side gets the key only after the other has shown that it has the same one, and each ephemeral key is
//! used for one exchange and wiped. TLS does not use this: see [`SecretKey::ecdh`].
//!
//! ```
//! use qianmo_crypto::sm2::{SecretKey, exchange::{Initiator, Party, Responder}};
//!
//! let (alice, bob) = (SecretKey::generate()?, SecretKey::generate()?);
//! let (alice_public, bob_public) = (alice.public_key(), bob.public_key());
//! let as_alice = Party { user_id: b"Alice", public_key: &alice_public };
//! let as_bob = Party { user_id: b"Bob", public_key: &bob_public };
//!
//! let initiator = Initiator::new(&alice, b"Alice", as_bob)?;
//! let (answer, responder) = Responder::answer(&bob, b"Bob", as_alice, &initiator.share(), 16)?;
//! let finished = initiator.finish(&answer, 16)?;
//! assert_eq!(responder.finish(&finished.confirmation)?, finished.key);
//! # Ok::<(), qianmo_crypto::CryptoError>(())
//! ```

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{PublicKey, Scalar, SecretKey, SecretScalar, kdf};
use crate::{CryptoError, sm3};

/// Length of an ephemeral public key in bytes: 0x04, x, y.
pub const SHARE_LEN: usize = PublicKey::SEC1_LEN;
/// Length of a confirmation in bytes.
pub const CONFIRMATION_LEN: usize = sm3::DIGEST_LEN;

/// What is known of the other side before the exchange.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// Its user id, as it names itself; at most 8191 bytes.
    pub user_id: &'a [u8],
    /// Its long-term public key, which someone must have vouched for.
    pub public_key: &'a PublicKey,
}

/// The side that speaks first (user A of the standard), waiting for the answer.
pub struct Initiator<'a> {
    key: &'a SecretKey,
    peer: PublicKey,
    identities: Identities,
    ephemeral: SecretScalar,
    share: PublicKey,
}

/// The side that answers (user B), waiting for the initiator's confirmation.
pub struct Responder {
    key: Zeroizing<Vec<u8>>,
    expected: Zeroizing<[u8; CONFIRMATION_LEN]>,
}

/// What the responder sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its ephemeral public key RB.
    pub share: [u8; SHARE_LEN],
    /// SB, which shows that it has the key.
    pub confirmation: [u8; CONFIRMATION_LEN],
}

/// What the initiator has in the end.
pub struct Finished {
    /// The agreed key.
    pub key: Zeroizing<Vec<u8>>,
    /// SA, to be sent to the responder.
    pub confirmation: [u8; CONFIRMATION_LEN],
}

impl<'a> Initiator<'a> {
    /// Starts an exchange with `peer` under this side's long-term key and user id (GB/T 32918.3, 6.1, A1 to
    /// A3).
    ///
    /// # Errors
    /// [`CryptoError::UserId`] if a user id is longer than 8191 bytes, [`CryptoError::Random`] without random
    /// bytes.
    pub fn new(key: &'a SecretKey, user_id: &[u8], peer: Party<'_>) -> Result<Self, CryptoError> {
        Self::with_ephemeral(key, user_id, peer, SecretScalar::random()?)
    }

    pub(super) fn with_ephemeral(
        key: &'a SecretKey,
        user_id: &[u8],
        peer: Party<'_>,
        ephemeral: SecretScalar,
    ) -> Result<Self, CryptoError> {
        let own = key.public_key();
        let identities = Identities::new(Party { user_id, public_key: &own }, peer)?;
        let share = ephemeral.public_key();
        Ok(Self { key, peer: peer.public_key.clone(), identities, ephemeral, share })
    }

    /// RA, to be sent to the responder.
    pub fn share(&self) -> [u8; SHARE_LEN] {
        self.share.to_sec1()
    }

    /// Checks the answer and agrees on a key of `key_len` bytes (A4 to A10). The confirmations do not cover the
    /// length: both sides have to ask for the same.
    ///
    /// # Errors
    /// [`CryptoError::KeyShare`] if RB is no point on the curve or leads to infinity,
    /// [`CryptoError::KeyConfirmation`] if the answer is not from this peer or was altered on the way,
    /// [`CryptoError::TooLong`] for a key of more than 128 GiB.
    pub fn finish(self, answer: &Answer, key_len: usize) -> Result<Finished, CryptoError> {
        let theirs = read_share(&answer.share)?;
        let shared = shared_point(self.key, &self.ephemeral, &self.share, &self.peer, &theirs)?;
        let agreement = Agreement { shared, identities: self.identities, ra: self.share, rb: theirs };
        let key = agreement.key(key_len)?;
        let [sb, sa] = agreement.confirmations();
        check(&sb, &answer.confirmation)?;
        Ok(Finished { key, confirmation: *sa })
    }
}

impl Responder {
    /// Answers an initiator's share: agrees on a key of `key_len` bytes, but keeps it until the initiator has
    /// confirmed it (GB/T 32918.3, 6.1, B1 to B9).
    ///
    /// # Errors
    /// [`CryptoError::KeyShare`] if RA is no point on the curve or leads to infinity, [`CryptoError::UserId`]
    /// if a user id is longer than 8191 bytes, [`CryptoError::TooLong`] for a key of more than 128 GiB,
    /// [`CryptoError::Random`] without random bytes.
    pub fn answer(
        key: &SecretKey,
        user_id: &[u8],
        peer: Party<'_>,
        initiator_share: &[u8; SHARE_LEN],
        key_len: usize,
    ) -> Result<(Answer, Self), CryptoError> {
        Self::with_ephemeral(key, user_id, peer, initiator_share, key_len, &SecretScalar::random()?)
    }

    pub(super) fn with_ephemeral(
        key: &SecretKey,
        user_id: &[u8],
        peer: Party<'_>,
        initiator_share: &[u8; SHARE_LEN],
        key_len: usize,
        ephemeral: &SecretScalar,
    ) -> Result<(Answer, Self), CryptoError> {
        let own = key.public_key();
        let identities = Identities::new(peer, Party { user_id, public_key: &own })?;
        let (ra, rb) = (read_share(initiator_share)?, ephemeral.public_key());
        let shared = shared_point(key, ephemeral, &rb, peer.public_key, &ra)?;
        let answer_share = rb.to_sec1();
        let agreement = Agreement { shared, identities, ra, rb };
        let key = agreement.key(key_len)?;
        let [sb, sa] = agreement.confirmations();
        Ok((Answer { share: answer_share, confirmation: *sb }, Self { key, expected: sa }))
    }

    /// Checks the initiator's confirmation SA and hands out the key (B10).
    ///
    /// # Errors
    /// [`CryptoError::KeyConfirmation`] if it does not match.
    pub fn finish(self, confirmation: &[u8; CONFIRMATION_LEN]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        check(&self.expected, confirmation)?;
        Ok(self.key)
    }
}

/// ZA and ZB: the user hashes of initiator and responder.
struct Identities([[u8; sm3::DIGEST_LEN]; 2]);

impl Identities {
    fn new(initiator: Party<'_>, responder: Party<'_>) -> Result<Self, CryptoError> {
        let hash = |party: Party<'_>| party.public_key.user_hash(party.user_id);
        Ok(Self([hash(initiator)?, hash(responder)?]))
    }
}

/// What both sides know once they agree.
struct Agreement {
    /// The point U = V.
    shared: Zeroizing<[u8; 64]>,
    identities: Identities,
    ra: PublicKey,
    rb: PublicKey,
}

impl Agreement {
    /// KDF(x, y, ZA, ZB) (steps A8 and B7).
    fn key(&self, len: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let Identities([za, zb]) = &self.identities;
        kdf::derive(&[self.shared.as_slice(), za, zb], len)
    }

    /// SB and SA: SM3(2 or 3, y, SM3(x, ZA, ZB, x1, y1, x2, y2)) (steps B8 to B10, A9 and A10).
    fn confirmations(&self) -> [Zeroizing<[u8; CONFIRMATION_LEN]>; 2] {
        let (x, y) = self.shared.split_at(32);
        let Identities([za, zb]) = &self.identities;
        let (ra, rb) = (self.ra.coordinates(), self.rb.coordinates());
        let transcript = Zeroizing::new(hash(&[x, za, zb, &ra, &rb]));
        [2u8, 3].map(|side| Zeroizing::new(hash(&[&[side], y, transcript.as_slice()])))
    }
}

/// U = t * (P + f(R) * R) of the peer's long-term and ephemeral points, with t = d + f(r * G) * r of this
/// side (steps A4 to A7, B3 to B6). The cofactor of this curve is 1.
fn shared_point(
    key: &SecretKey,
    ephemeral: &SecretScalar,
    share: &PublicKey,
    peer: &PublicKey,
    peer_share: &PublicKey,
) -> Result<Zeroizing<[u8; 64]>, CryptoError> {
    const INFINITY: CryptoError = CryptoError::KeyShare("it leads to the point at infinity");
    let product = Zeroizing::new(factor(share) * *ephemeral.get());
    let t = Zeroizing::new(*key.scalar().get() + *product);
    let t = SecretScalar::from_scalar(*t).ok_or(INFINITY)?;
    let point = peer.add_multiple(&factor(peer_share), peer_share).ok_or(INFINITY)?;
    Ok(t.mul_point(&point))
}

/// f(R) = 2^127 + (x mod 2^127) of an ephemeral point.
fn factor(share: &PublicKey) -> Scalar {
    let mut low = [0; 32];
    low.iter_mut().zip(share.coordinates()).skip(16).for_each(|(to, from)| *to = from);
    if let Some(top) = low.get_mut(16) {
        *top |= 0x80;
    }
    Scalar::reduce(&low)
}

fn read_share(share: &[u8; SHARE_LEN]) -> Result<PublicKey, CryptoError> {
    PublicKey::from_sec1(share).map_err(|_| CryptoError::KeyShare("no uncompressed point on the curve"))
}

fn check(expected: &[u8; CONFIRMATION_LEN], got: &[u8; CONFIRMATION_LEN]) -> Result<(), CryptoError> {
    bool::from(expected.ct_eq(got)).then_some(()).ok_or(CryptoError::KeyConfirmation)
}

fn hash(parts: &[&[u8]]) -> [u8; sm3::DIGEST_LEN] {
    let mut hasher = sm3::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish().0
}

#[cfg(test)]
mod tests;
