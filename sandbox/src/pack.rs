//! From what cargo builds to what a node runs.

use thiserror::Error;
use wasmparser::{BinaryReaderError, Parser, Payload};
use wit_component::ComponentEncoder;

/// Magic number and version.
const HEADER_BYTES: usize = 8;

/// Why a module cannot become a component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    /// Not a core module.
    #[error(
        "this is not a core WebAssembly module: give the .wasm file that cargo built for wasm32-unknown-unknown"
    )]
    NotAModule,
    /// Already packed.
    #[error("this is a component already: it needs no packing")]
    AlreadyPacked,
    /// The interface is missing or is not met.
    #[error(
        "the module does not fit its interface: {0}; a model uses one of the export macros of qianmo-guest"
    )]
    Interface(String),
}

/// Makes a component of a core module that was built with the `qianmo-guest` crate. The module says
/// itself, in a custom section, which world it is of. Same module, same bytes out. Names of functions are
/// left out: they take a sixth of a model's bytes, and no message shows them.
///
/// # Errors
/// If `core_module` is none, or does not have what its world demands.
pub fn pack(core_module: &[u8]) -> Result<Vec<u8>, PackError> {
    if Parser::is_component(core_module) {
        return Err(PackError::AlreadyPacked);
    }
    if !Parser::is_core_wasm(core_module) {
        return Err(PackError::NotAModule);
    }
    let module = without_names(core_module).map_err(|error| PackError::Interface(error.to_string()))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| PackError::Interface(format!("{error:#}")))
}

/// The module without its `name` sections, which the linker keeps even if told to strip.
fn without_names(module: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut kept = module.get(..HEADER_BYTES).unwrap_or_default().to_vec();
    let mut next = HEADER_BYTES;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let Some((_, contents)) = payload.as_section() else { continue };
        // A section goes from the end of the last one to the end of its contents.
        let section = module.get(next..contents.end).unwrap_or_default();
        next = contents.end;
        let is_names = matches!(&payload, Payload::CustomSection(section) if section.name() == "name");
        if !is_names {
            kept.extend_from_slice(section);
        }
    }
    Ok(kept)
}
