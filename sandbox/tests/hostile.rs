//! Hostile guests beside honest ones: each gets a clear error, and the engine goes on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{column_x, engine, guests, job, stats};
use qianmo_sandbox::{ErrorCode, Job, Limits, Outcome, Output, OutputError, RunError, StopFlag, Usage};

/// Guests of this file that must fail, and how.
fn hostile() -> Vec<(&'static str, RunError)> {
    let trap = |reason: &str| RunError::Trap { reason: reason.to_owned() };
    let table = |reason: &str| OutputError::Table { table: "t".to_owned(), reason: reason.to_owned() }.into();
    let bytes = OutputError::Bytes { limit: 1 << 20 };
    vec![
        ("loop_forever", RunError::Fuel { limit: FUEL }),
        ("log_flood", RunError::Fuel { limit: FUEL }),
        ("eat_memory", RunError::Memory { limit: MEMORY, wanted: MEMORY + (64 << 10) }),
        ("eat_memory_at_once", RunError::Memory { limit: MEMORY, wanted: 1 << 32 }),
        ("eat_table", RunError::Limit { what: "table elements", limit: 20_000 }),
        ("recursion", trap("wasm trap: call stack exhausted")),
        ("unreachable", trap("wasm trap: wasm `unreachable` instruction executed")),
        ("divide_by_zero", trap("wasm trap: integer divide by zero")),
        ("read_outside", trap("wasm trap: out of bounds memory access")),
        ("forged_handle", trap("unknown handle index 1")),
        ("error_message", RunError::Model { code: ErrorCode::NoData, message: "nobody".to_owned() }),
        ("terabyte", bytes.clone().into()),
        ("large_vector", bytes.clone().into()),
        ("log_whole_memory", bytes.into()),
        ("too_many_rows", OutputError::Rows { limit: 10_000, rows: 10_001 }.into()),
        ("wrong_shape", OutputError::Shape { name: "v".to_owned(), shape: vec![3], values: 2 }.into()),
        ("not_a_number", OutputError::NotFinite { name: "m".to_owned() }.into()),
        ("same_name_twice", OutputError::Name { kind: "metric", name: "m".to_owned() }.into()),
        ("no_contributors", table("0 contributor counts for 5 rows")),
        ("short_column", table("a column `t` with 1 values for 2 rows")),
        ("wrong_column_type", table("a column `t` whose values are not of its type Float64")),
        ("handle_flood", RunError::Limit { what: "open tables and scans", limit: 64 }),
        ("random_flood", RunError::Limit { what: "bytes of randomness", limit: 1 << 20 }),
    ]
}

/// Guests that fail in words of the engine, which may change: only the kind is fixed.
const TRAPS: [&str; 4] = ["result_outside", "no_such_case", "list_beyond_memory", "name_not_utf8"];
/// Guests that do no harm.
const HONEST: [&str; 4] = ["honest", "grow_to_own_maximum", "count_rows", "randomness"];
/// Guests with a test of their own here or in `vet.rs`.
const ELSEWHERE: [&str; 13] = [
    "column_out_of_range",
    "huge_memory",
    "huge_table",
    "start_loops",
    "wasi_clock",
    "abstract_type",
    "no_exports",
    "extra_export",
    "wrong_types",
    "utf16",
    "threads",
    "memory64",
    "relaxed_simd",
];

const FUEL: u64 = 100_000_000;
const MEMORY: u64 = 64 << 20;

fn tight() -> Limits {
    Limits { fuel: FUEL, memory_bytes: MEMORY, ..Limits::default() }
}

fn run(guest: &str, limits: Limits) -> Outcome<Output> {
    let table = column_x((0..150_000).map(f64::from).collect());
    let job = Job { limits, seed: Some([1; 32]), ..job(table, "{}") };
    engine().compile(&guests::load(guest)).unwrap().analyse(job)
}

#[test]
fn every_hostile_guest_gets_its_error_and_the_next_honest_one_runs() {
    for (guest, expected) in hostile() {
        let outcome = run(guest, tight());
        assert_eq!(outcome.result.unwrap_err(), expected, "{guest}");
        assert_eq!(run("honest", tight()).result.unwrap(), Output::default(), "after {guest}");
    }
    for guest in TRAPS {
        let error = run(guest, tight()).result.unwrap_err();
        assert!(matches!(error, RunError::Trap { .. }), "{guest}: {error:?}");
    }
    for guest in HONEST {
        let outcome = run(guest, tight());
        assert!(outcome.result.is_ok(), "{guest}: {:?}", outcome.result);
    }
}

