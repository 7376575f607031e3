//! Listing datasets: what a steward puts on the catalogue and takes off it.

use qianmo_policies::{Governance, Target};
use qianmo_proto::{DatasetMeta, ErrorCode, Name, WireError, views::Done};

use super::{descriptor::Descriptor, reading, search::readable};
use crate::{auth::Peer, authorize, node::Shared, store::facts::Fact};

/// `data.add`: the descriptor is parsed, its source read once from end to end, then listed.
pub(crate) async fn add(node: &Shared, peer: &Peer, text: String) -> Result<DatasetMeta, WireError> {
    let identity = &node.config.identity;
    let wrong = |e: &dyn std::fmt::Display| WireError::new(ErrorCode::Dataset, e.to_string());
    let parsed = Descriptor::parse(&text, identity.department(), &node.config.title, &node.config.data_dir())
        .map_err(|e| wrong(&e))?;
    authorize::may(node, peer, Governance::ListDataset, Target::Dataset(&parsed.meta))?;
    // The steward owns the data: the whole reason, with line and column, may be told.
    let meta = reading::check_through(node, parsed).await?.meta;
    let descriptor = node
        .blobs
        .put(text.as_bytes())
        .map_err(|e| WireError::new(ErrorCode::TrailUnavailable, e.to_string()))?;
    node.trail.record(peer, Fact::DataAdded { meta: meta.clone(), descriptor }).await?;
    Ok(meta)
}

/// `data.ls`
pub(crate) fn list(node: &Shared, peer: &Peer) -> Result<Vec<DatasetMeta>, WireError> {
    authorize::may_here(node, peer, Governance::SearchCatalog)?;
    Ok(readable(node, peer.identity(), ""))
}

/// `data.show`
pub(crate) fn show(node: &Shared, peer: &Peer, name: &Name) -> Result<DatasetMeta, WireError> {
    let meta = node.state().datasets.get(name).map(|dataset| dataset.meta.clone());
    let meta = meta.ok_or_else(|| unknown(name))?;
    authorize::may(node, peer, Governance::ReadDataset, Target::Dataset(&meta))?;
    Ok(meta)
}

/// `data.rm`
pub(crate) async fn remove(node: &Shared, peer: &Peer, name: Name) -> Result<Done, WireError> {
    let meta = node.state().datasets.get(&name).map(|dataset| dataset.meta.clone());
    let meta = meta.ok_or_else(|| unknown(&name))?;
    authorize::may(node, peer, Governance::UnlistDataset, Target::Dataset(&meta))?;
    node.trail.record(peer, Fact::DataRemoved { name }).await?;
    Ok(Done {})
}

fn unknown(name: &Name) -> WireError {
    WireError::new(ErrorCode::NotFound, format!("no dataset {name} is listed here; see `qianmo data ls`"))
}
