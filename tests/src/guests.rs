//! Models as somebody would bring them to a node: the hostile ones of the sandbox's tests, and a harmless one.

use std::path::PathBuf;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::program::workspace;

fn sandbox(path: &str) -> PathBuf {
    workspace().join("sandbox").join(path)
}

/// The model `count`: the metric `rows`.
pub(crate) fn counter() -> Vec<u8> {
    packed(wat::parse_file(workspace().join("tests/models/count.wat")).unwrap())
}

/// The guest `sandbox/tests/guests/<name>.wat`: a component as it stands, or a module of the world `analysis`,
/// packed.
///
/// # Panics
/// If there is none of this name.
pub fn guest(name: &str) -> Vec<u8> {
    let bytes = wat::parse_file(sandbox(&format!("tests/guests/{name}.wat"))).unwrap();
    match qianmo_sandbox::pack(&bytes) {
        Err(qianmo_sandbox::PackError::AlreadyPacked) => bytes,
        _ => packed(bytes),
    }
}

/// The hostile model `tests/models/attacks/<name>.wat`, packed.
///
/// # Panics
/// If there is none of this name.
pub fn attack(name: &str) -> Vec<u8> {
    packed(wat::parse_file(workspace().join(format!("tests/models/attacks/{name}.wat"))).unwrap())
}

/// A component of the world `analysis` made of a core module.
///
/// # Panics
/// If the module does not fit the world.
pub fn packed(mut module: Vec<u8>) -> Vec<u8> {
    // What the SDK's macros add to a module: the section that says which world it is of.
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(sandbox("wit")).unwrap();
    let world = resolve.select_world(&[package], Some("analysis")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    qianmo_sandbox::pack(&module).unwrap()
}
