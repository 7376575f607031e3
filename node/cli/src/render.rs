//! Results for people: numbers and tables as text, long vectors cut.

use std::collections::BTreeMap;

use qianmo_proto::{
    ResultDoc,
    result::{Cells, NamedVector, ResultTable},
};

use super::{
    job,
    lang::Lang,
    output::{Output, Rows},
    words::msg,
};
use crate::federated::News;

/// What is heard of a site while it has not delivered.
pub(crate) fn news(out: Output, news: &News<'_>) -> String {
    match news {
        News::UnderWay(view) => job::standing(out, view).unwrap_or_else(|| view.state.as_str().to_owned()),
        News::AskedAgain { error, after } => {
            let (error, seconds) = (out.error(error), after.as_secs_f64());
            match out.lang {
                Lang::En => format!("no answer ({error}); asking again in {seconds} s: the job is the same"),
                Lang::Zh => format!("没有答复（{error}）；{seconds} 秒后再问：仍是同一作业"),
            }
        }
    }
}

/// Numbers of a vector shown before it is cut; --json shows all.
const SHOWN: usize = 6;

/// Cells of the table of labelled numbers. What would make a larger one is shown line by line.
const MOST_CELLS: usize = 20_000;

/// An array of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Array<'a> {
    pub(crate) name: &'a str,
    pub(crate) values: &'a [f64],
}

impl<'a> Array<'a> {
    /// Name, label and value, if it is one number with a label: `w:age`.
    fn labelled(self) -> Option<(&'a str, &'a str, f64)> {
        let ((name, label), [value]) = (self.name.split_once(':')?, self.values) else { return None };
        Some((name, label, *value))
    }
}

/// A result document.
pub(crate) fn document(out: Output, document: &ResultDoc) -> String {
    let mut numbers = Rows::new(&[out.label("name"), out.label("value")]);
    numbers.add([&out.label("samples"), &document.samples]);
    for metric in &document.metrics {
        numbers.add([&metric.name, &number(metric.value)]);
    }
    let names: Vec<String> = document.vectors.iter().map(name).collect();
    let vectors = names.iter().zip(&document.vectors);
    let vectors: Vec<Array<'_>> =
        vectors.map(|(name, vector)| Array { name, values: &vector.values }).collect();
    let mut parts = vec![arrays(out, numbers, &vectors)];
    parts.extend(document.tables.iter().map(|each| table(out, each)));
    parts.join("\n")
}

/// A vector's name, with its axes unless it is one number with a label.
fn name(vector: &NamedVector) -> String {
    if vector.values.len() == 1 && vector.name.contains(':') {
        return vector.name.clone();
    }
    let axes: Vec<_> = vector.shape.iter().map(ToString::to_string).collect();
    format!("{}[{}]", vector.name, axes.join("×"))
}

/// Arrays below `numbers`, one a line and cut; then those that are numbers with labels as one table, a row a label.
/// What the table has is not told twice: `w` is left out if there are `w:age` and others.
pub(crate) fn arrays(out: Output, mut numbers: Rows, arrays: &[Array<'_>]) -> String {
    let labelled = Labelled::of(arrays);
    for array in arrays.iter().filter(|array| !labelled.tells(array)) {
        numbers.add([&array.name, &values(out, array.values)]);
    }
    match labelled.text(out) {
        Some(table) => format!("{}\n{table}", numbers.text()),
        None => numbers.text(),
    }
}

/// Numbers by name and label.
#[derive(Default)]
struct Labelled<'a> {
    /// Places of names and labels, as they were first met.
    names: Places<'a>,
    labels: Places<'a>,
    values: BTreeMap<(usize, usize), f64>,
}

impl<'a> Labelled<'a> {
    fn of(arrays: &[Array<'a>]) -> Self {
        let mut found = Self::default();
        for (name, label, value) in arrays.iter().filter_map(|array| array.labelled()) {
            let place = (found.labels.place(label), found.names.place(name));
            found.values.insert(place, value);
        }
        let cells = found.labels.0.len().saturating_mul(found.names.0.len());
        if cells > MOST_CELLS { Self::default() } else { found }
    }

    /// Whether the table has what this array has: a number with its label, or all numbers of an array.
    fn tells(&self, array: &Array<'_>) -> bool {
        if let Some((name, ..)) = array.labelled() {
            return self.names.0.contains_key(name);
        }
        let place = self.names.0.get(array.name.split('[').next().unwrap_or_default());
        let told = |place| self.values.keys().filter(|(_, name)| name == place).count();
        place.is_some_and(|place| told(place) == array.values.len())
    }

    fn text(&self, out: Output) -> Option<String> {
        let (names, labels) = (self.names.in_order(), self.labels.in_order());
        let headers: Vec<&str> = std::iter::once(out.label("name")).chain(names.iter().copied()).collect();
        let mut rows = Rows::new(&headers);
        for (row, label) in labels.iter().enumerate() {
            let value = |column| self.values.get(&(row, column)).map(|value| number(*value));
            let values = (0..names.len()).map(|column| value(column).unwrap_or_default());
            rows.add_all(&std::iter::once((*label).to_owned()).chain(values).collect::<Vec<_>>());
        }
        (!labels.is_empty()).then(|| rows.text())
    }
}

/// Words with the order in which they came.
#[derive(Default)]
struct Places<'a>(BTreeMap<&'a str, usize>);

