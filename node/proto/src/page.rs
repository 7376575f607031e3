//! Lists in pages: what is wanted of a list, and the piece of it that an answer holds.

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    identity::Identity,
    ids::{ContractId, DatasetRef},
};

/// Which entries of a list are wanted, and from where on. All that is given must fit; a list that has no such property
/// refuses the question instead of answering another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lookup {
    /// Where the page before this one ended: its [`Page::next`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most entries of the page; the node may give fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The beginning of the id, with or without its three letters; for models also the whole label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The state, by its word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetRef>,
    /// The consumer's file reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The consumer; for models the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Identity>,
    /// The contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractId>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Digest>,
    /// No earlier than this, UNIX milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// No later than this, UNIX milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// A piece of a list, the newest entries first; what has no time is in the order of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The entries. There may be none although more follow.
    pub items: Vec<T>,
    /// What to ask the next page with; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Lookup {
    /// What an id is given by: its beginning.
    pub fn by_id(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// The same question about the page after `next`.
    #[must_use]
    pub fn after(&self, next: String) -> Self {
        Self { cursor: Some(next), ..self.clone() }
    }

    /// Whether `id` begins as is wanted: `job-66c7` or `66c7`.
    pub fn wants_id(&self, id: &str) -> bool {
        self.id.as_deref().is_none_or(|given| begins(id, given))
    }
}

/// Whether an id begins with `given`, with or without its three letters. Nothing begins with nothing.
pub fn begins(id: &str, given: &str) -> bool {
    !given.is_empty()
        && (id.starts_with(given) || id.split_once('-').is_some_and(|(_, hex)| hex.starts_with(given)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wish_is_an_empty_object_and_an_unknown_one_is_refused() {
        assert_eq!(serde_json::to_string(&Lookup::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Lookup>("{}").unwrap(), Lookup::default());
        assert!(serde_json::from_str::<Lookup>(r#"{"grade":"core"}"#).is_err());
    }

    #[test]
    fn an_id_may_be_given_without_its_letters() {
        let wants = |given: &str| Lookup::by_id(given).wants_id("job-66c7f0f462eeedd9d1f2");
        assert!(wants("job-66") && wants("66c7") && wants("job-66c7f0f462eeedd9d1f2"));
        assert!(!wants("") && !wants("c7") && !wants("req-66"));
    }
}
