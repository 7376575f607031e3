//! What a node remembers: facts (on the trail), the state folded from them, an index that spares the
//! folding at start-up, and blobs. Nothing here decides anything.

pub(crate) mod blobs;
pub(crate) mod facts;
pub(crate) mod index;
pub(crate) mod state;
