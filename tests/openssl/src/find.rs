//! Where the program is. Included by the tests and benchmarks that ask it, so that they agree with the builder.

use std::{env, fs, path::PathBuf, process::Command};

/// What `QIANMO_OPENSSL4` names, or else the newest that this builder left in the user's cache; of version 4 only.
pub(crate) fn openssl_4() -> Option<PathBuf> {
    let named = env::var_os("QIANMO_OPENSSL4").map(PathBuf::from);
    named.or_else(in_cache).filter(|program| {
        let version = Command::new(program).arg("version").output();
        version.is_ok_and(|output| output.stdout.starts_with(b"OpenSSL 4."))
    })
}

fn in_cache() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    let tools = fs::read_dir(cache.join("qianmo/tools")).ok()?;
    let programs = tools
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("openssl-4")));
    programs.map(|path| path.join("bin/openssl")).filter(|program| program.is_file()).max()
}
