//! Models on their way in: signed manifest, vetted bytes, stored by digest.

use qianmo_crypto::sm3;
use qianmo_proto::{
    ErrorCode, Lookup, ModelManifest, Signed, WireError, World,
    ask::{ModelLs, ModelPush},
    limits,
};

use crate::{
    auth::{self, Peer},
    page,
    rooms::{Books, Door, Works},
    serve::verb::{Here, Leave, Told, Verb},
    store::facts::Fact,
};

/// Nothing is stored that is not signed, vetted and compilable.
impl Verb for ModelPush {
    type Rooms = (Books, Works, Door);
    type Subject = Here;
    const BODY: usize = limits::BODY_BYTES;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, (books, works, door): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let peer = leave.peer().clone();
        let (_, bytes) = leave.into_parts();
        let manifest = auth::open(&self.manifest, &peer, &door.trust, books.now_ms())?.value;
        check_manifest(&manifest, &bytes)?;
        if let Some(known) = books.state().models.get(&manifest.digest) {
            return Ok(known.clone().into());
        }
        let (digest, expected) = (manifest.digest, manifest.world);
        let bytes = admit(&works, &manifest, bytes, expected).await?;
        books.blobs.put(&bytes)?;
        let manifest_doc = books.blobs.put(&encode(&self.manifest)?)?;
        books.trail.record(&peer, Fact::ModelPushed { manifest, manifest_doc }).await?;
        let view = books.state().models.get(&digest).cloned();
        view.map(Into::into).ok_or_else(|| WireError::internal("the model was recorded and is not there"))
    }
}

/// Vets and compiles the component, which must be of the world that its manifest names. Gives the bytes back.
async fn admit(
    works: &Works,
    manifest: &ModelManifest,
    bytes: Vec<u8>,
    expected: World,
) -> Result<Vec<u8>, WireError> {
    let (models, digest) = (works.models.clone(), manifest.digest);
    let admitted =
        tokio::task::spawn_blocking(move || models.admit(digest, &bytes).map(|world| (world, bytes))).await;
    let (found, bytes) = admitted
        .map_err(|e| WireError::internal(format!("vetting failed: {e}")))?
        .map_err(|e| WireError::new(ErrorCode::Model, e.to_string()))?;
    let found = match found {
        qianmo_sandbox::World::Analysis => World::Analysis,
        qianmo_sandbox::World::Federated => World::Federated,
    };
    if found != expected {
        let text = format!("the manifest says {expected}, but the component exports {found}");
        return Err(WireError::new(ErrorCode::Model, text));
    }
    Ok(bytes)
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

/// The id is given by the digest's beginning or by the whole label.
impl Verb for ModelLs {
    type Rooms = Books;
    type Subject = Here;

    fn subject(&self, _: &Books, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, books: Books, _: Leave<Self>) -> Told<Self> {
        let (asked, lookup) = (self.lookup.clone(), Lookup { id: None, ..self.lookup });
        let selected = {
            let state = books.state();
            let wanted = state.models.values().filter(|model| {
                asked.id.as_ref().is_none_or(|id| model.name.as_str() == id)
                    || asked.wants_id(&model.digest.to_string())
            });
            let row = |author| page::Row { person: Some(author), ..page::Row::default() };
            page::select(&lookup, wanted.map(|model| (model.digest, row(&model.author))))
        };
        let page = selected.page(&lookup, |digest| Ok(books.state().models.get(&digest).cloned()));
        Ok(page?.into())
    }
}

/// A signed document as it is kept: the JSON of its envelope, payload bytes untouched inside.
pub(crate) fn encode<T: qianmo_proto::Document>(document: &Signed<T>) -> Result<Vec<u8>, WireError> {
    serde_json::to_vec(document).map_err(WireError::internal)
}
