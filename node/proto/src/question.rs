//! A person's question to the catalogues of the federation, as one node passes it on to others.

use serde::{Deserialize, Serialize};

use crate::{
    identity::Identity,
    limits,
    signed::Document,
    texts::{self, TextTooLong},
};

/// What a person looks for, and which node may ask it for them. A node that passes it on is answered as the person
/// would be, and can ask nothing else in the person's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Version of this format: 1.
    pub v: u32,
    /// The words looked for.
    pub query: String,
    /// The only node that may pass it on.
    pub through: Identity,
    /// When it was asked, UNIX milliseconds; it counts for [`Question::LIFE_MS`] before and after.
    pub at_ms: i64,
}

impl Question {
    /// How long a question counts, and how far two clocks may be apart, milliseconds.
    pub const LIFE_MS: i64 = 5 * 60_000;
}

impl Document for Question {
    const CONTEXT: &'static str = "qianmo/question/v1";

    fn check(&self) -> Result<(), TextTooLong> {
        texts::check("the query", &self.query, limits::QUERY_CHARS)
    }
}
