//! Listing datasets and finding them, here and on peers.

use qianmo_policies::{Governance, Target};
use qianmo_proto::{
    DatasetMeta, ErrorCode, Identity, Name, Request, Role, WireError,
    views::{Done, Found, SearchView},
};

use super::{descriptor::Descriptor, reading};
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
    Ok(readable(node, peer, ""))
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

/// `catalog.search`: a peer that asks gets this node's own entries only, so a search does not circle.
pub(crate) async fn search(
    node: &Shared,
    peer: &Peer,
    query: &str,
    federated: bool,
) -> Result<SearchView, WireError> {
    authorize::may_here(node, peer, Governance::SearchCatalog)?;
    let own = node.config.identity.clone();
    let address = node.address.to_string();
    let found = readable(node, peer, query).into_iter().map(|dataset| Found {
        dataset,
        node: own.clone(),
        address: address.clone(),
    });
    let mut view = SearchView { found: found.collect(), unanswered: vec![] };
    if federated && peer.identity().role() != Role::Node {
        ask_peers(node, query, &mut view).await;
    }
    view.found.sort_by(|a, b| a.dataset.id.cmp(&b.dataset.id));
    Ok(view)
}

async fn ask_peers(node: &Shared, query: &str, view: &mut SearchView) {
    let peers: Vec<(Identity, String)> =
        node.state().peers.iter().map(|(peer, address)| (peer.clone(), address.clone())).collect();
    let asked = peers.into_iter().map(|(peer, address)| async move {
        let request = Request::CatalogSearch { query: query.to_owned(), federated: false };
        let answer = node.links.call::<SearchView>(node, &peer, &address, request).await;
        (peer, address, answer)
    });
    for (peer, address, answer) in futures::future::join_all(asked).await {
        match answer {
            // A peer speaks for its own department only, and is reached where our admin says.
            Ok(answer) => view.found.extend(
                answer
                    .found
                    .into_iter()
                    .filter(|found| found.dataset.id.department == *peer.department())
                    .map(|found| Found { node: peer.clone(), address: address.clone(), ..found }),
            ),
            Err(error) => view.unanswered.push((peer, error)),
        }
    }
}

fn readable(node: &Shared, peer: &Peer, query: &str) -> Vec<DatasetMeta> {
    let may_read = |meta: &DatasetMeta| {
        authorize::may(node, peer, Governance::ReadDataset, Target::Dataset(meta)).is_ok()
    };
    let all: Vec<_> = node.state().datasets.values().map(|dataset| dataset.meta.clone()).collect();
    all.into_iter().filter(|meta| meta.matches(query) && may_read(meta)).collect()
}

fn unknown(name: &Name) -> WireError {
    WireError::new(ErrorCode::NotFound, format!("no dataset {name} is listed here; see `qianmo data ls`"))
}
