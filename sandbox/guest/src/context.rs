//! The order's parameters, the log, progress, randomness.

use serde::de::DeserializeOwned;

pub use crate::bindings::analysis::qianmo::model::context::Level;

use crate::Error;
use crate::bindings::analysis::qianmo::model::context;

/// The order's parameters. Use `#[serde(deny_unknown_fields)]`: a misspelt parameter should be an error.
///
/// # Errors
/// With `bad-params` if they are not what `T` expects.
pub fn params<T: DeserializeOwned>() -> Result<T, Error> {
    serde_json::from_str(&context::params()).map_err(|error| Error::bad_params(error.to_string()))
}

/// Writes a line to the job's log, which stays with the data owner.
pub fn log(level: Level, message: &str) {
    context::log(level, message);
}

/// Says how far the model has come, in units of its own.
pub fn progress(done: u64, total: u64) {
    context::progress(done, total);
}

/// Fills `buffer` with bytes drawn from the job's seed: the same for the same job.
///
/// # Errors
/// With `not-permitted` unless the job grants randomness.
pub fn random(buffer: &mut [u8]) -> Result<(), Error> {
    let len = u32::try_from(buffer.len()).map_err(|_| Error::internal("a buffer over 4 GiB"))?;
    let bytes = context::random_bytes(len)?;
    buffer.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Ok(())
}
