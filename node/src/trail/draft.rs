//! How a fact is written as an event: what it is about, who is concerned, how it ended.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{ErrorCode, Identity, WireError};
use qianmo_trail::{
    Action, EventDraft, EventError, Stage, TrailError,
    event::{Actor, Data, Ending as How, Model, Outcome, Purpose, Target},
};

use crate::store::facts::{End, Fact};

/// The event of `fact`.
pub(super) fn of(
    actor: &Identity,
    certificate: Option<Digest>,
    time_ms: i64,
    fact: &Fact,
) -> Result<EventDraft, TrailError> {
    let action: Action = fact.action().parse()?;
    let body = serde_json::to_value(fact).map_err(|e| EventError::Schema(e.to_string()))?;
    let actor = Actor { id: actor.to_string(), cert: certificate };
    let (stage, target) = about(fact);
    let id = match fact {
        Fact::JobIntended(_) | Fact::JobEnded(_) | Fact::JobResumed { .. } => target.name.clone(),
        _ => format!("{}:{time_ms}", fact.action()),
    };
    let mut draft = EventDraft::new(id, stage, time_ms, actor, action);
    draft.target = Some(target);
    draft.body = Some(body);
    add_details(&mut draft, fact);
    Ok(draft)
}

fn about(fact: &Fact) -> (Stage, Target) {
    match fact {
        Fact::NodeStarted { version } => (Stage::Fact, Target::new("node", version.clone())),
        Fact::NodeStopped => (Stage::Fact, Target::new("node", "stop")),
        Fact::PeerAdded { node, .. } | Fact::PeerRemoved { node } => {
            (Stage::Fact, Target::new("peer", node.to_string()))
        }
        Fact::DataAdded { meta, .. } => {
            let grade = Some(meta.grade.to_string());
            (Stage::Fact, Target { grade, ..Target::new("dataset", meta.id.to_string()) })
        }
        Fact::DataRefused { name, .. } => {
            let name = name.as_ref().map_or_else(|| "(no name)".to_owned(), ToString::to_string);
            (Stage::Fact, Target::new("dataset", name))
        }
        Fact::DataRemoved { name } => (Stage::Fact, Target::new("dataset", name.to_string())),
        Fact::ModelPushed { manifest, .. } => {
            (Stage::Fact, Target::new("model", manifest.digest.to_string()))
        }
        Fact::ContractRequested { id, .. } | Fact::RequestDenied { id, .. } => {
            (Stage::Fact, Target::new("request", id.to_string()))
        }
        Fact::ContractFinalized { contract, .. } => {
            (Stage::Fact, Target::new("contract", contract.to_string()))
        }
        Fact::ContractRevoked { id, .. } => (Stage::Fact, Target::new("contract", id.to_string())),
        Fact::JobChecked { contract, .. } => (Stage::Fact, Target::new("contract", contract.to_string())),
        Fact::JobIntended(intent) => (Stage::Intent, Target::new("job", intent.job.to_string())),
        Fact::JobEnded(ending) => (Stage::Outcome, Target::new("job", ending.job.to_string())),
        Fact::JobResumed { job } | Fact::JobRefused { job, .. } => {
            (Stage::Fact, Target::new("job", job.to_string()))
        }
        Fact::ResultPreviewed { job, .. }
        | Fact::ResultReleased { job, .. }
        | Fact::ResultWithheld { job, .. } => (Stage::Fact, Target::new("result", job.to_string())),
        Fact::TrailRead { from, count } => (Stage::Fact, Target::new("trail", format!("{from}+{count}"))),
    }
}

fn add_details(draft: &mut EventDraft, fact: &Fact) {
    match fact {
        Fact::JobRefused { error, .. } => draft.outcome = Some(failed(error)),
        Fact::JobEnded(ending) => {
            let (outcome, data) = match &ending.end {
                End::Released { result, bytes, rows } => (Outcome::OK, Some((*result, *bytes, *rows))),
                End::Held { result, bytes, rows, error } => (failed(error), Some((*result, *bytes, *rows))),
                End::Failed { error, .. } => (failed(error), None),
            };
            draft.outcome = Some(outcome);
            draft.data = data.map(|(digest, bytes, rows)| Data { digest, bytes: Some(bytes), rows });
        }
        Fact::ModelPushed { manifest, .. } => {
            draft.model =
                Some(Model { name: Some(manifest.name.to_string()), ..Model::new(manifest.digest) });
        }
        Fact::ContractRequested { terms, .. } => {
            draft.purpose = Some(Purpose {
                text: terms.purpose.clone(),
                basis: Some(terms.basis.clone()),
                case_no: Some(terms.case_number.clone()),
                until_ms: Some(terms.until_ms),
                ..Purpose::default()
            });
        }
        Fact::DataRefused { reason, .. } => {
            let code = Some(ErrorCode::Dataset.to_string());
            draft.outcome = Some(Outcome { result: How::Failed, code, reason: Some(reason.clone()) });
        }
        Fact::RequestDenied { reason, .. } | Fact::ResultWithheld { reason, .. } => {
            draft.outcome = Some(Outcome { result: How::Denied, code: None, reason: Some(reason.clone()) });
        }
        Fact::ResultPreviewed { result, .. } => {
            draft.data = Some(Data { digest: *result, bytes: None, rows: None });
        }
        _ => {}
    }
}

fn failed(error: &WireError) -> Outcome {
    let result = match error.code {
        ErrorCode::Held => How::Held,
        ErrorCode::Stopped => How::Stopped,
        code if code.class() == qianmo_proto::ErrorClass::Policy => How::Denied,
        _ => How::Failed,
    };
    Outcome { result, code: Some(error.code.to_string()), reason: Some(error.message.clone()) }
}
