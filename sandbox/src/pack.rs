//! From what cargo builds to what a node runs.

use thiserror::Error;
use wit_component::ComponentEncoder;

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
/// itself, in a custom section, which world it is of. Same module, same bytes out.
///
/// # Errors
/// If `core_module` is none, or does not have what its world demands.
pub fn pack(core_module: &[u8]) -> Result<Vec<u8>, PackError> {
    if wasmparser::Parser::is_component(core_module) {
        return Err(PackError::AlreadyPacked);
    }
    if !wasmparser::Parser::is_core_wasm(core_module) {
        return Err(PackError::NotAModule);
    }
    ComponentEncoder::default()
        .validate(true)
        .module(core_module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| PackError::Interface(format!("{error:#}")))
}
