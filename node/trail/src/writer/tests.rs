use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::event::{EventError, Stage};
use crate::storage::MemStorage;
use crate::testing::{NOW, draft, key, trail};
use crate::verify::{Verdict, verify_storage};

type Outcome = Result<u64, TrailError>;

/// A writer over a new trail, its storage, and the positions that the hook has seen.
fn writer() -> (MemStorage, Writer, Receiver<u64>) {
    let (storage, trail) = trail(0);
    let (seen, hook) = mpsc::channel();
    let on_commit = move |events: &[(u64, Arc<Event>)]| {
        for (seq, event) in events {
            assert_eq!(*seq, event.seq);
            let _ = seen.send(*seq);
        }
    };
    (storage, Writer::start(trail, Box::new(on_commit)).unwrap(), hook)
}

fn ack(sender: &Sender<Outcome>) -> Ack {
    let sender = sender.clone();
    Box::new(move |outcome| {
        let _ = sender.send(outcome);
    })
}

fn fact(id: &str) -> EventDraft {
    draft(id, Stage::Fact, NOW)
}

fn record(writer: &Writer, draft: EventDraft) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    writer.submit(draft, ack(&sender))?;
    drop(sender);
    receiver.recv().unwrap_or(Err(TrailError::Stopped))
}

/// Keeps the writer's thread busy until the sender is dropped.
fn hold(writer: &Writer) -> Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    writer
        .inspect(move |_| {
            let _ = started.send(());
            let _ = released.recv();
        })
        .unwrap();
    running.recv().unwrap();
    release
}

#[test]
fn events_are_numbered_told_to_the_hook_and_then_acknowledged() {
    let (storage, writer, hook) = writer();
    for seq in 0..5 {
        assert_eq!(record(&writer, fact("a")), Ok(seq));
        assert_eq!(hook.try_recv(), Ok(seq), "the hook came first");
    }
    writer.stop();
    let report = verify_storage(&storage, Some(&key()), None);
    assert_eq!((report.verdict, report.entries), (Verdict::Verified, 5));
    assert!(report.findings.is_empty());
    assert_eq!(report.checkpoint.unwrap().time_ms, NOW);
}

#[test]
fn many_threads_share_commits_and_leave_no_gap() {
    let (storage, writer, hook) = writer();
    let steps = storage.steps();
    let mut seqs: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..40).map(|_| record(&writer, fact("a")).unwrap()).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    seqs.sort_unstable();
    assert_eq!(seqs, (0..320).collect::<Vec<_>>());
    assert_eq!(hook.try_iter().collect::<Vec<_>>(), seqs, "the hook sees them in order");
    assert!(storage.steps() - steps < 3 * 320, "some commits had more than one entry");
    writer.stop();
    assert_eq!(verify_storage(&storage, Some(&key()), None).verdict, Verdict::Verified);
}

#[test]
fn what_waits_together_is_committed_together_up_to_256() {
    let (storage, writer, hook) = writer();
    let release = hold(&writer);
    let (sender, outcomes) = mpsc::channel();
    (0..300).for_each(|_| writer.submit(fact("a"), ack(&sender)).unwrap());
    let steps = storage.steps();
    drop(release);
    assert_eq!(
        outcomes.iter().take(300).map(Result::unwrap).collect::<Vec<_>>(),
        (0..300).collect::<Vec<_>>()
    );
    // Two commits of 256 and 44 entries: three steps each and two to seal.
    writer.stop();
    assert!(storage.steps() - steps <= 10, "{} steps", storage.steps() - steps);
    assert_eq!(hook.iter().count(), 300);
}

