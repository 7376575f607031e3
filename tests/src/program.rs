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
        let test = std::env::current_exe().unwrap();
        // target/<profile>/deps/<test>
        let profile = test.parent().and_then(Path::parent).unwrap();
        let program = profile.join("qianmo");
        assert!(
            program.is_file(),
            "{} is missing: build it with `cargo build -p qianmo`, or run `cargo test --workspace`, which does",
            program.display()
        );
        program
    })
}

/// The root of the sources.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
