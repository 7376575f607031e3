//! What the entries themselves say: their numbering, and intents without outcomes.

use std::collections::BTreeMap;

use super::{Finding, FindingKind, Problem, ProblemKind, Report};
use crate::event::{Action, Event, Stage};
use crate::walk::Placed;

/// Follows the entries in order.
#[derive(Debug, Default)]
pub(super) struct Inspector {
    /// The first entry whose own number is not its place.
    pub(super) misplaced: Option<Problem>,
    findings: Vec<Finding>,
    /// Intents by id that wait for their outcome.
    open: BTreeMap<String, (u64, Action)>,
}

impl Inspector {
    pub(super) fn see(&mut self, placed: &Placed<'_>) {
        let seq = placed.seq;
        let event = match Event::parse(placed.entry) {
            Ok(event) => event,
            Err(error) => return self.find(FindingKind::Unreadable, seq, error.to_string()),
        };
        if event.seq != seq && self.misplaced.is_none() {
            let detail = format!("the entry says it is number {}", event.seq);
            let problem = Problem { seq: Some(seq), ..Problem::new(ProblemKind::OutOfPlace, detail) };
            let (file, offset) = placed.place.unzip();
            self.misplaced = Some(Problem { file: file.map(str::to_owned), offset, ..problem });
        }
        match event.stage {
            Stage::Intent => {
                if let Some((earlier, action)) = self.open.insert(event.id, (seq, event.action)) {
                    self.find(
                        FindingKind::IntentWithoutOutcome,
                        earlier,
                        format!("{action} was begun again"),
                    );
                }
            }
            Stage::Outcome => {
                if self.open.remove(&event.id).is_none() {
                    let detail = format!("{} {}", event.action, event.id);
                    self.find(FindingKind::OutcomeWithoutIntent, seq, detail);
                }
            }
            Stage::Fact => {}
        }
    }

    pub(super) fn finish(mut self, report: &mut Report) {
        for (id, (seq, action)) in std::mem::take(&mut self.open) {
            self.find(FindingKind::IntentWithoutOutcome, seq, format!("{action} {id}"));
        }
        self.findings.sort_by_key(|finding| finding.seq);
        report.findings = self.findings;
    }

    fn find(&mut self, kind: FindingKind, seq: u64, detail: String) {
        self.findings.push(Finding { kind, seq, detail });
    }
}
