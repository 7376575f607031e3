//! Durable entries per second, alone and in groups.
//!
//! `cargo run --release -p qianmo-trail --example appends [folder]`; without a folder, a new one under the
//! current folder is used and removed, so that the figures are those of a disk and not of a tmpfs.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use qianmo_crypto::{keys::SoftKeys, sm2::SecretKey};
use qianmo_trail::event::Actor;
use qianmo_trail::storage::FileStorage;
use qianmo_trail::{Action, EventDraft, Stage, Trail, TrailError, Writer, verify};

const ORIGIN: &str = "qianmo://bench/node/main";
const ENTRY_BYTES: usize = 264;

fn main() -> Result<(), Box<dyn Error>> {
    let here = tempfile::tempdir_in(".")?;
    let folder = std::env::args().nth(1).map_or_else(|| here.path().to_path_buf(), PathBuf::from);
    let keys = Arc::new(SoftKeys::new(SecretKey::generate()?, [7; 16].into()));
    println!("{:<28}{:>10}{:>12}{:>12}", "", "entries", "entries/s", "ms/commit");
    for (group, commits) in [(1, 300), (10, 200), (100, 100), (256, 100), (1000, 50)] {
        let mut trail = open(&folder.join(format!("group-{group}")), &keys)?;
        let batch = vec![vec![b'x'; ENTRY_BYTES]; group];
        measure(&format!("append, groups of {group}"), group * commits, commits, || {
            (0..commits).try_for_each(|_| trail.append(&batch, 0).map(drop))
        })?;
    }
    for submitters in [1, 32, 256] {
        let trail = open(&folder.join(format!("writer-{submitters}")), &keys)?;
        let writer = Writer::start(trail, Box::new(|_| ()))?;
        let each = 6400 / submitters.max(20);
        measure(&format!("writer, {submitters} submitters"), submitters * each, 0, || {
            submit(&writer, submitters, each)
        })?;
    }
    measure_reading(&folder.join("group-1000"), &keys)
}

fn open(dir: &Path, keys: &Arc<SoftKeys>) -> Result<Trail, TrailError> {
    Ok(Trail::open(FileStorage::open(dir)?, ORIGIN, keys.clone(), 0)?.0)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn measure<E>(
    what: &str,
    entries: usize,
    commits: usize,
    run: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let start = Instant::now();
    run()?;
    let seconds = start.elapsed().as_secs_f64();
    let per_commit =
        if commits == 0 { "-".to_owned() } else { format!("{:.2}", seconds * 1e3 / commits as f64) };
    println!("{what:<28}{entries:>10}{:>12.0}{per_commit:>12}", entries as f64 / seconds);
    Ok(())
}

/// Each submitter waits for its acknowledgement before it submits again.
fn submit(writer: &Writer, submitters: usize, each: usize) -> Result<(), TrailError> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..submitters).map(|_| scope.spawn(|| submit_in_turn(writer, each))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(TrailError::Stopped)))
    })
}

fn submit_in_turn(writer: &Writer, each: usize) -> Result<(), TrailError> {
    for _ in 0..each {
        let (sender, receiver) = mpsc::channel();
        let draft =
            EventDraft::new("job-1", Stage::Fact, 0, Actor::node(ORIGIN), Action::from_static("job.run"));
        let ack = Box::new(move |outcome: Result<u64, TrailError>| {
            let _ = sender.send(outcome);
        });
        writer.submit(draft, ack)?;
        receiver.recv().unwrap_or(Err(TrailError::Stopped))?;
    }
    Ok(())
}

fn measure_reading(dir: &Path, keys: &Arc<SoftKeys>) -> Result<(), Box<dyn Error>> {
    let mut size = 0;
    let mut key = None;
    measure("open 50,000", 50_000, 0, || {
        open(dir, keys).map(|trail| {
            size = trail.size();
            key = Some(trail.key().clone());
        })
    })?;
    assert_eq!(size, 50_000, "run it on an empty folder");
    measure("verify 50,000", 50_000, 0, || {
        let report = verify::verify_dir(dir, key.as_ref(), None);
        if report.verdict == verify::Verdict::Verified { Ok(()) } else { Err(format!("{report:?}")) }
    })?;
    Ok(())
}
