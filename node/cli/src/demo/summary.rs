//! What came of the demo, and what moved.

use std::path::PathBuf;

use qianmo_crypto::sm3::Digest;
use qianmo_proto::Identity;
use qianmo_trail::verify::Verdict;
use serde::Serialize;

use crate::{
    exit::Exit,
    output::{Facts, Output, Rows},
    words::msg,
};

/// Coefficients printed; --json has all.
const SHOWN: usize = 5;

/// The outcome of the demo.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// The model that travelled.
    pub(super) model: Digest,
    /// Rounds of the federated run.
    pub(super) rounds: usize,
    /// Newton steps among them.
    pub(super) steps: Option<f64>,
    /// Rows behind the fit, at all sites together.
    pub(super) samples: Option<f64>,
    /// Rows that the model gets right.
    pub(super) correct: Option<f64>,
    /// Their share.
    pub(super) accuracy: Option<f64>,
    /// −2 × log-likelihood.
    pub(super) deviance: Option<f64>,
    /// The intercept.
    pub(super) intercept: Option<f64>,
    /// One coefficient for each standardised feature.
    pub(super) coefficients: Vec<Coefficient>,
    /// The verified trails.
    pub(super) trails: Vec<Trail>,
    /// What moved between departments.
    pub(super) moved: Moved,
    /// Milliseconds in all.
    pub(super) took_ms: u64,
    /// What was left running, if it was to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Kept>,
}

/// Nodes left running.
#[derive(Debug, Serialize)]
pub(super) struct Kept {
    /// What QIANMO_HOME must be to speak to them.
    pub(super) home: PathBuf,
    /// Their processes.
    pub(super) pids: Vec<u32>,
}

/// A feature and its coefficient.
#[derive(Debug, Serialize)]
pub(super) struct Coefficient {
    pub(super) name: String,
    pub(super) value: f64,
}

/// A node's trail and the verdict on it.
#[derive(Debug, Serialize)]
pub(super) struct Trail {
    pub(super) node: Identity,
    pub(super) entries: u64,
    pub(super) verdict: Verdict,
    #[serde(skip)]
    pub(super) exit: Exit,
}

/// Bytes and rows that crossed a department's border, measured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Moved {
    /// Components brought to the nodes.
    pub(super) model_bytes_in: u64,
    /// Signed orders, with the state of each round.
    pub(super) order_bytes_in: u64,
    /// Result documents, as the nodes receipted them.
    pub(super) aggregate_bytes_out: u64,
    /// Rows of tables in those documents.
    pub(super) rows_out: u64,
}

impl Summary {
    /// The worst verdict on a trail decides how the program ends.
    pub(super) fn exit(&self) -> Exit {
        let worst = self.trails.iter().max_by_key(|trail| trail.verdict);
        worst.map_or(Exit::Inconclusive, |trail| trail.exit)
    }

    /// For people.
    pub(super) fn text(&self, out: Output) -> String {
        let number = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "?".to_owned(), |value| format!("{value:.digits$}"))
        };
        let fit = Facts::of(&[
            (
                out.label("accuracy"),
                &format!(
                    "{} ({}/{})",
                    number(self.accuracy, 5),
                    number(self.correct, 0),
                    number(self.samples, 0)
                ),
            ),
            (out.label("deviance"), &number(self.deviance, 6)),
            (out.label("newton-steps"), &number(self.steps, 0)),
            (out.label("intercept"), &number(self.intercept, 8)),
        ])
        .text();
        let mut coefficients = Rows::new(&[out.label("feature"), out.label("coefficient")]).right(1);
        for coefficient in self.coefficients.iter().take(SHOWN) {
            coefficients.add([&coefficient.name, &format!("{:.8}", coefficient.value)]);
        }
        let more = self.coefficients.len().saturating_sub(SHOWN);
        let moved = Facts::of(&[
            (out.label("models-in"), &bytes(self.moved.model_bytes_in)),
            (out.label("orders-in"), &bytes(self.moved.order_bytes_in)),
            (out.label("aggregates-out"), &bytes(self.moved.aggregate_bytes_out)),
            (out.label("rows-moved"), &self.moved.rows_out),
            (out.label("took"), &format!("{:.1} s", self.took_ms as f64 / 1000.0)),
        ])
        .text();
        format!(
            "\n{}\n{fit}\n{}… {}\n\n{}\n{moved}",
            out.say(&msg("demo-model")),
            coefficients.text(),
            out.say(&msg("demo-more").with("more", more)),
            out.say(&msg("demo-moved")),
        )
    }
}

fn bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + " B"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn summary(verdict: Verdict, exit: Exit) -> Summary {
        let trail = |verdict, exit| {
            let node = "qianmo://hospital-a/node/main".parse().unwrap();
            Trail { node, entries: 9, verdict, exit }
        };
        Summary {
            model: qianmo_crypto::sm3::digest(b"glm"),
            rounds: 12,
            steps: Some(10.0),
            samples: Some(569.0),
            correct: Some(562.0),
            accuracy: Some(562.0 / 569.0),
            deviance: Some(75.0),
            intercept: Some(0.21450272),
            coefficients: vec![Coefficient { name: "mean_radius".into(), value: -0.36309253 }],
            trails: vec![trail(Verdict::Verified, Exit::Done), trail(verdict, exit)],
            moved: Moved { model_bytes_in: 1_234_567, order_bytes_in: 89, ..Moved::default() },
            took_ms: 4200,
            kept: None,
        }
    }

    #[test]
    fn the_summary_says_what_moved() {
        let text = summary(Verdict::Verified, Exit::Done).text(Output { json: false, lang: Lang::En });
        for part in ["0.98770 (562/569)", "0.21450272", "-0.36309253", "1,234,567 B", "rows out", "4.2 s"] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }

    #[test]
    fn the_worst_verdict_decides() {
        assert_eq!(summary(Verdict::Verified, Exit::Done).exit(), Exit::Done);
        assert_eq!(summary(Verdict::Inconclusive, Exit::Inconclusive).exit(), Exit::Inconclusive);
        assert_eq!(summary(Verdict::Tampered, Exit::Tampered).exit(), Exit::Tampered);
    }
}
