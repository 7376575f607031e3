//! The shipped model over several sites' rows, as a coordinator runs it: each update through the gate and over the
//! wire. What the fit must be is in `sandbox/tests/fed/expected.json`.

use std::{fs, path::PathBuf, sync::OnceLock};

use qianmo_egress::{Computed, Limits, Verdict, Words, judge};
use qianmo_proto::{ResultDoc, result::Metric};
use qianmo_sandbox::{
    Column, ColumnData, ColumnType, CoordinatorJob, Engine, EngineConfig, Field, Job, MemTable, Model,
    Update, Vector, shipped,
};
use serde_json::Value;

use crate::federated::{
    convert::{from_sandbox, to_update},
    run::{Effect, Event, Failure, Run},
};

const TARGET: &str = r#"{"target":"y"}"#;

fn glm() -> &'static Model {
    static GLM: OnceLock<Model> = OnceLock::new();
    GLM.get_or_init(|| Engine::new(EngineConfig::default()).unwrap().compile(shipped::GLM).unwrap())
}

/// A run over `sites` under contracts that grant as many rounds: the model's last state.
fn run(sites: &[MemTable], granted: u32) -> Result<Vec<Vector>, Failure> {
    let (mut run, mut todo) = Run::new(sites.len(), granted, 0);
    loop {
        let event = match todo.remove(0) {
            Effect::Order { site, round, state } => {
                let job = Job::new(vec![Box::new(sites[site].clone())], TARGET);
                let rows = sites[site].rows() as u64;
                let update = gated(glm().contribute(job, round, &state).result.unwrap(), rows);
                Event::Delivered { site, round, update }
            }
            Effect::Next { round, state, total, sites } => {
                let job = CoordinatorJob::new(TARGET);
                Event::Stepped { round, step: glm().next(job, round, &state, &total, sites).result.unwrap() }
            }
            Effect::Tell(_) | Effect::Stop { .. } => continue,
            Effect::Finish { state } => return Ok(state),
            Effect::Abort(failure) => return Err(failure),
        };
        todo.extend(run.handle(event, 0));
    }
}

/// The update as the coordinator gets it, if the gate lets it pass as it comes out of the box.
fn gated(update: Update, rows_read: u64) -> Update {
    let limits = Limits {
        min_cell: 10,
        parameters_per_row: 0.33,
        max_bytes: 1 << 20,
        strings: false,
        words: Words::default(),
        review: false,
    };
    let metrics = update.metrics.into_iter().map(|m| Metric { name: m.name, value: m.value }).collect();
    let vectors = from_sandbox(update.vectors);
    let document = ResultDoc { samples: update.samples, tables: vec![], metrics, vectors };
    let computed = Computed { document, rows_read };
    match judge(&computed, &limits).unwrap() {
        (Verdict::Released(released), _) => {
            to_update(&serde_json::from_slice(released.bytes()).unwrap()).unwrap()
        }
        (Verdict::Held(held), _) => panic!("{}", held.error.message),
    }
}

fn case(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sandbox/tests/fed").join(name)
}

/// A site's rows: whole numbers in `y` and `t`, reals in all other columns.
fn site(file: &str) -> MemTable {
    let text = fs::read_to_string(case(file)).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |index: usize| rows.iter().map(move |row| row[index]);
    let columns = names.iter().enumerate().map(|(index, name)| match *name {
        "t" | "y" => {
            (ColumnType::Int64, ColumnData::I64(column(index).map(|v| v.parse().unwrap()).collect()))
        }
        _ => (ColumnType::Float64, ColumnData::F64(column(index).map(|v| v.parse().unwrap()).collect())),
    });
    table(names.iter().map(ToString::to_string).zip(columns))
}

fn table(columns: impl Iterator<Item = (String, (ColumnType, ColumnData))>) -> MemTable {
    let (fields, columns) =
        columns.map(|(name, (ty, data))| (Field { name, ty, nullable: false }, Column::new(data))).unzip();
    MemTable::new("rows", fields, columns).unwrap()
}

fn values<'a>(state: &'a [Vector], name: &str) -> &'a [f64] {
    &state.iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("no vector {name}")).values
}

#[test]
fn coefficients_are_those_of_the_pooled_rows_however_large_the_numbers_are() {
    let expected: Value = serde_json::from_slice(&fs::read(case("expected.json")).unwrap()).unwrap();
    for (name, expected) in expected.as_object().unwrap() {
        let sites = ["a", "b", "c"].map(|slice| site(&format!("{name}-{slice}.csv")));
        let state = run(&sites, 40).unwrap();
        for (vector, tolerance) in [("w", 1e-9), ("sd", 1e-9), ("mean", 1e-15)] {
            let wanted = expected[vector].as_array().unwrap();
            let got = values(&state, vector);
            assert_eq!(got.len(), wanted.len(), "{name}: {vector}");
            for (got, wanted) in got.iter().zip(wanted.iter().map(|value| value.as_f64().unwrap())) {
                let near = (got - wanted).abs() <= tolerance * wanted.abs().max(1.0);
                assert!(near, "{name}: {vector} has {got} for {wanted}");
            }
        }
        for (vector, expected) in [("correct", &expected["correct"]), ("samples", &expected["n"])] {
            assert_eq!(values(&state, vector), [expected.as_f64().unwrap()], "{name}: {vector}");
        }
        let deviance = values(&state, "deviance")[0] - expected["deviance"].as_f64().unwrap();
        assert!(deviance.abs() < 1e-9, "{name}: {deviance}");
    }
}

#[test]
fn sites_may_have_their_columns_in_different_orders() {
    let sites = ["a", "b", "c"].map(|slice| site(&format!("perm-{slice}.csv")));
    let state = run(&sites, 40).unwrap();
    let labelled: Vec<&str> = state.iter().filter_map(|vector| vector.name.strip_prefix("w:")).collect();
    assert_eq!(labelled, ["(intercept)", "x1", "x2"], "the order of most sites");
    assert_eq!(values(&state, "w:x2"), [values(&state, "w")[2]]);
}

/// As many fields as a contract can have. The rounds end after the first Hessian.
#[test]
fn three_hundred_fields_pass_the_gate() {
    let mut last = 1_u64;
    let mut noise = || {
        last = last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (last >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let mut wide = || {
        let rows = 1_000;
        let y = (0..rows).map(|_| i64::from(noise() > 0.0)).collect();
        let target = ("y".to_owned(), (ColumnType::Int64, ColumnData::I64(y)));
        let feature = |index| {
            let values = (0..rows).map(|_| noise()).collect();
            (format!("a_feature_with_a_long_name_{index}"), (ColumnType::Float64, ColumnData::F64(values)))
        };
        table((0..299).map(feature).chain([target]).collect::<Vec<_>>().into_iter())
    };
    let failure = run(&[wide(), wide()], 3).unwrap_err();
    assert_eq!(failure, Failure::Rounds { granted: 3 });
}
