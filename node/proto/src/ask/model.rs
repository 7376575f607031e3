//! Models.

use std::time::Duration;

use qianmo_crypto::sm3::Digest;

use crate::{
    action::Action,
    model::ModelManifest,
    page::{Lookup, Page},
    signed::Signed,
    views::{ModelDocument, ModelView},
};

/// A model is compiled before it is taken.
const COMPILING: Duration = Duration::from_secs(5 * 60);

asks! {
    /// Brings a model; its component is the body (consumer).
    ModelPush { manifest: Signed<ModelManifest> } = "model.push", Some(Action::PushModel) => ModelView,
        within |_: &Self| COMPILING;
    /// The models known here.
    ModelLs { #[serde(default)] lookup: Lookup } = "model.ls", Some(Action::ListModels) => Page<ModelView>;
    /// One model with its signed manifest (steward, its author, auditor).
    ModelShow { digest: Digest } = "model.show", Some(Action::ReadModel) => ModelDocument;
    /// The same, with the component in the reply's body.
    ModelGet { digest: Digest } = "model.get", Some(Action::ReadModel) => ModelDocument;
}
