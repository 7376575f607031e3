//! The command line in the user's language. Its English is written at the commands: clap makes the help of their doc
//! comments. In Chinese every text comes from the catalogue `help`, by the command's path, and so do clap's own words.

use std::{error::Error as _, io::IsTerminal as _};

use clap::{
    Arg, ArgAction, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use qianmo_proto::NameError;

use super::{
    env, foreign,
    lang::Lang,
    words::{Message, Text, msg},
};

/// The command line `command` with its help in `lang`.
pub(crate) fn spoken(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Zh => {
            let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
            chinese(command.disable_version_flag(true).arg(version), "help")
        }
    }
}

/// `command` and all below it, whose texts have the key `key` and those that begin so.
fn chinese(command: Command, key: &str) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let about = Lang::Zh.text(key).unwrap_or_default().into_owned();
    let mut command = command.disable_help_flag(true).arg(help);
    if let Some(more) = Lang::Zh.attribute(key, "long") {
        command = command.long_about(format!("{about}\n\n{more}"));
    }
    command.about(about).mut_args(|arg| explained(arg, key)).mut_subcommands(|sub| {
        let key = format!("{key}-{}", sub.get_name());
        chinese(sub, &key)
    })
}

/// `arg` with its help: the command's own words, or those that all commands share.
fn explained(arg: Arg, key: &str) -> Arg {
    let id = arg.get_id().to_string();
    let help = Lang::Zh.attribute(key, &id).or_else(|| Lang::Zh.attribute("help-any", &id));
    let help = help.unwrap_or_default().into_owned();
    // Possible values stand in the help, in words.
    let arg = arg.hide_possible_values(true);
    if arg.get_long_help().is_some() { arg.long_help(help.clone()).help(help) } else { arg.help(help) }
}

/// clap's own words, and the attribute of `help-frame` that says the same.
const FRAME: [(&str, &str); 9] = [
    ("Usage:", "usage"),
    ("Commands:", "commands"),
    ("Arguments:", "arguments"),
    ("Global options:", "global"),
    ("Connection options:", "connection"),
    ("Options:", "options"),
    ("[OPTIONS]", "any-options"),
    ("<COMMAND>", "any-command"),
    ("[default: ", "default"),
];

/// A help page, or a usage line, that clap wrote, in `lang`; coloured for a terminal.
pub(crate) fn page(text: &clap::builder::StyledStr, lang: Lang) -> String {
    let coloured = std::io::stdout().is_terminal() && !env::no_color();
    let text = if coloured { text.ansi().to_string() } else { text.to_string() };
    if lang == Lang::En {
        return text;
    }
    let framed = FRAME.iter().fold(text, |text, (english, name)| {
        text.replace(english, &Lang::Zh.attribute("help-frame", name).unwrap_or_default())
    });
    // A wide colon has its blank in itself.
    framed.replace("： ", "：")
}

/// What is wrong with a command line, on one line.
pub(crate) fn mistake(e: &clap::Error) -> Message {
    let given = |kind| of(e, kind);
    let argument = given(ContextKind::InvalidArg);
    match e.kind() {
        ErrorKind::InvalidSubcommand => hinted(
            msg("usage-no-command").with("given", given(ContextKind::InvalidSubcommand)),
            given(ContextKind::SuggestedSubcommand),
        ),
        ErrorKind::UnknownArgument => {
            hinted(msg("usage-no-argument").with("given", argument), given(ContextKind::SuggestedArg))
        }
        ErrorKind::MissingRequiredArgument => msg("usage-missing").with("given", argument),
        ErrorKind::ArgumentConflict => {
            msg("usage-conflict").with("given", argument).with("other", given(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if given(ContextKind::InvalidValue).is_empty() => {
            msg("usage-no-value").with("argument", argument)
        }
        ErrorKind::InvalidValue => msg("usage-choice")
            .with("given", given(ContextKind::InvalidValue))
            .with("argument", argument)
            .with("choices", given(ContextKind::ValidValue)),
        ErrorKind::ValueValidation => msg("usage-value")
            .with("given", given(ContextKind::InvalidValue))
            .with("argument", argument)
            .saying("reason", e.source().map_or_else(|| Text::name(""), reason)),
        _ => {
            let text = e.to_string();
            msg("usage-other").with("text", text.trim().trim_start_matches("error: "))
        }
    }
}

/// Why a value was refused, by the type that refused it.
fn reason(e: &(dyn std::error::Error + 'static)) -> Text {
    match e.downcast_ref::<NameError>() {
        Some(e) => foreign::name(e),
        None => foreign::other(e),
    }
}

fn hinted(message: Message, hint: String) -> Message {
    if hint.is_empty() { message } else { msg("usage-hinted").saying("mistake", message).with("hint", hint) }
}

fn of(e: &clap::Error, kind: ContextKind) -> String {
    match e.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

/// The same for people, with the usage and where to read more.
pub(crate) fn told(e: &clap::Error, lang: Lang) -> String {
    let usage = match e.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => format!("{}\n\n", page(usage, lang)),
        _ => String::new(),
    };
    let mistake = msg("error-plain").saying("message", Text::from(mistake(e))).told(lang);
    format!("{mistake}\n\n{usage}{}\n", msg("usage-help").told(lang))
}

#[cfg(test)]
mod tests;
