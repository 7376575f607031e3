//! Verification of many signatures in one call.
//!
//! An SM2 signature does not give away the point it commits to, only its x-coordinate. The random linear combinations
//! that batch other schemes therefore do not apply, and each signature is judged for itself; what is shared is the
//! preparation of the keys.

use super::curve::{Affine, Multiples, Multiply, Prepared};
use super::public::verify_with;
use super::{PublicKey, Signature};
use crate::CryptoError;

/// That `signature` is the key's, of this message under this user id.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The signer's key.
    pub key: &'a PublicKey,
    /// The user id it was signed under.
    pub user_id: &'a [u8],
    /// What was signed.
    pub msg: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

impl Claim<'_> {
    fn verify(&self, multiples: &impl Multiply) -> Result<(), CryptoError> {
        verify_with(multiples, &self.key.message_hash(self.user_id, self.msg)?, self.signature)
    }
}

/// Checks each of `claims` as [`PublicKey::verify`] does; the results are in their order.
///
/// A key that occurs three times or more is prepared once, as [`PreparedPublicKey`](super::PreparedPublicKey) does; the
/// tables of all others cost one inversion together.
pub fn verify_batch(claims: &[Claim<'_>]) -> Vec<Result<(), CryptoError>> {
    let mut placed: Vec<(usize, &Claim<'_>)> = claims.iter().enumerate().collect();
    placed.sort_by_cached_key(|(_, claim)| claim.key.coordinates());
    let mut results = Vec::with_capacity(claims.len());
    let mut few = Vec::new();
    for same_key in placed.chunk_by(|(_, a), (_, b)| a.key == b.key) {
        // Preparing costs what two verifications save.
        if let [(_, first), _, _, ..] = same_key {
            let multiples = Prepared::new(first.key.point());
            results.extend(same_key.iter().map(|(place, claim)| (*place, claim.verify(&*multiples))));
        } else {
            few.extend_from_slice(same_key);
        }
    }
    let points: Vec<Affine> = few.iter().map(|(_, claim)| *claim.key.point()).collect();
    let tables = Multiples::batch(&points);
    results.extend(few.iter().zip(&tables).map(|((place, claim), table)| (*place, claim.verify(table))));
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}
