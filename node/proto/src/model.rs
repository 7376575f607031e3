//! What an author signs about a model.

use std::fmt;

use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    ids::Name,
    limits,
    signed::Document,
    texts::{self, TextTooLong},
};

/// Which interface a model exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// `run`: one pass over one node's datasets.
    Analysis,
    /// `contribute` at each site and `next` at the coordinator.
    Federated,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Analysis => "analysis",
            Self::Federated => "federated",
        })
    }
}

/// A model's label. Its name for contracts and orders is the digest, never the label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelManifest {
    /// Version of this format: 1.
    pub v: u32,
    /// Label for people.
    pub name: Name,
    /// What it computes.
    #[serde(default)]
    pub description: String,
    /// Which interface it exports.
    pub world: World,
    /// SM3 of the component's bytes.
    pub digest: Digest,
    /// Length of the component in bytes.
    pub bytes: u64,
}

impl Document for ModelManifest {
    const CONTEXT: &'static str = "qianmo/model/v1";

    fn check(&self) -> Result<(), TextTooLong> {
        texts::check("the description", &self.description, limits::TEXT_CHARS)
    }
}
