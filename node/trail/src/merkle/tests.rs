use proptest::prelude::*;

use super::*;

/// RFC 6962, section 2.1, word for word; slow, recursive, shares no code with the module.
mod oracle {
    use super::*;

    fn k(n: usize) -> usize {
        let mut k = 1;
        while k * 2 < n {
            k *= 2;
        }
        k
    }

    pub(super) fn mth(d: &[Digest]) -> Digest {
        match d {
            [] => sm3::digest(b""),
            [leaf] => *leaf,
            _ => {
                let k = k(d.len());
                sm3::digest(&[&[1u8][..], mth(&d[..k]).as_ref(), mth(&d[k..]).as_ref()].concat())
            }
        }
    }

    pub(super) fn path(m: usize, d: &[Digest]) -> Vec<Digest> {
        if d.len() == 1 {
            return vec![];
        }
        let k = k(d.len());
        let (mut path, last) =
            if m < k { (path(m, &d[..k]), mth(&d[k..])) } else { (path(m - k, &d[k..]), mth(&d[..k])) };
        path.push(last);
        path
    }

    pub(super) fn subproof(m: usize, d: &[Digest], b: bool) -> Vec<Digest> {
        if m == d.len() {
            return if b { vec![] } else { vec![mth(d)] };
        }
        let k = k(d.len());
        let (mut proof, last) = if m <= k {
            (subproof(m, &d[..k], b), mth(&d[k..]))
        } else {
            (subproof(m - k, &d[k..], false), mth(&d[..k]))
        };
        proof.push(last);
        proof
    }
}

fn leaves(n: usize) -> Vec<Digest> {
    (0..n).map(|i| leaf_hash(format!("entry {i}").as_bytes())).collect()
}

fn flip(hash: &mut Digest) {
    hash.0[17] ^= 4;
}

/// Every check for one leaf of one tree: equal to the oracle, accepted, and refused once touched.
fn check_inclusion(leaves: &[Digest], m: usize) {
    let (n, root) = (leaves.len() as u64, oracle::mth(leaves));
    let proof = inclusion_proof(leaves, m as u64).unwrap();
    assert_eq!(proof, oracle::path(m, leaves), "leaf {m} of {n}");
    let verify = |index, size, proof: &[Digest]| verify_inclusion(&leaves[m], index, size, proof, &root);
    verify(m as u64, n, &proof).unwrap();
    for i in 0..proof.len() {
        let mut other = proof.clone();
        flip(&mut other[i]);
        assert_eq!(verify(m as u64, n, &other), Err(ProofError::Root));
        other.remove(i);
        assert!(verify(m as u64, n, &other).is_err());
    }
    assert_eq!(verify(m as u64, n, &[&proof[..], &[root]].concat()), Err(ProofError::Length));
    assert!((0..n).filter(|other| *other != m as u64).all(|other| verify(other, n, &proof).is_err()));
    assert_eq!(verify(n, n, &proof), Err(ProofError::OutOfRange));
}

/// Every check for one older size of one tree.
fn check_consistency(leaves: &[Digest], m: usize) {
    let n = leaves.len();
    let (old, new) = (oracle::mth(&leaves[..m]), oracle::mth(leaves));
    let proof = consistency_proof(leaves, m as u64).unwrap();
    let expected = if m == 0 { vec![] } else { oracle::subproof(m, leaves, true) };
    assert_eq!(proof, expected, "from {m} to {n}");
    let verify = |old: &Digest, new: &Digest, proof: &[Digest]| {
        verify_consistency(m as u64, old, n as u64, new, proof)
    };
    verify(&old, &new, &proof).unwrap();
    for i in 0..proof.len() {
        let mut other = proof.clone();
        flip(&mut other[i]);
        assert_eq!(verify(&old, &new, &other), Err(ProofError::Root));
        other.remove(i);
        assert!(verify(&old, &new, &other).is_err());
    }
    assert_eq!(verify(&old, &new, &[&proof[..], &[new]].concat()), Err(ProofError::Length));
    let mut other = old;
    flip(&mut other);
    assert!(verify(&other, &new, &proof).is_err());
    if m > 0 {
        let mut other = new;
        flip(&mut other);
        assert!(verify(&old, &other, &proof).is_err());
    }
    assert!(verify_consistency(n as u64 + 1, &old, n as u64, &new, &proof).is_err());
}

#[test]
fn the_prefixes_are_those_of_rfc_6962() {
    assert_eq!(leaf_hash(b"abc"), sm3::digest(b"\x00abc"));
    let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
    assert_eq!(node_hash(&a, &b), sm3::digest(&[&[1][..], a.as_ref(), b.as_ref()].concat()));
    assert_eq!(
        empty_root().to_string(),
        "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
        "SM3 of nothing"
    );
}

#[test]
fn all_proofs_of_all_trees_up_to_64_equal_the_oracle() {
    let all = leaves(64);
    for n in 0..=64 {
        let leaves = &all[..n];
        assert_eq!(root(leaves), oracle::mth(leaves));
        (0..n).for_each(|m| check_inclusion(leaves, m));
        (0..=n).for_each(|m| check_consistency(leaves, m));
    }
}

#[test]
fn places_outside_the_tree_are_refused() {
    let leaves = leaves(5);
    for index in [5, 6, u64::MAX] {
        assert_eq!(inclusion_proof(&leaves, index), Err(ProofError::OutOfRange));
    }
    assert_eq!(inclusion_proof(&[], 0), Err(ProofError::OutOfRange));
    assert_eq!(consistency_proof(&leaves, 6), Err(ProofError::OutOfRange));
}

#[test]
fn sizes_near_the_end_of_u64_do_not_panic() {
    let hash = leaf_hash(b"x");
    for proof in [vec![], vec![hash], vec![hash; 70]] {
        for size in [1, 2, u64::MAX - 1, u64::MAX] {
            assert!(verify_inclusion(&hash, size - 1, size, &proof, &empty_root()).is_err());
            assert!(verify_consistency(size - 1, &hash, size, &empty_root(), &proof).is_err());
        }
    }
}

proptest! {
    #[test]
    fn proofs_of_trees_up_to_200((n, m) in (1usize..=200).prop_flat_map(|n| (Just(n), 0..n))) {
        let leaves = leaves(n);
        prop_assert_eq!(root(&leaves), oracle::mth(&leaves));
        check_inclusion(&leaves, m);
        check_consistency(&leaves, m);
    }

    #[test]
    fn appending_gives_the_same_root_as_starting_over(n in 0usize..300, m in 0usize..300) {
        let leaves = leaves(n.max(m));
        let mut range: CompactRange = leaves[..n.min(m)].iter().copied().collect();
        range.extend(leaves[n.min(m)..].iter().copied());
        prop_assert_eq!(range.root(), root(&leaves));
        prop_assert_eq!(range.size(), leaves.len() as u64);
    }
}

#[test]
fn appending_many_leaves_is_pushing_each() {
    let leaves: Vec<Digest> = (0..300u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
    assert_eq!(leaf_hashes(&(0..300u32).map(u32::to_be_bytes).collect::<Vec<_>>()), leaves);
    for before in (0..40).chain([63, 64, 65, 127, 128]) {
        for count in (0..40).chain([63, 64, 65, 128, 170]) {
            let mut pushed: CompactRange = leaves.iter().copied().take(before).collect();
            let mut appended = pushed.clone();
            pushed.extend(leaves.iter().copied().skip(before).take(count));
            appended.append(&leaves[before..before + count]);
            assert_eq!(appended, pushed, "{count} after {before}");
            assert_eq!(appended.root(), root(&leaves[..before + count]));
        }
    }
}
