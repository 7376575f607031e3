//! End to end: the real program in separate processes, told what people tell it, and what they should not.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod architecture;
mod check;
mod contract;
mod crash;
mod data;
mod demo;
mod deploy;
mod disk_full;
mod failures;
mod features;
mod identity;
mod lists;
mod models;
mod queue;
mod search;
mod slow_view;
mod start;
mod steward;
mod trail_files;
mod trust;
mod tutorial;
mod tutorial_doc;
mod wire;
mod words;
