//! Disclosure rules (design section 13). Each looks at one result and finds it fine or not; none changes it.

use std::collections::BTreeSet;

use qianmo_proto::{
    Name,
    result::{Cells, ResultTable},
    views::{By, Reason},
    words::counted,
};
use serde_json::Value;

use super::Computed;

/// What the permit binds the gate to.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Fewest contributors to any cell.
    pub min_cell: u32,
    /// Most parameters per row (DataSHIELD's nfilter.glm, 0.33).
    pub parameters_per_row: f64,
    /// Most bytes of the document.
    pub max_bytes: u64,
    /// Whether any text may leave in tables.
    pub strings: bool,
    /// The text that may always.
    pub words: Words,
    /// Whether a steward looks at every result, whatever the rules find.
    pub review: bool,
}

/// Text that was known before a row was read: the names of the contract's fields, and every text in the order's
/// parameters. A model that repeats it tells nothing of a row but by choosing, as it can by numbers.
#[derive(Debug, Clone, Default)]
pub struct Words(BTreeSet<String>);

impl Words {
    /// Those of `fields` and of `params`, a JSON document.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a Name>, params: &str) -> Self {
        let mut words = fields.into_iter().map(ToString::to_string).collect();
        // What is no JSON names nothing.
        gather(serde_json::from_str(params).unwrap_or_default(), &mut words);
        Self(words)
    }

    fn has(&self, cells: &Cells) -> bool {
        match cells {
            Cells::Text(texts) => texts.iter().flatten().all(|text| self.0.contains(text)),
            Cells::Int(_) | Cells::Float(_) | Cells::Bool(_) => true,
        }
    }
}

/// Adds the texts of `value`, at any depth. Keys are none: they name parameters.
fn gather(value: Value, words: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            words.insert(text);
        }
        Value::Array(values) => values.into_iter().for_each(|value| gather(value, words)),
        Value::Object(values) => values.into_iter().for_each(|(_, value)| gather(value, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What one rule says of one result.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) broken: bool,
    /// In English and in Chinese.
    en: String,
    zh: String,
}

impl Finding {
    pub(super) fn reason(&self) -> Reason {
        let (verdict, verdict_zh) = if self.broken { ("broken", "违反") } else { ("kept", "符合") };
        Reason {
            by: By::Egress,
            rule: self.rule.to_owned(),
            text: format!("{verdict}: {}", self.en),
            text_zh: Some(format!("{verdict_zh}：{}", self.zh)),
        }
    }
}

/// Runs every rule.
pub(super) fn check(computed: &Computed, bytes: u64, limits: &Limits) -> Vec<Finding> {
    vec![
        samples(computed),
        min_cell(computed, limits.min_cell),
        parameters(computed, limits.parameters_per_row),
        output_size(bytes, limits.max_bytes),
        strings(&computed.document.tables, limits),
        review(limits.review),
    ]
}

/// A model cannot have more samples than the host gave it rows.
fn samples(computed: &Computed) -> Finding {
    let (claimed, read) = (computed.document.samples, computed.rows_read);
    Finding {
        rule: "samples",
        broken: claimed > read,
        en: format!("{} claimed, {} handed over", counted(claimed, "sample"), counted(read, "row")),
        zh: format!("模型声称 {claimed} 个样本，实际提供 {read} 行"),
    }
}

/// Nothing may rest on fewer than `least` records: not the result as a whole, not a row of a table.
fn min_cell(computed: &Computed, least: u32) -> Finding {
    let document = &computed.document;
    let whole = document.samples.min(computed.rows_read);
    let cells = document.tables.iter().flat_map(|t| t.contributors.iter().copied()).map(u64::from);
    let smallest = cells.chain(std::iter::once(whole)).min().unwrap_or(0);
    Finding {
        rule: "min-cell",
        broken: smallest < u64::from(least),
        en: format!(
            "the smallest cell has {}; at least {least} are needed",
            counted(smallest, "contributor")
        ),
        zh: format!("记录最少的单元格有 {smallest} 条贡献记录；至少需要 {least} 条"),
    }
}

/// A model with nearly as many parameters as rows repeats the rows. Parameters = the longest axis of any
/// vector: an information matrix of p × p belongs to a model of p parameters, as in DataSHIELD's glm.
/// Vectors of another kind (more axes than two) count in full.
fn parameters(computed: &Computed, per_row: f64) -> Finding {
    let count = |shape: &[u32]| match shape {
        [] => 1,
        [n] => u64::from(*n),
        [n, m] => u64::from(*n.max(m)),
        axes => axes.iter().fold(1_u64, |product, n| product.saturating_mul(u64::from(*n))),
    };
    let most = computed.document.vectors.iter().map(|v| count(&v.shape)).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^52")]
    let allowed = per_row * computed.rows_read as f64;
    #[expect(clippy::cast_precision_loss, reason = "axes are u32")]
    let broken = most as f64 > allowed;
    let rows = computed.rows_read;
    Finding {
        rule: "parameters",
        broken,
        en: format!(
            "{} over {}; at most {per_row} per row",
            counted(most, "parameter"),
            counted(rows, "row")
        ),
        zh: format!("{most} 个参数，{rows} 行；每行最多 {per_row} 个"),
    }
}

fn output_size(bytes: u64, most: u64) -> Finding {
    Finding {
        rule: "output-size",
        broken: bytes > most,
        en: format!("{}; at most {most}", counted(bytes, "byte")),
        zh: format!("{bytes} 字节；最多 {most} 字节"),
    }
}

/// Text can carry anything a row holds. So it leaves only where the contract says so, or where all of it was known
/// before.
fn strings(tables: &[ResultTable], limits: &Limits) -> Finding {
    let named = |table: &ResultTable| table.columns.iter().all(|column| limits.words.has(&column.cells));
    let found = tables.iter().filter(|table| !named(table)).count() as u64;
    let (leave, leave_zh) =
        if limits.strings { ("allows", "允许") } else { ("does not allow", "不允许") };
    Finding {
        rule: "strings",
        broken: found > 0 && !limits.strings,
        en: format!(
            "{} with text that neither the contract's fields nor the parameters name; the contract {leave} such text",
            counted(found, "table")
        ),
        zh: format!("{found} 个表含合约字段和参数均未列出的文本；合约{leave_zh}此类文本"),
    }
}

fn review(asked: bool) -> Finding {
    let (en, zh) = if asked {
        ("policy asks a steward to look", "策略要求数据管理员复核")
    } else {
        ("policy lets it leave without a steward", "策略允许不经复核放行")
    };
    Finding { rule: "review", broken: asked, en: en.to_owned(), zh: zh.to_owned() }
}
