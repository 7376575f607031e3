//! Results for people: numbers and tables as text, long vectors cut.

use qianmo_proto::{
    ResultDoc,
    result::{Cells, NamedVector, ResultTable},
};

use super::output::{Output, Rows};

/// Numbers of a vector shown before it is cut; --json shows all.
const SHOWN: usize = 6;

/// A result document.
pub(crate) fn document(out: Output, document: &ResultDoc) -> String {
    let mut parts = Vec::new();
    let mut numbers = Rows::new(&[out.label("name"), out.label("value")]);
    numbers.add([&out.label("samples"), &document.samples]);
    for metric in &document.metrics {
        numbers.add([&metric.name, &number(metric.value)]);
    }
    for vector in &document.vectors {
        numbers.add([&name(vector), &values(&vector.values)]);
    }
    parts.push(numbers.text());
    parts.extend(document.tables.iter().map(|each| table(out, each)));
    parts.join("\n")
}

fn name(vector: &NamedVector) -> String {
    let axes: Vec<_> = vector.shape.iter().map(ToString::to_string).collect();
    format!("{}[{}]", vector.name, axes.join("×"))
}

/// The first numbers of a vector.
pub(crate) fn values(values: &[f64]) -> String {
    let mut shown: Vec<_> = values.iter().take(SHOWN).map(|value| number(*value)).collect();
    if values.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(" ")
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
    use crate::lang::Lang;

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
w[7]     0.5 0.5 0.5 0.5 0.5 0.5 …

groups
BENIGN  LABEL    CONTRIBUTORS
0       a\\u{1b}  71
        b        49
";
        assert_eq!(text, expected);
    }
}
