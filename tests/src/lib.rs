#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the harness of tests: a surprise here is a failed test"
)]
//! A federation for tests: a CA, nodes as processes of the real program, people who type its commands.
//!
//! [`Terminal`] runs `qianmo` as a person would, [`Federation`] makes nodes and people, [`Node`] is started,
//! killed and restarted, [`Session`] is a person at a node: by commands, or by the client library where a test
//! must send what no command would. [`Clinic`] is a node with data, models and people, ready to be used.
//! Nothing outlives its owner: nodes are killed and folders removed on drop.
//!
//! This crate is **not** a mock: what it starts is the program that `cargo test --workspace` builds beside it.
//!
//! ```no_run
//! use qianmo_tests::Clinic;
//!
//! let clinic = Clinic::shared();
//! let listed = clinic.steward().ok(&["data", "ls"]);
//! assert_eq!(listed[0]["id"], "hospital-a/screening");
//! let refused = clinic.consumer().fails(&["audit", "ls"]);
//! assert_eq!((refused.exit, refused.code.as_str()), (4, "QM-1101"));
//! ```

mod clinic;
mod deal;
mod federation;
mod guests;
mod node;
mod person;
mod program;
mod session;
mod terminal;
mod trail;
mod wait;

pub use clinic::{Clinic, SCREENING_ROWS, descriptor};
pub use deal::Ask;
pub use federation::Federation;
pub use guests::{attack, guest, packed};
pub use node::Node;
pub use person::Person;
pub use program::{program, workspace};
pub use session::Session;
pub use terminal::{Ended, Failure, Terminal};
pub use trail::{Entry, of_job, segment_entries};
pub use wait::{block_on, eventually, now_ms};
