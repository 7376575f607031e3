//! What may follow an answer: each kind of bytes that leaves a node, and nothing else.

use crate::{
    audit::handlers::TrailEntries,
    egress::{Preview, Released},
    models::handlers::Component,
    trust::Lists,
};

/// The body of an answer.
pub(crate) enum Payload {
    /// Nothing.
    None,
    /// A result that the gate let pass.
    Released(Released),
    /// A held result, for the steward who decides on it.
    Preview(Preview),
    /// A model's component.
    Component(Component),
    /// Entries of the trail.
    Entries(TrailEntries),
    /// Lists of revoked certificates.
    Lists(Lists),
}

impl Payload {
    /// The bytes to send.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::None => vec![],
            Self::Released(released) => released.into_bytes(),
            Self::Preview(preview) => preview.into_bytes(),
            Self::Component(component) => component.into_bytes(),
            Self::Entries(entries) => entries.into_bytes(),
            Self::Lists(lists) => lists.into_bytes(),
        }
    }
}
