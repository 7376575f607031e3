//! Tables that break their promise, or fail: the run ends, and the model learns nothing of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::{sync::mpsc, time::Duration};

use common::{column_x, engine, field, guests};
use qianmo_sandbox::{
    Batch, Column, ColumnData, ColumnType, Field, Job, Limits, Outcome, Output, RowSource, RunError,
    SourceError, StopFlag, TableSource,
};

type Next = Box<dyn Fn(u32, Duration) -> Result<Option<Batch>, SourceError> + Send + Sync>;

/// A table `t` with a column `x`, whose n-th batch is what a function says.
struct Scripted {
    schema: Vec<Field>,
    next: std::sync::Arc<Next>,
}

struct Script(std::sync::Arc<Next>, u32);

impl TableSource for Scripted {
    fn name(&self) -> &str {
        "t"
    }

    fn schema(&self) -> &[Field] {
        &self.schema
    }

    fn scan(&self, _columns: &[usize], _max_rows: u32) -> Result<Box<dyn RowSource>, SourceError> {
        Ok(Box::new(Script(self.next.clone(), 0)))
    }
}

impl RowSource for Script {
    fn next(&mut self, left: Duration) -> Result<Option<Batch>, SourceError> {
        self.1 += 1;
        (self.0)(self.1, left)
    }
}

fn run_with(limits: Limits, stop: StopFlag, next: Next) -> Outcome<Output> {
    let table = Scripted { schema: vec![field("x", ColumnType::Float64)], next: next.into() };
    let job = Job { limits, stop, ..Job::new(vec![Box::new(table)], "{}") };
    engine().compile(&guests::load("count_rows")).unwrap().analyse(job)
}

fn run(next: impl Fn(u32) -> Result<Option<Batch>, SourceError> + Send + Sync + 'static) -> Outcome<Output> {
    run_with(Limits::default(), StopFlag::new(), Box::new(move |turn, _| next(turn)))
}

fn batch(rows: u32, data: ColumnData) -> Result<Option<Batch>, SourceError> {
    Ok(Some(Batch { rows, columns: vec![Column::new(data)] }))
}

#[test]
fn rows_are_counted_by_the_host_and_paid_for_by_the_byte() {
    let [small, large] = [1000, 101_000].map(|rows| {
        let job = Job::new(vec![Box::new(column_x(vec![0.0; rows]))], "{}");
        engine().compile(&guests::load("count_rows")).unwrap().analyse(job)
    });
    assert!(small.result.is_ok() && large.result.is_ok());
    assert_eq!((small.usage.rows_read, large.usage.rows_read), (1000, 101_000));
    let difference = large.usage.fuel - small.usage.fuel;
    assert!((800_000..801_000).contains(&difference), "100,000 rows of 8 bytes cost {difference} fuel");
}

#[test]
fn a_source_that_fails_midway_fails_the_run() {
    let outcome = run(|turn| match turn {
        1 => batch(2, ColumnData::F64(vec![1.0, 2.0])),
        _ => Err(SourceError("line 3 is broken".to_owned())),
    });
    let error = outcome.result.unwrap_err();
    assert_eq!(error, RunError::Source(SourceError("line 3 is broken".to_owned())));
    assert_eq!(outcome.usage.rows_read, 2);
}

#[test]
fn a_batch_that_is_not_what_was_asked_for_never_reaches_the_model() {
    let limits = Limits::default();
    let too_long = vec![0.0; limits.batch_rows as usize + 1];
    type Make = Box<dyn Fn() -> Result<Option<Batch>, SourceError> + Send + Sync>;
    let cases: Vec<(Make, &str)> = vec![
        (Box::new(|| batch(2, ColumnData::F64(vec![1.0]))), "1 values for 2 rows"),
        (Box::new(|| batch(1, ColumnData::I64(vec![1]))), "not of its type"),
        (Box::new(|| batch(0, ColumnData::F64(vec![]))), "a batch of 0 rows"),
        (Box::new(|| Ok(Some(Batch { rows: 1, columns: vec![] }))), "0 columns, not 1"),
        (Box::new(move || batch(60_001, ColumnData::F64(too_long.clone()))), "a batch of 60001 rows"),
        (
            Box::new(|| {
                let column = Column { data: ColumnData::F64(vec![1.0]), validity: Some(vec![1, 1]) };
                Ok(Some(Batch { rows: 1, columns: vec![column] }))
            }),
            "2 validity bytes",
        ),
    ];
    for (make, words) in cases {
        match run(move |_| make()).result {
            Err(RunError::Source(SourceError(reason))) => assert!(reason.contains(words), "{reason}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    let limits = Limits { batch_bytes: 7, ..limits };
    let one_row = Box::new(|_, _| batch(1, ColumnData::F64(vec![1.0])));
    match run_with(limits, StopFlag::new(), one_row).result {
        Err(RunError::Source(SourceError(reason))) => assert!(reason.contains("the limit is 7"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wide_or_heavy_batch_is_handed_over_in_pieces() {
    let heavy = |turn| match turn {
        1 => batch(50_000, ColumnData::F64(vec![1.0; 50_000])),
        _ => Ok(None),
    };
    let limits = Limits { batch_bytes: 100_000, ..Limits::default() };
    let outcome = run_with(limits, StopFlag::new(), Box::new(move |turn, _| heavy(turn)));
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.usage.rows_read, 50_000);
    assert!(outcome.usage.fuel > run(heavy).usage.fuel, "there are more calls to pay for");
}

#[test]
fn a_panic_in_a_source_ends_that_run_only() {
    let outcome = run(|_| panic!("on purpose"));
    assert!(matches!(outcome.result, Err(RunError::Internal(_))), "{:?}", outcome.result);
    assert!(run(|_| Ok(None)).result.is_ok());
}

#[test]
fn an_endless_source_ends_with_the_time_or_with_the_stop_flag() {
    let endless = || Box::new(|_, _| batch(1, ColumnData::F64(vec![1.0]))) as Next;
    let limits = Limits { wall_ms: 50, ..Limits::default() };
    let error = run_with(limits, StopFlag::new(), endless()).result.unwrap_err();
    assert_eq!(error, RunError::Time { limit_ms: 50 });

    let stop = StopFlag::new();
    let flag = stop.clone();
    let stops = Box::new(move |turn, _| {
        if turn == 1000 {
            flag.stop();
        }
        batch(1, ColumnData::F64(vec![1.0]))
    });
    let outcome = run_with(Limits::default(), stop, stops);
    assert_eq!(outcome.result.unwrap_err(), RunError::Stopped);
    assert_eq!(outcome.usage.rows_read, 999, "the batch after which it was stopped is not handed over");
}

#[test]
fn a_source_that_gives_up_when_no_time_is_left_ends_the_run_with_its_time() {
    let limits = Limits { wall_ms: 50, ..Limits::default() };
    let patient: Next = Box::new(|_, left| {
        let (_nothing_comes, waits) = mpsc::channel::<()>();
        let _ = waits.recv_timeout(left);
        Err(SourceError("gave up".to_owned()))
    });
    let error = run_with(limits, StopFlag::new(), patient).result.unwrap_err();
    assert_eq!(error, RunError::Time { limit_ms: 50 });
}
