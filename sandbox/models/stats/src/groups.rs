//! Row counts by group, none of them small.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use qianmo_guest::{ColumnType, Error, Rows, TableBuilder};

/// What the rows of a group have in common. Groups are shown in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    /// A boolean (0 or 1), a whole number, a date (days) or a time (microseconds).
    Whole(i64),
    Real(Real),
    Text(String),
}

/// A real number in the order of reals; zero has one sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Real(f64);

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Real {}

/// Rows of each group of a column. The group without a label holds the rows whose value is missing.
pub(crate) struct Groups {
    column: String,
    ty: ColumnType,
    /// The labels to tell apart; none: all.
    labels: Option<BTreeSet<String>>,
    rows: BTreeMap<Option<Label>, u64>,
    /// Rows with a label that is not to be told apart.
    unlisted: u64,
}

/// The groups as they may be seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Protected {
    ty: ColumnType,
    groups: Vec<Group>,
}

/// A row of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// None for missing values, and for what is merged: no value of the column can be mistaken for it.
    label: Option<Label>,
    rows: u64,
    /// Whether it stands for several groups.
    merged: bool,
}

impl Groups {
    /// Of a column of that type, nothing counted.
    pub(crate) fn new(column: String, ty: ColumnType, labels: Option<Vec<String>>) -> Self {
        let labels = labels.map(|labels| labels.into_iter().collect());
        Self { column, ty, labels, rows: BTreeMap::new(), unlisted: 0 }
    }

    pub(crate) fn column(&self) -> &str {
        &self.column
    }

    /// Counts rows in which the column stands at `index`.
    pub(crate) fn add(&mut self, rows: &Rows<'_>, index: usize) -> Result<(), Error> {
        match self.ty {
            ColumnType::Utf8 => {
                rows.texts(index)?.iter().for_each(|text| self.count_text(text.as_deref()));
            }
            ColumnType::Float64 => {
                for value in rows.numbers(index)?.iter() {
                    self.count(value.map(|value| self.real(value)).transpose()?);
                }
            }
            _ => rows.integers(index)?.iter().for_each(|value| self.count(value.map(Label::Whole))),
        }
        Ok(())
    }

    fn real(&self, value: f64) -> Result<Label, Error> {
        if !value.is_finite() {
            let column = &self.column;
            return Err(Error::numeric(format!(
                "column `{column}` has a value that is infinite or not a number"
            )));
        }
        // Adding zero makes −0 to 0.
        Ok(Label::Real(Real(value + 0.0)))
    }

    fn count_text(&mut self, text: Option<&str>) {
        match (text, &self.labels) {
            (Some(text), Some(labels)) if !labels.contains(text) => self.unlisted += 1,
            _ => self.count(text.map(|text| Label::Text(text.to_owned()))),
        }
    }

    fn count(&mut self, label: Option<Label>) {
        *self.rows.entry(label).or_default() += 1;
    }

    /// The groups in the order of their labels, with those under `min_cell` rows merged into one, and into it
    /// all that is not to be told apart. If that one is still too small, the next smallest groups join it:
    /// otherwise its size could be told from the total. So no row is left out, and none stands for fewer than
    /// `min_cell`, unless all together do.
    pub(crate) fn protect(self, min_cell: u64) -> Protected {
        let mut groups: Vec<Group> =
            self.rows.into_iter().map(|(label, rows)| Group { label, rows, merged: false }).collect();
        let mut by_size: Vec<(u64, usize)> =
            (0..).zip(&groups).map(|(index, group)| (group.rows, index)).collect();
        by_size.sort_unstable();
        let mut merged = Group { label: None, rows: self.unlisted, merged: true };
        let mut hidden = vec![false; groups.len()];
        for (rows, index) in by_size {
            if rows >= min_cell && (merged.rows == 0 || merged.rows >= min_cell) {
                break;
            }
            merged.rows += rows;
            if let Some(hidden) = hidden.get_mut(index) {
                *hidden = true;
            }
        }
        let mut hidden = hidden.into_iter();
        groups.retain(|_| hidden.next() == Some(false));
        if merged.rows > 0 {
            groups.push(merged);
        }
        Protected { ty: self.ty, groups }
    }
}

