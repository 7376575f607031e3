//! The table.

use std::fmt;

use serde_json::{Value, json};

/// What a rate counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Operations,
}

struct Row {
    operation: &'static str,
    by: String,
    /// Bytes or operations a second.
    rate: f64,
    unit: Unit,
    target: Option<f64>,
}

/// Figures, in the order in which they were measured, and which ones are wanted.
pub(crate) struct Report {
    words: Vec<String>,
    rows: Vec<Row>,
}

/// What the project set out to reach, as bytes or operations a second. The portable SM4 kernels have no figure: they
/// are to be no slower than RustCrypto's.
const TARGETS: [(&str, &str, f64); 11] = [
    ("SM4-GCM seal 16 KiB", "Qianmo gfni-avx512", 4.0e9),
    ("SM4-GCM seal 1350 B", "Qianmo gfni-avx512", 3.0e9),
    ("SM4-GCM seal 16 KiB", "Qianmo gfni-avx2", 2.0e9),
    ("SM4-GCM seal 16 KiB", "Qianmo aesni-avx2", 0.8e9),
    ("SM4-CTR 16 KiB", "Qianmo gfni-avx512", 4.6e9),
    ("SM3 16 KiB", "Qianmo", 400e6),
    ("SM3 many of 4 KiB", "Qianmo avx512", 3e9),
    ("SM2 keygen", "Qianmo", 90e3),
    ("SM2 sign", "Qianmo", 90e3),
    ("SM2 verify", "Qianmo", 20e3),
    ("SM2 ECDH", "Qianmo", 20e3),
];

impl Report {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words, rows: Vec::new() }
    }

    /// Measures one figure if it is wanted. `seconds` is the time of one call, which does `amount` of `unit`.
    pub(crate) fn add(
        &mut self,
        operation: &'static str,
        by: impl Into<String>,
        (amount, unit): (usize, Unit),
        seconds: impl FnOnce() -> f64,
    ) {
        if self.wants(operation) {
            self.push(operation, by.into(), amount as f64 / seconds(), unit);
        }
    }

    /// Adds a figure that somebody else measured.
    pub(crate) fn push(&mut self, operation: &'static str, by: String, rate: f64, unit: Unit) {
        eprintln!("{operation}, {by}: {}", text(rate, unit));
        let target = TARGETS.iter().find(|(what, who, _)| (*what, *who) == (operation, by.as_str()));
        self.rows.push(Row { operation, by, rate, unit, target: target.map(|(.., rate)| *rate) });
    }

    pub(crate) fn wants(&self, operation: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| operation.contains(word.as_str()))
    }

    /// An array of objects; rates in bytes or operations a second.
    pub(crate) fn json(&self) -> Value {
        self.sorted()
            .map(|row| {
                let unit = if row.unit == Unit::Bytes { "B/s" } else { "1/s" };
                json!({ "operation": row.operation, "by": row.by, "rate": row.rate, "unit": unit, "target": row.target })
            })
            .collect()
    }

    /// Rows of one operation together, in the order of their first.
    fn sorted(&self) -> impl Iterator<Item = &Row> {
        let first = |row: &Row| self.rows.iter().position(|other| other.operation == row.operation);
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| first(row));
        rows.into_iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| operation | by | rate | target | of target |\n|---|---|--:|--:|--:|")?;
        for row in self.sorted() {
            let target = row.target.map_or_else(String::new, |target| text(target, row.unit));
            let share = row.target.map_or_else(String::new, |target| format!("{:.2}", row.rate / target));
            let rate = text(row.rate, row.unit);
            writeln!(f, "| {} | {} | {rate} | {target} | {share} |", row.operation, row.by)?;
        }
        Ok(())
    }
}

/// A rate in the unit that people compare: MB/s (10^6) or operations a second.
fn text(rate: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => format!("{:.0} MB/s", rate / 1e6),
        Unit::Operations => format!("{rate:.0} /s"),
    }
}
