//! Models.

use std::time::Duration;

use crate::{
    action::Action,
    model::ModelManifest,
    page::{Lookup, Page},
    signed::Signed,
    views::ModelView,
};

/// A model is compiled before it is taken.
const COMPILING: Duration = Duration::from_secs(5 * 60);

asks! {
    /// Brings a model; its component is the body (consumer).
    ModelPush { manifest: Signed<ModelManifest> } = "model.push", Some(Action::PushModel) => ModelView,
        within |_: &Self| COMPILING;
    /// The models known here.
    ModelLs { #[serde(default)] lookup: Lookup } = "model.ls", Some(Action::ListModels) => Page<ModelView>;
}
