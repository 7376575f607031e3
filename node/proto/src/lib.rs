#![forbid(unsafe_code)]
//! What crosses the wire between Qianmo nodes and people, and nothing else.
//!
//! One home for identities, ids, grades, signed documents, requests, replies, error codes and limits.
//! It is **not** a transport (that is `qianmo-net`), it verifies no certificate chain (`qianmo-certs`)
//! and decides nothing (`qianmo-policies`).
//!
//! ```
//! use qianmo_proto::{Identity, Role};
//! let li: Identity = "qianmo://hospital-a/steward/li".parse()?;
//! assert_eq!(li.role(), Role::Steward);
//! assert_eq!(li.dns_name(), "li.steward.hospital-a.qianmo.internal");
//! # Ok::<(), qianmo_proto::NameError>(())
//! ```

pub mod action;
pub mod ask;
pub mod catalog;
pub mod contract;
pub mod error;
pub mod grade;
pub mod identity;
pub mod ids;
pub mod job;
pub mod limits;
pub mod model;
pub mod page;
pub mod question;
pub mod request;
pub mod result;
pub mod signed;
pub mod texts;
pub mod views;
pub mod words;

pub use action::Action;
pub use ask::Ask;
pub use catalog::{DatasetMeta, FieldMeta};
pub use contract::{Approval, Terms};
pub use error::{ErrorClass, ErrorCode, WireError};
pub use grade::{Grade, Sensitivity, Sharing};
pub use identity::{Identity, Role};
pub use ids::{ContractId, DatasetRef, Id, JobId, Name, NameError, RequestId, RunId};
pub use job::{JobOrder, OrderDraft, RoundRef};
pub use model::{ModelManifest, World};
pub use page::{Lookup, Page};
pub use question::Question;
pub use request::{Reply, RequestHeader};
pub use result::{Receipt, ResultDoc};
pub use signed::{Document, Signed, SignedError};
