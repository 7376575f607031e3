//! Terms of a request or contract, shown to the people who sign them.

use qianmo_proto::{Terms, contract::OutputKind};

use super::output::{Facts, Output};
use crate::clock::rfc3339;

/// Adds everything that a signature under these terms commits to.
pub(crate) fn add(facts: Facts, out: Output, terms: &Terms) -> Facts {
    let fields: Vec<_> = terms.fields.iter().map(|field| field.as_str()).collect();
    let models: Vec<_> = terms.models.iter().map(|model| model.short()).collect();
    let params = match &terms.params {
        Some(digest) => format!("{} {}", out.t("fixed, digest", "固定，摘要"), digest.short()),
        None => out.t("any", "任意").to_owned(),
    };
    let mut output: Vec<_> = terms.output.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    if terms.output.strings {
        output.push(out.t("with text columns", "含文本列").to_owned());
    }
    facts.and(&[
        (out.t("dataset", "数据集"), &terms.dataset),
        (out.t("fields", "字段"), &format!("({}) {}", fields.len(), fields.join(", "))),
        (out.t("models", "模型"), &models.join(", ")),
        (out.t("parameters", "参数"), &params),
        (out.t("purpose", "使用场景"), &terms.purpose),
        (out.t("basis", "使用依据"), &terms.basis),
        (out.t("case number", "文号"), &terms.case_number),
        (out.t("until", "使用时限"), &rfc3339(terms.until_ms)),
        (out.t("runs", "运行次数"), &terms.runs),
        (out.t("rounds a run", "每次轮数"), &terms.rounds),
        (out.t("output", "输出"), &output.join(", ")),
        (out.t("min cell", "最小单元"), &terms.output.min_cell),
    ])
}

/// A kind of output as the command line writes it.
pub(crate) fn parse_kind(text: &str) -> Result<OutputKind, String> {
    [OutputKind::Aggregate, OutputKind::Update]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("{text:?} is no kind of output; use aggregate, update or both with a comma"))
}
