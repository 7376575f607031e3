//! The one module that reads the process's environment.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use clap::ValueEnum as _;
use jiff::tz::TimeZone;

use super::{exit::Fault, foreign::io_error, lang::Lang, words::msg};

/// Where contexts and remembered checkpoints are kept: `$QIANMO_HOME`, or `qianmo` in the user's
/// configuration folder.
pub(crate) fn home() -> Result<PathBuf, Fault> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("QIANMO_HOME")
        .or_else(|| folder("XDG_CONFIG_HOME").map(|config| config.join("qianmo")))
        .or_else(|| folder("HOME").map(|home| home.join(".config/qianmo")))
        .ok_or_else(|| Fault::input(msg("no-home")))
}

/// The user's language: Chinese where the locale says so, English elsewhere.
pub(crate) fn lang() -> Lang {
    match sys_locale::get_locale() {
        Some(locale) if locale.starts_with("zh") => Lang::Zh,
        _ => Lang::En,
    }
}

/// The user's time zone: of `TZ`, or of the machine.
pub(crate) fn zone() -> TimeZone {
    TimeZone::system()
}

/// Whether the user asked for plain text (<https://no-color.org>).
pub(crate) fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether the command line asks for JSON, for errors that come before it is understood.
pub(crate) fn asks_for_json() -> bool {
    env::args_os().any(|arg| arg == "--json")
}

/// The language that the command line asks for, for words that come before it is understood.
pub(crate) fn asks_for_lang() -> Option<Lang> {
    let args: Vec<String> = env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let apart = args
        .iter()
        .zip(args.iter().skip(1))
        .filter(|(flag, _)| *flag == "--lang")
        .map(|(_, lang)| lang.as_str());
    let joined = args.iter().filter_map(|arg| arg.strip_prefix("--lang="));
    apart.chain(joined).find_map(|lang| Lang::from_str(lang, false).ok())
}

/// This program's own file, to start nodes with.
pub(crate) fn program() -> Result<PathBuf, Fault> {
    env::current_exe().map_err(|e| Fault::failed(msg("no-program").saying("error", io_error(&e))))
}

/// The folder for temporary folders.
pub(crate) fn temporary() -> PathBuf {
    env::temp_dir()
}

/// `path` from the root, so that it means the same from every folder.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}
