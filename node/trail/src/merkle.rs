//! The Merkle tree of the trail: pure functions over leaf hashes.
//!
//! The tree has the shape of RFC 6962, section 2.1, with SM3 in the place of SHA-256. The verification
//! algorithms are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Nothing here reads or stores anything.

mod compact;
#[cfg(test)]
mod tests;

pub use compact::CompactRange;
use qianmo_crypto::sm3::{self, Digest, Hasher};

const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf's index or the old size is not inside the tree.
    #[error("the proof asks for a place outside the tree; check the sizes it was made for")]
    OutOfRange,
    /// The number of hashes cannot be right for these sizes.
    #[error("the proof has a wrong number of hashes for these sizes; ask for a new one")]
    Length,
    /// The hashes do not lead to the root that was given.
    #[error("the proof does not lead to the root: one side shows another history; keep both as evidence")]
    Root,
}

/// Hash of one entry: `SM3(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[LEAF_PREFIX]);
    hasher.update(entry);
    hasher.finish()
}

/// [`leaf_hash`] of each of many entries, several at a time.
pub fn leaf_hashes<E: AsRef<[u8]>>(entries: &[E]) -> Vec<Digest> {
    let messages: Vec<_> = entries.iter().map(|entry| [[LEAF_PREFIX].as_slice(), entry.as_ref()]).collect();
    sm3::digest_many(&messages)
}

/// Hash of an inner node: `SM3(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[NODE_PREFIX]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    hasher.finish()
}

/// The level above these nodes, several nodes at a time; a last one without a sibling is left out.
fn node_hashes(level: &[Digest]) -> Vec<Digest> {
    let pairs = level.as_chunks::<2>().0.iter();
    let messages: Vec<_> =
        pairs.map(|[left, right]| [[NODE_PREFIX].as_slice(), left.as_bytes(), right.as_bytes()]).collect();
    sm3::digest_many(&messages)
}

/// Root of the tree with no entries: `SM3("")`.
pub fn empty_root() -> Digest {
    sm3::digest(b"")
}

/// Root of the tree over these leaf hashes.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut range = CompactRange::new();
    range.append(leaves);
    range.root()
}

/// The hashes that lead from leaf `index` to the root of the tree over `leaves`, lowest first.
///
/// # Errors
/// [`ProofError::OutOfRange`] if there is no such leaf.
pub fn inclusion_proof(leaves: &[Digest], index: u64) -> Result<Vec<Digest>, ProofError> {
    let index = usize::try_from(index).map_err(|_| ProofError::OutOfRange)?;
    if index >= leaves.len() {
        return Err(ProofError::OutOfRange);
    }
    let mut proof = Vec::new();
    let (mut rest, mut index) = (leaves, index);
    while let Some((left, right)) = split(rest) {
        if index < left.len() {
            proof.push(root(right));
            rest = left;
        } else {
            proof.push(root(left));
            index -= left.len();
            rest = right;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the entry with hash `leaf` is number `index` of the tree of `size` entries with this root.
///
/// # Errors
/// A [`ProofError`] if the proof does not show that.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// The hashes that show that the tree over `leaves` only appends to its own first `old_size` leaves.
/// Empty if `old_size` is 0 or the whole tree.
///
/// # Errors
/// [`ProofError::OutOfRange`] if the old size is larger than the tree.
pub fn consistency_proof(leaves: &[Digest], old_size: u64) -> Result<Vec<Digest>, ProofError> {
    let mut old = usize::try_from(old_size).map_err(|_| ProofError::OutOfRange)?;
    if old > leaves.len() {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 || old == leaves.len() {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    // Whether the subtree at hand is one whose root the verifier has already: the old root itself.
    let (mut rest, mut known) = (leaves, true);
    while old != rest.len() {
        let Some((left, right)) = split(rest) else { break };
        if old <= left.len() {
            proof.push(root(right));
            rest = left;
        } else {
            proof.push(root(left));
            old -= left.len();
            rest = right;
            known = false;
        }
    }
    if !known {
        proof.push(root(rest));
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the tree of `new_size` entries only appends to the tree of `old_size` entries.
///
/// # Errors
/// A [`ProofError`] if the proof does not show that.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Digest,
    new_size: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange);
    }
    if old_size == 0 || old_size == new_size {
        let trivial = if old_size == 0 { *old_root == empty_root() } else { old_root == new_root };
        return match (proof.is_empty(), trivial) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    // An old size of 2^k is a complete subtree: its root is known and was left out of the proof.
    let mut hashes = old_size.is_power_of_two().then_some(old_root).into_iter().chain(proof);
    let seed = hashes.next().ok_or(ProofError::Length)?;
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for hash in hashes {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(hash, &old_hash);
            new_hash = node_hash(hash, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// Splits two or more leaves at the largest power of two below their number.
fn split(leaves: &[Digest]) -> Option<(&[Digest], &[Digest])> {
    (leaves.len() > 1).then(|| leaves.split_at(leaves.len().div_ceil(2).next_power_of_two()))
}
