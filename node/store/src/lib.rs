#![forbid(unsafe_code)]
//! What a node remembers: facts (on the trail), the state folded from them, an index that spares the
//! folding at start-up, and blobs.
//!
//! It decides nothing, asks no clock and opens no socket. [`state::State::apply`] is pure: whoever folds the same facts
//! has the same state.

pub mod blobs;
pub mod facts;
pub mod index;
pub mod state;
