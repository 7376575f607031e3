//! The right edge of the tree: all that is needed to append and to know the root.

use qianmo_crypto::sm3::Digest;

use super::{empty_root, node_hash};

/// The roots of the complete subtrees that make up a tree of some size, largest first: at most 64 hashes
/// however long the trail is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    subtrees: Vec<Digest>,
}

impl CompactRange {
    /// The range of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        // Each trailing one of the size is a complete subtree that the new leaf completes a larger one with.
        let merged = (0..self.size.trailing_ones()).fold(leaf, |right, _| match self.subtrees.pop() {
            Some(left) => node_hash(&left, &right),
            None => right,
        });
        self.subtrees.push(merged);
        self.size += 1;
    }

    /// Root of the tree.
    pub fn root(&self) -> Digest {
        let mut subtrees = self.subtrees.iter().rev().copied();
        match subtrees.next() {
            Some(last) => subtrees.fold(last, |right, left| node_hash(&left, &right)),
            None => empty_root(),
        }
    }
}

impl Extend<Digest> for CompactRange {
    fn extend<I: IntoIterator<Item = Digest>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

impl FromIterator<Digest> for CompactRange {
    fn from_iter<I: IntoIterator<Item = Digest>>(leaves: I) -> Self {
        let mut range = Self::new();
        range.extend(leaves);
        range
    }
}
