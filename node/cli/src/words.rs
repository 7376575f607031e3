//! Words for people: one catalogue a language, in `words/en` and `words/zh`, as
//! [Fluent](https://projectfluent.org) files.
//!
//! A command says which message it means ([`msg`]) and what fills its gaps; the language is chosen where it is
//! printed. To add a message: a key and a text in the file of the same name in both folders, then `msg` with that key.
//! Tests hold that both languages have the same keys and gaps, and that every key is used.
//!
//! What is here: messages, column names (`label-…`), words of enumerations (`state-held`). In Chinese alone: the help
//! (`help-ca-issue`, its flags as attributes) and the errors of the crates below, whose English stands at the commands
//! and errors themselves.

mod catalogue;

use std::{borrow::Cow, fmt::Display};

use qianmo_proto::WireError;

use self::catalogue::Filling;
use super::lang::Lang;

/// A message in no language yet: its key, and what fills its gaps.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    key: &'static str,
    gaps: Vec<(&'static str, Gap)>,
}

#[derive(Debug, Clone)]
enum Gap {
    Text(String),
    Count(u64),
    Said(Text),
}

/// What is told: a message, or words that have no catalogue because somebody else wrote them.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// From the catalogues.
    Said(Box<Message>),
    /// As it is.
    Plain(String),
    /// A node's answer, with its code.
    Answer(Box<WireError>),
    /// An error of a crate below: its own English, and its message in the Chinese catalogue.
    Foreign {
        /// The error's words.
        english: String,
        /// The same in Chinese.
        chinese: Box<Message>,
    },
}

/// The message of this key.
pub(crate) const fn msg(key: &'static str) -> Message {
    Message { key, gaps: Vec::new() }
}

/// A message of the catalogue that is there in Chinese alone, for [`Text::Foreign`].
pub(crate) const fn chinese(key: &'static str) -> Message {
    msg(key)
}

impl Message {
    /// Fills the gap `name`.
    pub(crate) fn with(self, name: &'static str, value: impl Display) -> Self {
        self.filled(name, Gap::Text(value.to_string()))
    }

    /// Fills the gap `name` with a number, by which the text may choose singular or plural.
    pub(crate) fn count(self, name: &'static str, number: impl TryInto<u64>) -> Self {
        self.filled(name, Gap::Count(number.try_into().unwrap_or(u64::MAX)))
    }

    /// Fills the gap `name` with what is a message itself.
    pub(crate) fn saying(self, name: &'static str, what: impl Into<Text>) -> Self {
        self.filled(name, Gap::Said(what.into()))
    }

    fn filled(mut self, name: &'static str, gap: Gap) -> Self {
        self.gaps.push((name, gap));
        self
    }

    /// The message in this language.
    pub(crate) fn told(&self, lang: Lang) -> String {
        let fill = |gap: &Gap| match gap {
            Gap::Text(text) => Filling::Text(text.clone()),
            Gap::Count(number) => Filling::Count(*number),
            Gap::Said(text) => Filling::Text(text.told(lang)),
        };
        let gaps: Vec<_> = self.gaps.iter().map(|(name, gap)| (*name, fill(gap))).collect();
        catalogue::text(lang, self.key, None, &gaps).map_or_else(|| self.key.to_owned(), Cow::into_owned)
    }
}

impl Text {
    /// A path, an id, a name: the same in every language.
    pub(crate) fn name(name: impl Display) -> Self {
        Self::Plain(name.to_string())
    }

    /// The text in this language.
    pub(crate) fn told(&self, lang: Lang) -> String {
        match self {
            Self::Said(message) => message.told(lang),
            Self::Plain(text) => text.clone(),
            Self::Answer(error) => lang.error(error).into_owned(),
            Self::Foreign { english, chinese } => match lang {
                Lang::En => english.clone(),
                Lang::Zh => chinese.told(lang),
            },
        }
    }
}

impl From<Message> for Text {
    fn from(message: Message) -> Self {
        Self::Said(Box::new(message))
    }
}

impl From<WireError> for Text {
    fn from(error: WireError) -> Self {
        Self::Answer(Box::new(error))
    }
}

impl Lang {
    /// The name of a column or of a fact: `label-…`.
    pub(crate) fn label(self, name: &'static str) -> &'static str {
        match self.text(&format!("label-{name}")) {
            Some(Cow::Borrowed(label)) => label,
            _ => name,
        }
    }

    /// The word for `value` of the enumeration `kind`: `state-held`; the word itself where there is none.
    pub(crate) fn word<'w>(self, kind: &str, value: &'w str) -> Cow<'w, str> {
        self.text(&format!("{kind}-{value}")).unwrap_or(Cow::Borrowed(value))
    }

    /// The text of a key that is made of names, without gaps.
    pub(crate) fn text(self, key: &str) -> Option<Cow<'static, str>> {
        catalogue::text(self, key, None, &[])
    }

    /// An attribute of such a key: the help of a flag.
    pub(crate) fn attribute(self, key: &str, attribute: &str) -> Option<Cow<'static, str>> {
        catalogue::text(self, key, Some(attribute), &[])
    }
}

#[cfg(test)]
mod tests;
