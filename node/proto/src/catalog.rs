//! What a catalogue entry says of a dataset: never where the rows are, always who answers for them.

use serde::{Deserialize, Serialize};

use crate::{
    grade::{Grade, Sensitivity, Sharing},
    ids::{DatasetRef, Name},
};

/// One field (L5) of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMeta {
    /// Column name in the view.
    pub name: Name,
    /// Column type, a word of the data interface: `boolean`, `int64`, `float64`, `utf8`, `date32`, …
    #[serde(rename = "type")]
    pub ty: String,
    /// Grade of this field.
    pub grade: Grade,
    /// Whether it says something about a person.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// Whether rows may lack it.
    #[serde(default)]
    pub nullable: bool,
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
}

/// A dataset as the catalogue shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetMeta {
    /// `department/dataset`.
    pub id: DatasetRef,
    /// Title for people, often Chinese.
    pub title: String,
    /// The providing department's title for people.
    pub provider: String,
    /// L1 主题域分组, L2 主题域, L3 业务对象, L4 逻辑实体; L5 are the fields.
    pub path: Vec<String>,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// Grade of the whole: at least the highest field's.
    pub grade: Grade,
    /// Sharing class.
    pub sharing: Sharing,
    /// How often it changes: `daily`, `monthly`, …
    pub update_cycle: String,
    /// The fields in the view's order.
    pub fields: Vec<FieldMeta>,
    /// Rows when last checked, rounded down to two digits: a catalogue must not tell a count to the unit.
    pub rows_about: u64,
}

impl DatasetMeta {
    /// The highest grade among the named fields, or the dataset's own where a name is unknown.
    pub fn highest_grade(&self, names: &[Name]) -> Grade {
        let grade = |name| self.fields.iter().find(|f| &f.name == name).map_or(self.grade, |f| f.grade);
        names.iter().map(grade).max().unwrap_or(self.grade)
    }

    /// Whether every word of `query` occurs in id, title, path, description or a field's name or text.
    pub fn matches(&self, query: &str) -> bool {
        let mut text = format!("{} {} {} {}", self.id, self.title, self.provider, self.description);
        for part in &self.path {
            text.push(' ');
            text.push_str(part);
        }
        for field in &self.fields {
            text.push(' ');
            text.push_str(field.name.as_str());
            text.push(' ');
            text.push_str(&field.description);
        }
        let text = text.to_lowercase();
        query.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// `rows` rounded down to its two leading digits.
pub fn about(rows: u64) -> u64 {
    let unit = unit(rows);
    rows / unit * unit
}

/// Most rows that `about` may stand for, a count as [`about`] gives it.
pub fn at_most(about: u64) -> u64 {
    about.saturating_add(unit(about) - 1)
}

/// What a count's second digit counts.
fn unit(rows: u64) -> u64 {
    let mut unit = 1;
    while rows / unit >= 100 {
        unit *= 10;
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::{about, at_most};

    #[test]
    fn counts_are_rounded_down_to_two_digits() {
        assert_eq!([0, 7, 94, 100, 189, 260, 12_345].map(about), [0, 7, 94, 100, 180, 260, 12_000]);
    }

    #[test]
    fn a_rounded_count_stands_for_a_range() {
        assert_eq!([0, 7, 99, 100, 120, 990, 5_100_000].map(at_most), [0, 7, 99, 109, 129, 999, 5_199_999]);
        assert!((0..20_000).all(|rows| rows <= at_most(about(rows))));
    }
}
