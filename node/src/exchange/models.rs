//! Models on their way in: signed manifest, vetted bytes, stored by digest.

use qianmo_crypto::sm3;
use qianmo_policies::Governance;
use qianmo_proto::{ErrorCode, ModelManifest, Signed, WireError, World, views::ModelView};

use crate::{
    auth::{self, Peer},
    authorize,
    node::Shared,
    store::facts::Fact,
};

/// `model.push`: nothing is stored that is not signed, vetted and compilable.
pub(crate) async fn push(
    node: &Shared,
    peer: &Peer,
    document: Signed<ModelManifest>,
    bytes: Vec<u8>,
) -> Result<ModelView, WireError> {
    authorize::may_here(node, peer, Governance::PushModel)?;
    let manifest = auth::open(&document, peer, &node.trust, node.now_ms())?.value;
    check_manifest(&manifest, &bytes)?;
    if let Some(known) = node.state().models.get(&manifest.digest) {
        return Ok(known.clone());
    }
    let (models, digest) = (node.models.clone(), manifest.digest);
    let admitted =
        tokio::task::spawn_blocking(move || models.admit(digest, &bytes).map(|world| (world, bytes))).await;
    let (found, bytes) = admitted
        .map_err(|e| WireError::new(ErrorCode::Internal, format!("vetting failed: {e}")))?
        .map_err(|e| WireError::new(ErrorCode::Model, e.to_string()))?;
    let found = match found {
        qianmo_sandbox::World::Analysis => World::Analysis,
        qianmo_sandbox::World::Federated => World::Federated,
    };
    if found != manifest.world {
        let text = format!("the manifest says {}, but the component exports {found}", manifest.world);
        return Err(WireError::new(ErrorCode::Model, text));
    }
    let stored =
        |e: crate::store::blobs::BlobError| WireError::new(ErrorCode::TrailUnavailable, e.to_string());
    node.blobs.put(&bytes).map_err(stored)?;
    let manifest_doc = node.blobs.put(&encode(&document)?).map_err(stored)?;
    node.trail.record(peer, Fact::ModelPushed { manifest, manifest_doc }).await?;
    let view = node.state().models.get(&digest).cloned();
    view.ok_or_else(|| WireError::new(ErrorCode::Internal, "the model was recorded and is not there"))
}

fn check_manifest(manifest: &ModelManifest, bytes: &[u8]) -> Result<(), WireError> {
    if manifest.v != 1 {
        let text = format!("manifest version {} is not known here; this node reads version 1", manifest.v);
        return Err(WireError::new(ErrorCode::UnknownVersion, text));
    }
    if manifest.digest != sm3::digest(bytes) || manifest.bytes != bytes.len() as u64 {
        let text = "the bytes are not those that the manifest names; sign the manifest for these bytes";
        return Err(WireError::new(ErrorCode::Model, text));
    }
    Ok(())
}

/// `model.ls`
pub(crate) fn list(node: &Shared, peer: &Peer) -> Result<Vec<ModelView>, WireError> {
    authorize::may_here(node, peer, Governance::ListModels)?;
    Ok(node.state().models.values().cloned().collect())
}

/// A signed document as it is kept: the JSON of its envelope, payload bytes untouched inside.
pub(crate) fn encode<T: qianmo_proto::Document>(document: &Signed<T>) -> Result<Vec<u8>, WireError> {
    serde_json::to_vec(document).map_err(|e| WireError::new(ErrorCode::Internal, e.to_string()))
}
