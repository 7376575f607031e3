//! Where the program under test and the sources are.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The `qianmo` program built beside this test: `target/<profile>/qianmo`.
///
/// # Panics
/// If it is not there.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let caller = std::env::current_exe().unwrap();
        // A test lies in target/<profile>/deps, a program of ours in target/<profile>.
        let found =
            caller.ancestors().skip(1).take(2).map(|dir| dir.join("qianmo")).find(|path| path.is_file());
        found.unwrap_or_else(|| {
            panic!(
                "there is no qianmo near {}: run `cargo test --workspace`, which builds it",
                caller.display()
            )
        })
    })
}

/// The root of the sources.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
