//! The catalogue: descriptors that stewards write, and the search over this node and its peers.

pub(crate) mod descriptor;
pub(crate) mod known;
pub(crate) mod listing;
pub(crate) mod reading;
pub(crate) mod search;
