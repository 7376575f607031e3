//! A trail as an auditor reads it, and its files as somebody who would like to change them sees them.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use qianmo_proto::{ask, limits, views::AuditPage};
use serde_json::Value;

use crate::session::Session;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry(pub Value);

impl Entry {
    /// `intent`, `outcome` or `fact`.
    pub fn stage(&self) -> &str {
        self.0["stage"].as_str().unwrap()
    }

    /// `noun.verb`.
    pub fn action(&self) -> &str {
        self.0["action"].as_str().unwrap()
    }
}

impl Session<'_> {
    /// The whole trail of a node with less than a thousand entries.
    ///
    /// # Panics
    /// If the node refuses.
    pub fn trail(&self) -> Vec<Entry> {
        let page: AuditPage = self.call(ask::AuditLs { from: Some(0), limit: limits::PAGE }).unwrap();
        assert_eq!(page.size, page.entries.len() as u64, "the trail has more entries than one page");
        page.entries.iter().map(|entry| Entry(serde_json::from_str(entry.get()).unwrap())).collect()
    }
}

/// The stages of a job's entries, in order: `["intent", "outcome"]` for one that ran once.
///
/// # Panics
/// If an entry is not of the schema.
pub fn of_job<'t>(trail: &'t [Entry], job: &str) -> Vec<&'t str> {
    trail.iter().filter(|entry| entry.0["id"] == job).map(Entry::stage).collect()
}

/// The first segment of a trail's folder, and where each entry's bytes lie in it.
///
/// # Panics
/// If it is no segment.
pub fn segment_entries(trail: &Path) -> (PathBuf, Vec<Range<usize>>) {
    // 16 bytes of magic and the first entry's number; each entry behind its length.
    const HEADER: usize = 24;
    let file = trail.join(format!("segment-{:020}", 0));
    let bytes = fs::read(&file).unwrap();
    let (mut entries, mut at) = (Vec::new(), HEADER);
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        entries.push(at + 4..at + 4 + length);
        at += 4 + length;
    }
    assert_eq!(at, bytes.len(), "the segment ends within an entry");
    (file, entries)
}
