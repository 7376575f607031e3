//! Many answers in one of bounded length, in which no node's crowds out another's.

use qianmo_proto::{
    Identity,
    views::{Found, SearchView},
};

/// What one node has found.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) node: Identity,
    pub(super) found: Vec<Found>,
    /// Whether the node had more.
    pub(super) cut: bool,
}

/// One answer of at most `bytes` bytes, ordered by dataset. Nodes whose entries did not all fit are named as cut.
pub(super) fn merge(answers: Vec<Answer>, bytes: usize) -> SearchView {
    let lengths: Vec<Vec<usize>> =
        answers.iter().map(|answer| answer.found.iter().map(length).collect()).collect();
    let wanted: Vec<usize> = lengths.iter().map(|of_node| of_node.iter().sum()).collect();
    let mut view = SearchView { found: vec![], unanswered: vec![], cut: vec![] };
    for ((answer, lengths), share) in answers.into_iter().zip(lengths).zip(shares(&wanted, bytes)) {
        let fits = how_many(&lengths, share);
        if answer.cut || fits < answer.found.len() {
            view.cut.push(answer.node);
        }
        view.found.extend(answer.found.into_iter().take(fits));
    }
    view.found.sort_by(|a, b| a.dataset.id.cmp(&b.dataset.id));
    view
}

/// Bytes of an entry in JSON, with its comma. What does not serialise has no place.
fn length(found: &Found) -> usize {
    serde_json::to_vec(found).map_or(usize::MAX / 2, |json| json.len() + 1)
}

/// How many of the first of `lengths` fit into `share`.
fn how_many(lengths: &[usize], share: usize) -> usize {
    let sums = lengths.iter().scan(0_usize, |sum, length| {
        *sum = sum.saturating_add(*length);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= share).count()
}

/// What each gets of `total`: what it wants, if that is no more than an equal share of what the modest ones leave.
fn shares(wanted: &[usize], total: usize) -> Vec<usize> {
    let mut by_want: Vec<(usize, usize)> = wanted.iter().copied().enumerate().collect();
    by_want.sort_by_key(|(_, want)| *want);
    let (mut left, mut waiting) = (total, by_want.len());
    let mut given: Vec<(usize, usize)> = Vec::new();
    for (who, want) in by_want {
        let share = want.min(left / waiting);
        left -= share;
        waiting -= 1;
        given.push((who, share));
    }
    given.sort_by_key(|(who, _)| *who);
    given.into_iter().map(|(_, share)| share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modest_get_all_and_the_greedy_what_is_left() {
        assert_eq!(shares(&[10, 20, 30], 100), [10, 20, 30]);
        assert_eq!(shares(&[1_000_000, 20, 30, 1_000_000], 100), [27, 20, 26, 27]);
        assert_eq!(shares(&[50, 50, 50], 90), [30, 30, 30]);
        assert_eq!(shares(&[], 90), [0_usize; 0]);
        assert_eq!(how_many(&[10, 10, usize::MAX / 2, usize::MAX / 2, usize::MAX], 25), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_more_is_given_than_there_is(wanted in proptest::collection::vec(0..1_000_usize, 0..50), total in 0..9_000_usize) {
            let given = shares(&wanted, total);
            assert!(given.iter().sum::<usize>() <= total);
            assert!(given.iter().zip(&wanted).all(|(given, wanted)| given <= wanted));
            let enough = wanted.iter().sum::<usize>() <= total;
            assert!(!enough || given == wanted);
        }
    }
}