#[test]
fn every_guest_has_a_test() {
    let hostile = hostile();
    let mut tested: Vec<&str> = hostile.iter().map(|(guest, _)| *guest).collect();
    tested.extend(TRAPS.iter().chain(&HONEST).chain(&ELSEWHERE));
    let untested: Vec<String> =
        guests::names().into_iter().filter(|name| !tested.contains(&name.as_str())).collect();
    assert!(untested.is_empty(), "guests without a test: {untested:?}");
}

#[test]
fn every_error_about_a_limit_names_it() {
    for (guest, _) in hostile() {
        let error = run(guest, tight()).result.unwrap_err();
        let limit = match &error {
            RunError::Fuel { limit } | RunError::Memory { limit, .. } | RunError::Limit { limit, .. } => {
                *limit
            }
            RunError::Output(OutputError::Bytes { limit }) => *limit,
            RunError::Output(OutputError::Rows { limit, .. }) => u64::from(*limit),
            _ => continue,
        };
        assert!(error.to_string().contains(&limit.to_string()), "{error}");
    }
}

#[test]
fn a_run_has_used_what_it_used_even_if_it_failed() {
    let Usage { fuel, log, log_dropped, .. } = run("log_flood", tight()).usage;
    assert_eq!(fuel, FUEL);
    let bytes: usize = log.iter().map(|line| line.message.len()).sum();
    assert!(bytes <= 64 << 10 && bytes > 60 << 10, "{bytes} bytes of log are kept");
    assert!(log_dropped > 1000, "{log_dropped} lines are dropped");
    assert_eq!(run("eat_memory", tight()).usage.peak_memory, MEMORY);
}

#[test]
fn time_ends_a_run() {
    let limits = Limits { wall_ms: 100, ..Limits::default() };
    let error = run("loop_forever", limits).result.unwrap_err();
    assert_eq!(error, RunError::Time { limit_ms: 100 });
    assert!(error.to_string().contains("100 ms"), "{error}");
}

#[test]
fn a_stop_flag_ends_a_run_and_keeps_the_next_from_starting() {
    let model = engine().compile(&guests::load("loop_forever")).unwrap();
    let stop = StopFlag::new();
    let (send, ended) = mpsc::channel();
    let flag = stop.clone();
    thread::spawn(move || {
        let job = Job { stop: flag, ..Job::new(vec![], "{}") };
        send.send(model.analyse(job).result.unwrap_err()).unwrap();
    });
    let running = ended.recv_timeout(Duration::from_millis(200));
    assert!(running.is_err(), "it runs until it is stopped: {running:?}");
    stop.stop();
    assert_eq!(ended.recv_timeout(Duration::from_secs(20)).unwrap(), RunError::Stopped);

    let job = Job { stop, ..job(column_x(vec![1.0]), "{}") };
    assert_eq!(stats().analyse(job).result.unwrap_err(), RunError::Stopped);
}

#[test]
fn parameters_and_states_that_are_too_large_are_refused() {
    let limits = Limits { params_bytes: 10, ..Limits::default() };
    let outcome = stats().analyse(Job { limits, ..job(column_x(vec![1.0]), r#"{"columns":["x"]}"#) });
    let error = outcome.result.unwrap_err();
    assert_eq!(error, RunError::Input { what: "params", reason: "17 bytes; the limit is 10".to_owned() });

    let state =
        [qianmo_sandbox::Vector { name: "w".to_owned(), shape: vec![2], values: vec![1.0, f64::NAN] }];
    let outcome = common::glm().contribute(job(column_x(vec![1.0]), "{}"), 1, &state);
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, RunError::Input { what: "state", .. }), "{error:?}");
}

#[test]
fn randomness_is_granted_by_a_seed_and_repeats() {
    let model = engine().compile(&guests::load("randomness")).unwrap();
    let drawn = |seed| model.analyse(Job { seed, ..Job::new(vec![], "{}") }).result;
    let first = drawn(Some([1; 32])).unwrap();
    assert_eq!(first, drawn(Some([1; 32])).unwrap());
    assert_ne!(first, drawn(Some([2; 32])).unwrap());
    let error = drawn(None).unwrap_err();
    assert!(matches!(error, RunError::Model { code: ErrorCode::NotPermitted, .. }), "{error:?}");
}

#[test]
fn a_column_that_is_not_there_is_an_error_the_model_sees() {
    let error = run("column_out_of_range", tight()).result.unwrap_err();
    assert!(matches!(error, RunError::Model { code: ErrorCode::BadSchema, .. }), "{error:?}");
}
