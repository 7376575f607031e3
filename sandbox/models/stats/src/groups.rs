//! Row counts by group, none of them small.

use std::collections::BTreeMap;

/// The name of the row that stands for all small groups.
const OTHER: &str = "other";

/// Rows of each group. The group without a name holds the rows whose value is missing.
#[derive(Default)]
pub(crate) struct Groups(BTreeMap<Option<String>, u64>);

/// A row of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: Option<String>,
    pub(crate) rows: u64,
    /// Whether it stands for several groups.
    pub(crate) merged: bool,
}

impl Groups {
    pub(crate) fn count(&mut self, name: Option<&str>) {
        *self.0.entry(name.map(str::to_owned)).or_default() += 1;
    }

    /// The groups in the order of their names, with those under `min_cell` rows merged into one. If that
    /// one is still too small, the next smallest groups join it: otherwise its size could be told from
    /// the total. So no row is left out, and none stands for fewer than `min_cell`, unless all together do.
    pub(crate) fn protect(self, min_cell: u64) -> Vec<Group> {
        let mut groups: Vec<Group> =
            self.0.into_iter().map(|(name, rows)| Group { name, rows, merged: false }).collect();
        let mut by_size: Vec<(u64, usize)> =
            (0..).zip(&groups).map(|(index, group)| (group.rows, index)).collect();
        by_size.sort_unstable();
        let mut other = Group { name: Some(OTHER.to_owned()), rows: 0, merged: true };
        let mut hidden = vec![false; groups.len()];
        for (rows, index) in by_size {
            if rows >= min_cell && (other.rows == 0 || other.rows >= min_cell) {
                break;
            }
            other.rows += rows;
            if let Some(hidden) = hidden.get_mut(index) {
                *hidden = true;
            }
        }
        let mut hidden = hidden.into_iter();
        groups.retain(|_| hidden.next() == Some(false));
        if other.rows > 0 {
            groups.push(other);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protect(counts: &[(&str, usize)]) -> Vec<(String, u64, bool)> {
        let mut groups = Groups::default();
        for (name, rows) in counts {
            (0..*rows).for_each(|_| groups.count(Some(name)));
        }
        let groups = groups.protect(10).into_iter();
        groups.map(|group| (group.name.unwrap_or_default(), group.rows, group.merged)).collect()
    }

    fn plain(name: &str, rows: u64) -> (String, u64, bool) {
        (name.to_owned(), rows, false)
    }

    fn other(rows: u64) -> (String, u64, bool) {
        (OTHER.to_owned(), rows, true)
    }

    #[test]
    fn groups_that_are_large_enough_stay_as_they_are() {
        assert_eq!(protect(&[("b", 10), ("a", 20)]), [plain("a", 20), plain("b", 10)]);
    }

    #[test]
    fn small_groups_are_merged() {
        assert_eq!(protect(&[("a", 9), ("b", 30), ("c", 1)]), [plain("b", 30), other(10)]);
    }

    #[test]
    fn a_merged_group_that_is_still_small_takes_in_the_next_smallest() {
        assert_eq!(protect(&[("a", 3), ("b", 30), ("c", 12)]), [plain("b", 30), other(15)]);
        assert_eq!(protect(&[("a", 3), ("b", 30)]), [other(33)]);
    }

    #[test]
    fn too_few_rows_are_one_small_group_that_the_node_will_hold_back() {
        assert_eq!(protect(&[("a", 3), ("b", 2)]), [other(5)]);
    }

    #[test]
    fn missing_values_are_a_group() {
        let mut groups = Groups::default();
        (0..12).for_each(|_| groups.count(None));
        assert_eq!(groups.protect(10), [Group { name: None, rows: 12, merged: false }]);
    }
}
