//! The right edge of the tree: all that is needed to append and to know the root.

use qianmo_crypto::sm3::Digest;

use super::{empty_root, node_hash, node_hashes};

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
        self.push_subtree(leaf, 0);
    }

    /// Appends many leaf hashes: the same as one after another, and faster.
    pub fn append(&mut self, mut leaves: &[Digest]) {
        // Subtrees as large as they can begin here: at a multiple of their own size.
        while let Some(height) = leaves.len().checked_ilog2() {
            let height = height.min(self.size.trailing_zeros());
            let (subtree, rest) = leaves.split_at(1 << height);
            self.push_subtree(subtree_root(subtree), height);
            leaves = rest;
        }
    }

    /// Appends a complete subtree of 2^height leaves.
    fn push_subtree(&mut self, root: Digest, height: u32) {
        // Each trailing one is a complete subtree that the new one completes a larger one with.
        let merges = (self.size >> height).trailing_ones();
        let merged = (0..merges).fold(root, |right, _| match self.subtrees.pop() {
            Some(left) => node_hash(&left, &right),
            None => right,
        });
        self.subtrees.push(merged);
        self.size += 1 << height;
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

/// Root of a complete subtree over one leaf or more.
fn subtree_root(leaves: &[Digest]) -> Digest {
    let mut level = leaves.to_vec();
    while level.len() > 2 {
        level = node_hashes(&level);
    }
    match level.as_slice() {
        [left, right] => node_hash(left, right),
        [leaf] => *leaf,
        _ => empty_root(),
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