impl Protected {
    /// A table with the labels as the column has them; booleans and times are whole numbers.
    pub(crate) fn table(&self) -> TableBuilder {
        let groups = &self.groups;
        let whole = groups.iter().map(|group| match group.label {
            Some(Label::Whole(value)) => Some(value),
            _ => None,
        });
        let real = groups.iter().map(|group| match group.label {
            Some(Label::Real(Real(value))) => Some(value),
            _ => None,
        });
        let text = groups.iter().map(|group| match &group.label {
            Some(Label::Text(text)) => Some(text.as_str()),
            _ => None,
        });
        let table = TableBuilder::new("groups", groups.iter().map(|group| saturate(group.rows)).collect());
        let table = match self.ty {
            ColumnType::Utf8 => table.texts("group", text),
            ColumnType::Float64 => table.numbers("group", real),
            ColumnType::Date32 => {
                table.dates("group", whole.map(|days| days.and_then(|days| i32::try_from(days).ok())))
            }
            _ => table.integers("group", whole),
        };
        table
            .counts("count", groups.iter().map(|group| group.rows))
            .flags("merged", groups.iter().map(|group| group.merged))
            .flags("missing", groups.iter().map(|group| group.label.is_none() && !group.merged))
    }
}

pub(crate) fn saturate(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(labels: Option<&[&str]>, counts: &[(&str, usize)]) -> Groups {
        let labels = labels.map(|labels| labels.iter().map(|label| (*label).to_owned()).collect());
        let mut groups = Groups::new("kind".to_owned(), ColumnType::Utf8, labels);
        for (label, rows) in counts {
            (0..*rows).for_each(|_| groups.count_text(Some(label)));
        }
        groups
    }

    fn protect(counts: &[(&str, usize)]) -> Vec<Group> {
        groups(None, counts).protect(10).groups
    }

    fn plain(label: &str, rows: u64) -> Group {
        Group { label: Some(Label::Text(label.to_owned())), rows, merged: false }
    }

    fn merged(rows: u64) -> Group {
        Group { label: None, rows, merged: true }
    }

    #[test]
    fn groups_that_are_large_enough_stay_as_they_are() {
        assert_eq!(protect(&[("b", 10), ("a", 20)]), [plain("a", 20), plain("b", 10)]);
    }

    #[test]
    fn small_groups_are_merged() {
        assert_eq!(protect(&[("a", 9), ("b", 30), ("c", 1)]), [plain("b", 30), merged(10)]);
    }

    #[test]
    fn a_merged_group_that_is_still_small_takes_in_the_next_smallest() {
        assert_eq!(protect(&[("a", 3), ("b", 30), ("c", 12)]), [plain("b", 30), merged(15)]);
        assert_eq!(protect(&[("a", 3), ("b", 30)]), [merged(33)]);
    }

    #[test]
    fn too_few_rows_are_one_small_group_that_the_node_will_hold_back() {
        assert_eq!(protect(&[("a", 3), ("b", 2)]), [merged(5)]);
    }

    #[test]
    fn missing_values_are_a_group() {
        let mut groups = groups(None, &[]);
        (0..12).for_each(|_| groups.count_text(None));
        assert_eq!(groups.protect(10).groups, [Group { label: None, rows: 12, merged: false }]);
    }

    #[test]
    fn labels_that_are_not_listed_are_one_group_and_never_too_small_a_one() {
        let listed = |listed: &[&str], counts| groups(Some(listed), counts).protect(10).groups;
        let counts = [("a", 20), ("b", 30), ("c", 12)];
        assert_eq!(listed(&["b", "a"], &counts), [plain("a", 20), plain("b", 30), merged(12)]);
        assert_eq!(listed(&["a", "b", "c", "d"], &counts), [plain("a", 20), plain("b", 30), plain("c", 12)]);
        let counts = [("a", 20), ("b", 30), ("c", 2)];
        assert_eq!(listed(&["a", "b"], &counts), [plain("b", 30), merged(22)]);
        assert_eq!(listed(&[], &counts), [merged(52)]);
    }

    #[test]
    fn reals_are_in_their_order_and_zero_is_one() {
        let mut groups = Groups::new("x".to_owned(), ColumnType::Float64, None);
        for value in [10.0, -0.0, 5.0, 0.0] {
            let label = groups.real(value).unwrap();
            groups.count(Some(label));
        }
        let shown = groups.rows.into_iter().map(|(label, rows)| (label.unwrap(), rows));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [(Label::Real(Real(0.0)), 2), (Label::Real(Real(5.0)), 1), (Label::Real(Real(10.0)), 1)]
        );
        let groups = Groups::new("x".to_owned(), ColumnType::Float64, None);
        assert!(groups.real(f64::NAN).unwrap_err().message.contains("`x`"));
    }
}
