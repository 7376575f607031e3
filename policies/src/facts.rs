//! From Qianmo's types to Cedar's: entities, records and sets in the words of the schema.

use std::{collections::BTreeSet, str::FromStr};

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    DatasetMeta, DatasetRef, FieldMeta, Identity, Name, Sensitivity, Terms, contract::OutputKind,
};

use crate::job::KeyExchange;

/// A question ready for Cedar; the action is added when it is asked.
pub(crate) struct Question {
    pub(crate) principal: EntityUid,
    pub(crate) resource: EntityUid,
    pub(crate) context: Context,
    pub(crate) entities: Entities,
}

/// The input cannot be put to Cedar: a deny with this text among its errors.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String);

impl<E: std::error::Error> From<E> for Unusable {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A record under construction.
pub(crate) struct Record(Vec<(String, RestrictedExpression)>);

impl Record {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn with(mut self, key: &str, value: RestrictedExpression) -> Self {
        self.0.push((key.to_owned(), value));
        self
    }

    pub(crate) fn text(self, key: &str, value: impl Into<String>) -> Self {
        self.with(key, RestrictedExpression::new_string(value.into()))
    }

    pub(crate) fn long(self, key: &str, value: impl Into<i64>) -> Self {
        self.with(key, RestrictedExpression::new_long(value.into()))
    }

    pub(crate) fn flag(self, key: &str, value: bool) -> Self {
        self.with(key, RestrictedExpression::new_bool(value))
    }

    pub(crate) fn texts(self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        let values = values.into_iter().map(RestrictedExpression::new_string);
        self.with(key, RestrictedExpression::new_set(values))
    }

    pub(crate) fn into_expression(self) -> Result<RestrictedExpression, Unusable> {
        Ok(RestrictedExpression::new_record(self.0)?)
    }

    pub(crate) fn into_context(self) -> Result<Context, Unusable> {
        Ok(Context::from_pairs(self.0)?)
    }
}

/// The schema's entity types, parsed once: parsing costs more than a decision.
pub(crate) struct Words {
    action: EntityTypeName,
    department: EntityTypeName,
    role: EntityTypeName,
    sharing: EntityTypeName,
    output_kind: EntityTypeName,
    key_exchange: EntityTypeName,
    identity: EntityTypeName,
    node: EntityTypeName,
    dataset: EntityTypeName,
    contract: EntityTypeName,
    job: EntityTypeName,
    model: EntityTypeName,
}

impl Words {
    pub(crate) fn new() -> Result<Self, Unusable> {
        Ok(Self {
            action: EntityTypeName::from_str("Action")?,
            department: EntityTypeName::from_str("Department")?,
            role: EntityTypeName::from_str("Role")?,
            sharing: EntityTypeName::from_str("Sharing")?,
            output_kind: EntityTypeName::from_str("OutputKind")?,
            key_exchange: EntityTypeName::from_str("KeyExchange")?,
            identity: EntityTypeName::from_str("Identity")?,
            node: EntityTypeName::from_str("Node")?,
            dataset: EntityTypeName::from_str("Dataset")?,
            contract: EntityTypeName::from_str("Contract")?,
            job: EntityTypeName::from_str("Job")?,
            model: EntityTypeName::from_str("Model")?,
        })
    }

    pub(crate) fn action_uid(&self, action: &str) -> EntityUid {
        uid(&self.action, action)
    }

    pub(crate) fn identity_uid(&self, identity: &Identity) -> EntityUid {
        uid(&self.identity, &identity.to_string())
    }

    pub(crate) fn node_uid(&self, department: &Name) -> EntityUid {
        uid(&self.node, department.as_str())
    }

    pub(crate) fn dataset_uid(&self, dataset: &DatasetRef) -> EntityUid {
        uid(&self.dataset, &dataset.to_string())
    }

    pub(crate) fn contract_uid(&self, id: &str) -> EntityUid {
        uid(&self.contract, id)
    }

    pub(crate) fn job_uid(&self, id: &str) -> EntityUid {
        uid(&self.job, id)
    }

    pub(crate) fn model_uid(&self, digest: &Digest) -> EntityUid {
        uid(&self.model, &digest.to_string())
    }

    /// The entities of `holders`, each once.
    pub(crate) fn identities(&self, holders: &[&Identity]) -> Result<Vec<Entity>, Unusable> {
        let distinct: BTreeSet<_> = holders.iter().copied().collect();
        distinct.into_iter().map(|holder| self.identity_entity(holder)).collect()
    }

