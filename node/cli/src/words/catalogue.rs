//! The texts themselves: Fluent files, read by the parser of Project Fluent. Its bundle is not used: it knows the plural
//! rules of all languages, where ours need one: in English one thing is `[one]`.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Message, Pattern, PatternElement, Variant, VariantKey},
    parser,
};

use crate::lang::Lang;

/// A file of the catalogues: its name, English, Chinese.
pub(super) type File = (&'static str, &'static str, &'static str);

macro_rules! files {
    ($($name:literal)*) => {
        &[$((
            $name,
            include_str!(concat!("en/", $name, ".ftl")),
            include_str!(concat!("zh/", $name, ".ftl")),
        )),*]
    };
}

/// The catalogues' files. A new one is named here.
pub(super) const FILES: &[File] = files!(
    "audit" "ca" "catalog" "config" "connect" "context" "contract" "data" "demo" "enumerations" "id" "init" "job" "labels" "model" "peer" "request" "run" "serve" "shared"
);

/// The Chinese help; the English is clap's, from the commands' doc comments.
pub(super) const HELP: &str = include_str!("zh/help.ftl");

/// The Chinese of errors whose English is written at the errors.
pub(super) const ERRORS: &str = include_str!("zh/errors.ftl");

/// The messages of one language by their keys.
type Catalogue = BTreeMap<&'static str, Message<&'static str>>;

static ENGLISH: LazyLock<Catalogue> = LazyLock::new(|| read(FILES.iter().map(|(_, en, _)| *en)));
static CHINESE: LazyLock<Catalogue> =
    LazyLock::new(|| read(FILES.iter().map(|(.., zh)| *zh).chain([HELP, ERRORS])));

/// What is wrong with a file is for the tests to find; here the rest of it still serves.
fn read(texts: impl Iterator<Item = &'static str>) -> Catalogue {
    let parsed = texts.map(|text| parser::parse(text).unwrap_or_else(|(resource, _)| resource));
    let messages = parsed.flat_map(|resource| resource.body).filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message)),
        _ => None,
    });
    messages.collect()
}

/// What fills a gap.
pub(super) enum Filling {
    Text(String),
    Count(u64),
}

/// The text of `key`, or of its attribute, with its gaps filled.
pub(super) fn text(
    lang: Lang,
    key: &str,
    attribute: Option<&str>,
    gaps: &[(&str, Filling)],
) -> Option<Cow<'static, str>> {
    let pattern = pattern(lang, key, attribute)?;
    match pattern.elements.as_slice() {
        [PatternElement::TextElement { value }] => Some(Cow::Borrowed(value)),
        _ => Some(Cow::Owned(filled(pattern, gaps))),
    }
}

fn pattern(lang: Lang, key: &str, attribute: Option<&str>) -> Option<&'static Pattern<&'static str>> {
    let catalogue: &'static Catalogue = match lang {
        Lang::En => &ENGLISH,
        Lang::Zh => &CHINESE,
    };
    let message = catalogue.get(key)?;
    match attribute {
        None => message.value.as_ref(),
        Some(name) => message.attributes.iter().find(|one| one.id.name == name).map(|one| &one.value),
    }
}

fn filled(pattern: &Pattern<&'static str>, gaps: &[(&str, Filling)]) -> String {
    let pieces = pattern.elements.iter().map(|element| match element {
        PatternElement::TextElement { value } => (*value).to_owned(),
        PatternElement::Placeable { expression: Expression::Inline(inline) } => value(inline, gaps),
        PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
            chosen(selector, variants, gaps).map_or_else(String::new, |variant| filled(&variant.value, gaps))
        }
    });
    pieces.collect()
}

/// A gap's filling, or a quoted text. Anything else, and a gap that nobody filled, shows as a question mark: tests
/// hold that there is none.
fn value(inline: &InlineExpression<&str>, gaps: &[(&str, Filling)]) -> String {
    match inline {
        InlineExpression::StringLiteral { value } | InlineExpression::NumberLiteral { value } => {
            (*value).to_owned()
        }
        _ => match filling(inline, gaps) {
            Some(Filling::Text(text)) => text.clone(),
            Some(Filling::Count(number)) => number.to_string(),
            None => "?".to_owned(),
        },
    }
}

fn filling<'g>(inline: &InlineExpression<&str>, gaps: &'g [(&str, Filling)]) -> Option<&'g Filling> {
    let InlineExpression::VariableReference { id } = inline else { return None };
    gaps.iter().find(|(name, _)| *name == id.name).map(|(_, filling)| filling)
}

/// The variant for a number: its own, that for one, or the default.
fn chosen<'v>(
    selector: &InlineExpression<&str>,
    variants: &'v [Variant<&'static str>],
    gaps: &[(&str, Filling)],
) -> Option<&'v Variant<&'static str>> {
    let number = match filling(selector, gaps) {
        Some(Filling::Count(number)) => Some(*number),
        _ => None,
    };
    let fits = |variant: &&Variant<&str>| match variant.key {
        VariantKey::Identifier { name } => name == "one" && number == Some(1),
        VariantKey::NumberLiteral { value } => number.is_some_and(|number| value == number.to_string()),
    };
    variants.iter().find(fits).or_else(|| variants.iter().find(|variant| variant.default))
}
