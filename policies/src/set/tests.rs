//! Tests that need to look inside: the shipped cases, what decides them, and the promises for any input.

use cedar_policy::{Entities, PolicyId, PolicySet as CedarSet};

use super::*;

mod cases;
mod docs;
mod fixture;
mod governance;
mod loading;
mod promises;

impl PolicySet {
    /// What `ask` gets to know when one policy is gone.
    fn without<R>(&mut self, id: &str, ask: impl FnOnce(&Self) -> R) -> R {
        let id = PolicyId::new(id);
        let poorer = |slice: &Slice| {
            let kept = slice.set.policies().filter(|policy| policy.id() != &id).cloned();
            let mut set = CedarSet::from_policies(kept.collect::<Vec<_>>()).unwrap();
            for template in slice.set.templates().filter(|template| template.id() != &id) {
                set.add_template(template.clone()).unwrap();
            }
            Slice { set, permits: slice.permits.clone() }
        };
        let slices = self.slices.iter().map(|(action, slice)| (*action, poorer(slice))).collect();
        let whole = std::mem::replace(&mut self.slices, slices);
        let answer = ask(self);
        self.slices = whole;
        answer
    }
}

#[test]
fn what_is_put_to_cedar_conforms_to_the_schema() {
    let policies = PolicySet::shipped().unwrap();
    let job = fixture::Job::allowed();
    let conforms = |question: Question| {
        Entities::from_entities(question.entities.iter().cloned(), Some(&policies.schema)).unwrap();
    };
    conforms(job.input().question(&policies.words).unwrap());
    for target in job.targets() {
        let input =
            GovernanceInput { principal: &job.principal, action: Governance::ReadJob, target, now_ms: 0 };
        conforms(input.question(&policies.words).unwrap());
    }
}
