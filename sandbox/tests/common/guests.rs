//! The guests written in WAT, in `tests/guests/`.

use std::path::PathBuf;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests")
}

/// The names of all guests.
pub(crate) fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The guest's bytes: a component as it stands, or a module of the world `analysis`, packed.
pub(crate) fn load(name: &str) -> Vec<u8> {
    let bytes = wat::parse_file(folder().join(format!("{name}.wat"))).unwrap();
    if qianmo_sandbox::pack(&bytes) == Err(qianmo_sandbox::PackError::AlreadyPacked) {
        return bytes;
    }
    qianmo_sandbox::pack(&with_interface(bytes)).unwrap()
}

/// Adds what the SDK's macros add to a module: the section that says which world it is of.
fn with_interface(mut module: Vec<u8>) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = resolve.select_world(&[package], Some("analysis")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}