    /// Something of `department`; `whose` names whose it is and as what, where it is somebody's.
    pub(crate) fn owned(
        &self,
        uid: EntityUid,
        department: &Name,
        whose: Option<(&'static str, &Identity)>,
    ) -> Result<Entity, Unusable> {
        let mut record = Record::new();
        if let Some((part, identity)) = whose {
            record = record.with(part, self.identity(identity));
        }
        self.entity(uid, department, record)
    }

    pub(crate) fn dataset(&self, dataset: &DatasetMeta) -> Result<Entity, Unusable> {
        let record = Record::new()
            .long("grade", dataset.grade.rank())
            .with("sharing", reference(&self.sharing, dataset.sharing.as_str()));
        self.entity(self.dataset_uid(&dataset.id), &dataset.id.department, record)
    }

    pub(crate) fn identity(&self, identity: &Identity) -> RestrictedExpression {
        RestrictedExpression::new_entity_uid(self.identity_uid(identity))
    }

    pub(crate) fn output_kind(&self, kind: OutputKind) -> RestrictedExpression {
        reference(&self.output_kind, kind.as_str())
    }

    pub(crate) fn key_exchange(&self, key_exchange: KeyExchange) -> RestrictedExpression {
        reference(&self.key_exchange, key_exchange.as_str())
    }

    /// The schema's `Data`: what is true of `fields` in `dataset`.
    pub(crate) fn data(
        &self,
        dataset: &DatasetMeta,
        fields: &[Name],
    ) -> Result<RestrictedExpression, Unusable> {
        let wanted: BTreeSet<&Name> = fields.iter().collect();
        let found: Vec<&FieldMeta> = dataset.fields.iter().filter(|f| wanted.contains(&f.name)).collect();
        let known: BTreeSet<&Name> = found.iter().map(|field| &field.name).collect();
        let unknown: Vec<_> = wanted.difference(&known).map(ToString::to_string).collect();
        let at_least = |floor: Sensitivity| {
            found.iter().filter(move |field| field.sensitivity >= floor).map(|field| field.name.to_string())
        };
        // As `DatasetMeta::highest_grade`, in one pass: what is unknown, or nothing, counts as the whole.
        let whole = (!unknown.is_empty() || found.is_empty()).then_some(dataset.grade);
        let grade = found.iter().map(|field| field.grade).chain(whole).max().unwrap_or(dataset.grade);
        Record::new()
            .texts("fields", wanted.iter().map(ToString::to_string))
            .texts("identifiers", at_least(Sensitivity::Identifier))
            .texts("sensitive", at_least(Sensitivity::Sensitive))
            .texts("unknown", unknown)
            .long("grade", grade.rank())
            .into_expression()
    }

    /// The schema's `Terms`.
    pub(crate) fn terms(&self, terms: &Terms) -> Result<RestrictedExpression, Unusable> {
        let kinds = terms.output.kinds.iter().map(|kind| self.output_kind(*kind));
        let mut record = Record::new()
            .texts("fields", terms.fields.iter().map(Name::to_string))
            .texts("models", terms.models.iter().map(ToString::to_string))
            .text("purpose", terms.purpose.as_str())
            .text("basis", terms.basis.as_str())
            .text("caseNumber", terms.case_number.as_str())
            .long("until", terms.until_ms)
            .long("runs", terms.runs)
            .long("rounds", terms.rounds)
            .with("kinds", RestrictedExpression::new_set(kinds))
            .long("minCell", terms.output.min_cell)
            .flag("strings", terms.output.strings);
        if let Some(params) = terms.params {
            record = record.text("params", params.to_string());
        }
        record.into_expression()
    }

    fn identity_entity(&self, identity: &Identity) -> Result<Entity, Unusable> {
        let record = Record::new()
            .with("role", reference(&self.role, identity.role().as_str()))
            .text("name", identity.name().as_str());
        self.entity(self.identity_uid(identity), identity.department(), record)
    }

    fn entity(&self, of: EntityUid, department: &Name, attributes: Record) -> Result<Entity, Unusable> {
        let department = uid(&self.department, department.as_str());
        let attributes =
            attributes.with("department", RestrictedExpression::new_entity_uid(department.clone()));
        Ok(Entity::new_with_tags(of, attributes.0, [department], [])?)
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn reference(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}
