//! Models on their way in: signed manifest, vetted bytes, stored by digest. And out again, to those who decide on them.

use qianmo_crypto::sm3::{self, Digest};
use qianmo_policies::Target;
use qianmo_proto::{
    ErrorCode, Lookup, ModelManifest, Signed, WireError, World,
    ask::{ModelGet, ModelLs, ModelPush, ModelShow},
    limits,
    views::{ModelDocument, ModelLabel, ModelView},
};

use crate::{
    auth::{self, Peer},
    page,
    rooms::{Books, Door, Gate, Works},
    serve::{
        payload::Payload,
        verb::{Answered, Here, Leave, Subject, Told, Verb},
    },
    store::{
        facts::Fact,
        state::{Model, State},
    },
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
            return Ok(view(manifest.digest, known).into());
        }
        let (digest, expected) = (manifest.digest, manifest.world);
        let bytes = admit(&works, &manifest, bytes, expected).await?;
        books.blobs.put(&bytes)?;
        let manifest_doc = books.blobs.put(&encode(&self.manifest)?)?;
        books.trail.record(&peer, Fact::ModelPushed { manifest, manifest_doc }).await?;
        let view = books.state().models.get(&digest).map(|model| view(digest, model));
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
            let wanted = state.models.iter().filter(|(digest, model)| {
                asked.id.as_ref().is_none_or(|id| model.name.as_str() == id)
                    || asked.wants_id(&digest.to_string())
            });
            let row = |author| page::Row { person: Some(author), ..page::Row::default() };
            page::select(&lookup, wanted.map(|(digest, model)| (*digest, row(&model.author))))
        };
        let page = selected
            .page(&lookup, |digest| Ok(books.state().models.get(&digest).map(|model| view(digest, model))));
        Ok(page?.into())
    }
}

/// A model that a request is about.
pub(crate) struct Known {
    digest: Digest,
    model: Model,
}

impl Subject for Known {
    fn target<'a>(&'a self, gate: &'a Gate) -> Option<Target<'a>> {
        let Self { digest, model } = self;
        let department = gate.config.identity.department();
        Some(Target::Model { digest, department, author: &model.author })
    }
}

impl Verb for ModelShow {
    type Rooms = Books;
    type Subject = Known;

    fn subject(&self, books: &Books, _: &Peer) -> Result<Known, WireError> {
        find(books, self.digest)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        Ok(document(&books, leave.subject())?.into())
    }
}

impl Verb for ModelGet {
    type Rooms = Books;
    type Subject = Known;

    fn subject(&self, books: &Books, _: &Peer) -> Result<Known, WireError> {
        find(books, self.digest)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        let component = Component(books.blobs.get(&self.digest)?);
        Ok(Answered::with(document(&books, leave.subject())?, Payload::Component(component)))
    }
}

/// A model's bytes on their way to somebody who may read them.
pub(crate) struct Component(Vec<u8>);

impl Component {
    /// The bytes to send.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

fn find(books: &Books, digest: Digest) -> Result<Known, WireError> {
    let model = books.state().models.get(&digest).cloned().ok_or_else(|| {
        let text = format!("no model {digest} is on this node; see `qianmo model ls`");
        WireError::new(ErrorCode::NotFound, text)
    })?;
    Ok(Known { digest, model })
}

fn document(books: &Books, Known { digest, model }: &Known) -> Result<ModelDocument, WireError> {
    Ok(ModelDocument { model: view(*digest, model), manifest: read(books, &model.manifest)? })
}

fn view(digest: Digest, model: &Model) -> ModelView {
    let Model { name, description, world, bytes, author, .. } = model.clone();
    ModelView { digest, name, description, world, bytes, author }
}

/// What the node knows of the models with these digests.
pub(crate) fn labels(state: &State, digests: &[Digest]) -> Vec<ModelLabel> {
    digests.iter().filter_map(|digest| label(state, *digest)).collect()
}

/// What the node knows of one model.
pub(crate) fn label(state: &State, digest: Digest) -> Option<ModelLabel> {
    let Model { name, author, .. } = state.models.get(&digest)?;
    Some(ModelLabel { digest, name: name.clone(), author: author.clone() })
}

/// A signed document as [`encode`] wrote it.
pub(crate) fn read<T: qianmo_proto::Document>(books: &Books, blob: &Digest) -> Result<Signed<T>, WireError> {
    serde_json::from_slice(&books.blobs.get(blob)?).map_err(WireError::internal)
}

/// A signed document as it is kept: the JSON of its envelope, payload bytes untouched inside.
pub(crate) fn encode<T: qianmo_proto::Document>(document: &Signed<T>) -> Result<Vec<u8>, WireError> {
    serde_json::to_vec(document).map_err(WireError::internal)
}
