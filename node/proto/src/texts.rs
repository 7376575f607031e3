//! Texts that people write have a length, so that none makes a list or a trail unreadable.

use serde::{Deserialize as _, Deserializer, de::Error as _};

use crate::limits;

/// A text over its limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {found} characters; the limit is {limit}: shorten it")]
pub struct TextTooLong {
    /// Which text.
    pub what: &'static str,
    /// Its length, characters.
    pub found: usize,
    /// The most it may have.
    pub limit: usize,
}

/// Whether `text` has at most `limit` characters. `what` names it in the error.
pub fn check(what: &'static str, text: &str, limit: usize) -> Result<(), TextTooLong> {
    // Counting stops early: a text may be as long as a frame.
    match text.chars().nth(limit) {
        None => Ok(()),
        Some(_) => Err(TextTooLong { what, found: text.chars().count(), limit }),
    }
}

/// Why somebody did something.
pub(crate) fn reason<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    bounded(d, "the reason", limits::TEXT_CHARS)
}

/// Where a node listens.
pub(crate) fn address<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    bounded(d, "the address", limits::ADDRESS_CHARS)
}

/// What is searched for.
pub(crate) fn query<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    bounded(d, "the query", limits::QUERY_CHARS)
}

/// A dataset's descriptor.
pub(crate) fn descriptor<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    bounded(d, "the descriptor", limits::DESCRIPTOR_BYTES)
}

fn bounded<'de, D: Deserializer<'de>>(d: D, what: &'static str, limit: usize) -> Result<String, D::Error> {
    let text = String::deserialize(d)?;
    check(what, &text, limit).map_err(D::Error::custom)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
