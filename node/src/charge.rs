//! What a permit puts on the trail: the intent that charges its contract.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{Identity, JobId, WireError, views::Reason};
use qianmo_trail::{
    EventDraft,
    event::{Model, Purpose},
};

use crate::{authorize::Permit, store::facts::Intent, trail::Charge};

impl Charge for Permit {
    fn job(&self) -> &JobId {
        self.job()
    }

    fn payer(&self) -> (&Identity, Digest) {
        (self.consumer(), self.fingerprint())
    }

    fn document(&self) -> Result<Vec<u8>, WireError> {
        serde_json::to_vec(self.document()).map_err(WireError::internal)
    }

    fn fact(&self, order: Digest, reasons: Vec<Reason>) -> Intent {
        Intent {
            job: self.job().clone(),
            order,
            signed: self.document().full_digest(),
            contract: self.contract().clone(),
            dataset: self.order().dataset.clone(),
            model: *self.model(),
            round: self.order().round.clone(),
            output: self.output(),
            key_exchange: self.key_exchange().to_owned(),
            charged: self.new_run(),
            reasons,
            obligations: self.obligations(),
        }
    }

    fn describe(&self, draft: &mut EventDraft) {
        let order = self.order();
        let terms = self.terms();
        draft.xid = order.round.as_ref().map(|round| round.run.to_string());
        draft.purpose = Some(Purpose {
            text: terms.purpose.clone(),
            basis: Some(terms.basis.clone()),
            scope: Some(terms.dataset.to_string()),
            mode: Some(self.output().as_str().to_owned()),
            case_no: Some(terms.case_number.clone()),
            contract: Some(self.contract().to_string()),
            until_ms: Some(terms.until_ms),
            ..Purpose::default()
        });
        draft.model = Some(Model { params: Some(order.params_digest()), ..Model::new(order.model) });
        if let Some(target) = &mut draft.target {
            target.grade = Some(self.descriptor().meta.grade.to_string());
        }
    }
}
