//! Datasets, and the catalogue they are found in.

use std::time::Duration;

use crate::{
    action::Action,
    catalog::DatasetMeta,
    ids::Name,
    page::{Lookup, Page},
    question::Question,
    signed::Signed,
    views::{Done, SearchView},
};

/// A dataset is read from end to end: twice the longest `limits.check_s`, and a little.
const READING: Duration = Duration::from_secs(19 * 60);

asks! {
    /// Lists a dataset from its descriptor's text (steward).
    DataAdd { #[serde(deserialize_with = "crate::texts::descriptor")] descriptor: String } = "data.add", Some(Action::ListDataset) => DatasetMeta, within |_: &Self| READING;
    /// The datasets of this node.
    DataLs { #[serde(default)] lookup: Lookup } = "data.ls", Some(Action::SearchCatalog) => Page<DatasetMeta>;
    /// One dataset of this node.
    DataShow { name: Name } = "data.show", Some(Action::ReadDataset) => DatasetMeta;
    /// Takes a dataset off the list (steward).
    DataRm { name: Name } = "data.rm", Some(Action::UnlistDataset) => Done;
    /// Finds datasets here and, if `federated`, on this node's peers. These answer for the person who signed
    /// `question`; a node that asks without one gets no answer.
    CatalogSearch {
        #[serde(deserialize_with = "crate::texts::query")]
        query: String,
        federated: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<Signed<Question>>,
    } = "catalog.search", Some(Action::SearchCatalog) => SearchView;
}