#[test]
fn a_batch_is_recorded_in_a_row_or_not_at_all() {
    let (_storage, writer, hook) = writer();
    let (sender, outcomes) = mpsc::channel();
    let release = hold(&writer);
    writer.submit(fact("a"), ack(&sender)).unwrap();
    writer.submit_batch(vec![fact("b"), fact("not an id"), fact("c")], ack(&sender)).unwrap();
    writer.submit_batch(vec![fact("d"), fact("e")], ack(&sender)).unwrap();
    writer.submit(fact("f"), ack(&sender)).unwrap();
    drop(release);
    let outcomes: Vec<_> = outcomes.iter().take(4).collect();
    // A refusal is told when it is found, before the others are durable.
    assert_eq!(outcomes[0], Err(TrailError::Event(EventError::Id("not an id".into()))));
    assert_eq!(outcomes[1..], [Ok(0), Ok(1), Ok(3)]);
    assert_eq!(hook.iter().take(4).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for count in [0, 257] {
        let refused = writer.submit_batch(vec![fact("a"); count], ack(&sender));
        assert_eq!(refused, Err(TrailError::BatchSize(count)));
    }
}

#[test]
fn a_full_queue_refuses() {
    let (_storage, writer, _hook) = writer();
    let release = hold(&writer);
    let (sender, outcomes) = mpsc::channel();
    for _ in 0..MAX_QUEUED_ENTRIES {
        writer.submit(fact("a"), ack(&sender)).unwrap();
    }
    assert_eq!(writer.submit(fact("a"), ack(&sender)), Err(TrailError::QueueFull));
    assert_eq!(writer.inspect(|_| ()), Err(TrailError::QueueFull));
    drop(release);
    assert!(outcomes.iter().take(MAX_QUEUED_ENTRIES).all(|outcome| outcome.is_ok()));
    assert_eq!(record(&writer, fact("a")), Ok(MAX_QUEUED_ENTRIES as u64));
}

#[test]
fn stopping_records_what_waits_and_refuses_the_rest() {
    let (storage, writer, _hook) = writer();
    let release = hold(&writer);
    let (sender, outcomes) = mpsc::channel();
    (0..3).for_each(|_| writer.submit(fact("a"), ack(&sender)).unwrap());
    drop(release);
    writer.stop();
    writer.stop();
    assert_eq!(outcomes.try_iter().collect::<Vec<_>>(), [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(writer.submit(fact("a"), ack(&sender)), Err(TrailError::Stopped));
    assert_eq!(writer.inspect(|_| ()), Err(TrailError::Stopped));
    assert_eq!(verify_storage(&storage, Some(&key()), None).entries, 3);
}

#[test]
fn a_full_disk_refuses_until_there_is_room() {
    let (storage, writer, hook) = writer();
    record(&writer, fact("a")).unwrap();
    storage.set_capacity(Some(storage.used() + 40));
    for _ in 0..3 {
        assert!(matches!(record(&writer, fact("a")), Err(TrailError::Storage(_))));
    }
    storage.set_capacity(None);
    assert_eq!(record(&writer, fact("a")), Ok(1));
    assert_eq!(hook.try_iter().collect::<Vec<_>>(), [0, 1], "the hook saw only what was recorded");
}

#[test]
fn a_batch_in_doubt_that_was_recorded_reaches_the_hook_with_the_next() {
    let (storage, writer, hook) = writer();
    record(&writer, fact("a")).unwrap();
    // The second step of the checkpoint's replacement: it stands, but may not be durable.
    storage.fail_step_in(2);
    assert!(matches!(record(&writer, fact("b")), Err(TrailError::Uncertain(_))));
    assert_eq!(hook.try_iter().collect::<Vec<_>>(), [0]);
    assert_eq!(record(&writer, fact("c")), Ok(2));
    assert_eq!(hook.try_iter().collect::<Vec<_>>(), [1, 2]);
    // A failed sync, in contrast, leaves nothing.
    storage.fail_step_in(0);
    assert!(matches!(record(&writer, fact("d")), Err(TrailError::Storage(_))));
    assert_eq!(record(&writer, fact("e")), Ok(3));
    writer.stop();
    assert_eq!(verify_storage(&storage, Some(&key()), None).verdict, Verdict::Verified);
}

#[test]
fn a_look_settles_what_is_in_doubt() {
    let (storage, writer, hook) = writer();
    let look = || {
        let (sender, receiver) = mpsc::channel();
        let look = move |trail: &Trail| {
            let _ = sender.send((trail.in_doubt().is_some(), trail.size()));
        };
        writer.inspect(look).unwrap();
        receiver.recv().unwrap()
    };
    // Recorded after all, and told.
    storage.fail_step_in(2);
    assert!(matches!(record(&writer, fact("a")), Err(TrailError::Uncertain(_))));
    assert_eq!(look(), (false, 1));
    assert_eq!(hook.try_iter().collect::<Vec<_>>(), [0]);
    // Not recorded, and cut: a step that fails once more leaves the doubt for the look after.
    storage.fail_step_in(0);
    assert!(matches!(record(&writer, fact("b")), Err(TrailError::Storage(_))));
    storage.fail_step_in(0);
    assert_eq!(look(), (true, 1));
    assert_eq!(look(), (false, 1));
    assert_eq!(record(&writer, fact("c")), Ok(1));
}

#[test]
fn the_trail_can_be_read_between_commits() {
    let (_storage, writer, _hook) = writer();
    record(&writer, fact("a")).unwrap();
    let (sender, receiver) = mpsc::channel();
    writer
        .inspect(move |trail| {
            let _ = sender.send((trail.checkpoint().size, trail.entry(0)));
        })
        .unwrap();
    let (size, entry) = receiver.recv().unwrap();
    assert_eq!(size, 1);
    assert_eq!(Event::parse(&entry.unwrap()).unwrap().id, "a");
}

#[test]
fn a_hook_that_panics_stops_the_writer_and_leaves_nobody_waiting() {
    let (_storage, trail) = trail(0);
    let writer = Writer::start(trail, Box::new(|_| panic!("a bug in the fold"))).unwrap();
    let release = hold(&writer);
    let (sender, outcomes) = mpsc::channel();
    writer.submit(fact("a"), ack(&sender)).unwrap();
    writer.submit_batch(vec![fact("b"); 256], ack(&sender)).unwrap();
    drop((release, sender));
    // The first was durable when the hook failed: its acknowledgement is dropped, not called.
    assert_eq!(outcomes.iter().collect::<Vec<_>>(), [Err(TrailError::Stopped)]);
    assert_eq!(record(&writer, fact("c")), Err(TrailError::Stopped));
}
