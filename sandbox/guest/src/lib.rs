//! Write models that run next to the data, on Qianmo nodes.
//!
//! A model is a Rust crate of type `cdylib` that calls [`export_analysis!`] or [`export_federated!`] once.
//! It reads the rows its contract shows it ([`Table`], [`Scan`], [`Rows`]) and the parameters of its order
//! ([`params`]), and returns typed results ([`OutputBuilder`], [`UpdateBuilder`]). [`Moments`],
//! [`IntegerMoments`] and [`Sums`] are kernels for the usual first step. There is nothing else a model can
//! reach: no file, network, clock or environment; asking for one fails when the node vets the model.
//!
//! What this crate is **not**: a way around a node's rules. What a model may return is judged again by the
//! node, with the number of contributors behind each row; rules about small groups belong in the model too.
//!
//! ```
//! use qianmo_guest::{Error, Moments, Output, OutputBuilder, Table, export_analysis};
//!
//! /// The mean age.
//! fn run() -> Result<Output, Error> {
//!     let table = Table::only()?;
//!     let mut scan = table.scan(&["age"])?;
//!     let mut ages = Moments::default();
//!     while let Some(rows) = scan.next()? {
//!         ages.add_column(&rows.numbers(0)?);
//!     }
//!     Ok(OutputBuilder::new().metric("mean age", ages.mean()).build())
//! }
//!
//! export_analysis!(run);
//! # fn main() {}
//! ```
//!
//! Build it with `cargo build --release --target wasm32-unknown-unknown` and hand the `.wasm` file to
//! Qianmo, which packs it into a component.

// The bindings are generated, `extern "C"` functions and all; nothing else here is unsafe.
#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]
#[doc(hidden)]
pub mod bindings;
mod context;
mod error;
mod export;
mod moments;
mod results;
mod table;

pub use bindings::analysis::qianmo::model::results::{Metric, Output, Vector};
pub use bindings::analysis::qianmo::model::types::{ColumnType, Error, ErrorCode, Field};
pub use bindings::federated::qianmo::model::rounds::{Step, Update};
pub use context::{Level, log, params, progress, random};
pub use moments::{IntegerMoments, Moments, Sums};
pub use results::{
    OutputBuilder, TableBuilder, UpdateBuilder, find, find_labelled, find_scalar, labelled, scalar, vector,
};
pub use table::{Integers, Numbers, Rows, Scan, Table, Texts, Values};

/// The example in the models' README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../models/README.md")]
pub struct Readme;
