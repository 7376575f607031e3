//! Terms of a request or contract, shown to the people who sign them.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{Terms, contract::OutputKind, views::ModelLabel};

use super::{
    output::{Facts, Output},
    words::msg,
};

/// Adds everything that a signature under these terms commits to. `labels` are the names of its models, as far as
/// they are known.
pub(crate) fn add(facts: Facts, out: Output, terms: &Terms, labels: &[ModelLabel]) -> Facts {
    let fields: Vec<_> = terms.fields.iter().map(|field| field.as_str()).collect();
    let label = |digest: &Digest| labels.iter().find(|label| label.digest == *digest);
    let models: Vec<_> = terms.models.iter().map(|digest| model(out, digest, label(digest))).collect();
    let params = match &terms.params {
        Some(digest) => out.say(&msg("terms-params-fixed").with("digest", digest)),
        None => out.say(&msg("terms-params-any")),
    };
    let mut output: Vec<_> =
        terms.output.kinds.iter().map(|kind| out.lang.word("output", kind.as_str()).into_owned()).collect();
    if terms.output.strings {
        output.push(out.say(&msg("terms-strings")));
    }
    let facts = facts.and(&[
        (out.label("dataset"), &terms.dataset),
        (out.label("scope"), &format!("({}) {}", fields.len(), fields.join(", "))),
    ]);
    let facts = models.iter().enumerate().fold(facts, |facts, (at, model)| {
        facts.and(&[(if at == 0 { out.label("models") } else { "" }, model)])
    });
    facts.and(&[
        (out.label("parameters"), &params),
        (out.label("purpose"), &terms.purpose),
        (out.label("basis"), &terms.basis),
        (out.label("case-number"), &terms.case_number),
        (out.label("until"), &out.time(terms.until_ms)),
        (out.label("runs"), &terms.runs),
        (out.label("rounds"), &terms.rounds),
        (out.label("output"), &output.join(", ")),
        (out.label("min-cell"), &terms.output.min_cell),
    ])
}

/// A model by its whole digest, with its name and author.
pub(crate) fn model(out: Output, digest: &Digest, label: Option<&ModelLabel>) -> String {
    match label {
        Some(label) => format!("{digest} {} ({})", label.name, label.author),
        None => format!("{digest} {}", out.lang.pick("(not known at this node)", "（本节点未收录）")),
    }
}

/// A kind of output as the command line writes it.
pub(crate) fn parse_kind(text: &str) -> Result<OutputKind, String> {
    [OutputKind::Aggregate, OutputKind::Update]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "aggregate, update".to_owned())
}