impl<'a> Places<'a> {
    fn place(&mut self, word: &'a str) -> usize {
        let next = self.0.len();
        *self.0.entry(word).or_insert(next)
    }

    fn in_order(&self) -> Vec<&'a str> {
        let mut words: Vec<(&str, usize)> = self.0.iter().map(|(word, place)| (*word, *place)).collect();
        words.sort_unstable_by_key(|(_, place)| *place);
        words.into_iter().map(|(word, _)| word).collect()
    }
}

/// The first numbers of an array, and where the others are.
fn values(out: Output, values: &[f64]) -> String {
    let shown: Vec<_> = values.iter().take(SHOWN).map(|value| number(*value)).collect();
    let shown = shown.join(" ");
    let count = values.len();
    if count <= SHOWN {
        return shown;
    }
    out.say(&msg("numbers-cut").with("shown", shown).with("count", count))
}

/// A number with every digit that tells it from its neighbours; powers of ten where zeros would hide it.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || (1e-5..1e15).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

fn table(out: Output, table: &ResultTable) -> String {
    let mut headers: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    headers.push(out.label("contributors"));
    let mut rows = Rows::new(&headers);
    for (row, contributors) in table.contributors.iter().enumerate() {
        let mut cells: Vec<String> = table.columns.iter().map(|column| cell(&column.cells, row)).collect();
        cells.push(contributors.to_string());
        rows.add_all(&cells);
    }
    format!("{}\n{}", super::output::line(&table.name), rows.text())
}

fn cell(cells: &Cells, row: usize) -> String {
    fn text<T: ToString>(values: &[Option<T>], row: usize) -> String {
        values.get(row).and_then(Option::as_ref).map(ToString::to_string).unwrap_or_default()
    }
    match cells {
        Cells::Int(values) => text(values, row),
        Cells::Float(values) => text(values, row),
        Cells::Text(values) => text(values, row),
        Cells::Bool(values) => text(values, row),
    }
}

#[cfg(test)]
mod tests {
    use qianmo_proto::result::{Metric, ResultColumn};

    use super::*;

    #[test]
    fn small_and_large_numbers_stay_short() {
        let shown: Vec<_> = [0.0, -1.5, 569.0, 1.6e-14, -2.5e20].map(number).into();
        assert_eq!(shown, ["0", "-1.5", "569", "1.6e-14", "-2.5e20"]);
    }

    #[test]
    fn numbers_vectors_and_tables_are_shown() {
        let column = |name: &str, cells| ResultColumn { name: name.into(), cells };
        let doc = ResultDoc {
            samples: 120,
            metrics: vec![Metric { name: "mean".into(), value: 1.5 }],
            vectors: vec![NamedVector { name: "w".into(), shape: vec![7], values: vec![0.5; 7] }],
            tables: vec![ResultTable {
                name: "groups".into(),
                columns: vec![
                    column("benign", Cells::Int(vec![Some(0), None])),
                    column("label", Cells::Text(vec![Some("a\u{1b}".into()), Some("b".into())])),
                ],
                contributors: vec![71, 49],
            }],
        };
        let text = document(Output { json: false, lang: Lang::En }, &doc);
        let expected = "\
NAME     VALUE
samples  120
mean     1.5
w[7]     0.5 0.5 0.5 0.5 0.5 0.5 … (all 7 with --json)

groups
BENIGN  LABEL    CONTRIBUTORS
0       a\\u{1b}  71
        b        49
";
        assert_eq!(text, expected);
    }

    #[test]
    fn numbers_with_labels_are_a_table_and_are_not_told_twice() {
        let vector = |name: &str, values: &[f64]| NamedVector {
            name: name.into(),
            shape: vec![values.len() as u32],
            values: values.to_vec(),
        };
        let vectors = vec![
            vector("steps", &[4.0]),
            vector("w", &[0.5, -1.0]),
            vector("w:(intercept)", &[0.5]),
            vector("w:age", &[-1.0]),
            vector("sd:age", &[2.0]),
            vector("sd", &[2.0, 3.0]),
        ];
        let doc = ResultDoc { samples: 9, vectors, ..ResultDoc::default() };
        let expected = "\
NAME      VALUE
samples   9
steps[1]  4
sd[2]     2 3

NAME         W    SD
(intercept)  0.5
age          -1   2
";
        assert_eq!(document(Output { json: false, lang: Lang::En }, &doc), expected);
    }

    #[test]
    fn a_table_of_labels_does_not_grow_beyond_all_bounds() {
        let names: Vec<String> = (0..200).map(|at| format!("name{at}:label{at}")).collect();
        let all: Vec<Array<'_>> = names.iter().map(|name| Array { name, values: &[1.0] }).collect();
        let text = arrays(Output { json: false, lang: Lang::En }, Rows::new(&["name", "value"]), &all);
        assert_eq!(text.lines().count(), 201, "{text}");
    }
}
