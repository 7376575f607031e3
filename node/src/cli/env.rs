//! The one module that reads the process's environment.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use super::{exit::Fault, lang::Lang};

/// Where contexts and remembered checkpoints are kept: `$QIANMO_HOME`, or `qianmo` in the user's
/// configuration folder.
pub(crate) fn home() -> Result<PathBuf, Fault> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("QIANMO_HOME")
        .or_else(|| folder("XDG_CONFIG_HOME").map(|config| config.join("qianmo")))
        .or_else(|| folder("HOME").map(|home| home.join(".config/qianmo")))
        .ok_or_else(|| Fault::input("neither QIANMO_HOME nor HOME is set; set QIANMO_HOME to a folder"))
}

/// The user's language: Chinese where the locale says so, English elsewhere.
pub(crate) fn lang() -> Lang {
    match sys_locale::get_locale() {
        Some(locale) if locale.starts_with("zh") => Lang::Zh,
        _ => Lang::En,
    }
}

/// Whether the user asked for plain text (<https://no-color.org>).
pub(crate) fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether the command line asks for JSON, for errors that come before it is understood.
pub(crate) fn asks_for_json() -> bool {
    env::args_os().any(|arg| arg == "--json")
}

/// This program's own file, to start nodes with.
pub(crate) fn program() -> Result<PathBuf, Fault> {
    env::current_exe().map_err(|e| Fault::failed(format!("this program's own file cannot be found: {e}")))
}

/// The folder for temporary folders.
pub(crate) fn temporary() -> PathBuf {
    env::temp_dir()
}

/// `path` from the root, so that it means the same from every folder.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}
