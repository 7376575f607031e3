//! Tables and engines that the tests share.
#![allow(dead_code, reason = "each test binary uses some of it")]

pub(crate) mod guests;

use std::sync::OnceLock;

use qianmo_sandbox::{
    Column, ColumnData, ColumnType, Engine, EngineConfig, Field, Job, MemTable, Model, shipped,
};

/// One engine for all tests of a binary: compiling takes longest.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineConfig::default()).unwrap())
}

pub(crate) fn stats() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| engine().compile(shipped::STATS).unwrap())
}

pub(crate) fn glm() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| engine().compile(shipped::GLM).unwrap())
}

pub(crate) fn field(name: &str, ty: ColumnType) -> Field {
    Field { name: name.to_owned(), ty, nullable: false }
}

/// A table of one column `x`.
pub(crate) fn column_x(values: Vec<f64>) -> MemTable {
    let column = Column::new(ColumnData::F64(values));
    MemTable::new("t", vec![field("x", ColumnType::Float64)], vec![column]).unwrap()
}

pub(crate) fn job(table: MemTable, params: &str) -> Job {
    Job::new(vec![Box::new(table)], params)
}

/// One hospital's slice of the demo data: 30 features and `benign`, 0 or 1.
pub(crate) fn screening(slice: &str) -> MemTable {
    let path = format!("{}/../deploy/demo/screening-{slice}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    table_of("screening", &header.split(',').collect::<Vec<_>>(), &[rows])
}

/// All slices in one table.
pub(crate) fn pooled() -> MemTable {
    let slices = ["a", "b", "c"].map(|slice| {
        let path = format!("{}/../deploy/demo/screening-{slice}.csv", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    });
    let header = slices[0].lines().next().unwrap();
    let rows = slices.each_ref().map(|text| text.split_once('\n').unwrap().1);
    table_of("screening", &header.split(',').collect::<Vec<_>>(), &rows)
}

fn table_of(name: &str, names: &[&str], parts: &[&str]) -> MemTable {
    let rows: Vec<Vec<f64>> = parts
        .iter()
        .flat_map(|part| part.lines())
        .map(|line| line.split(',').map(|number| number.parse().unwrap()).collect())
        .collect();
    let columns = (0..names.len()).map(|index| {
        let values = rows.iter().map(|row| row[index]);
        if names[index] == "benign" {
            Column::new(ColumnData::I64(values.map(|value| value as i64).collect()))
        } else {
            Column::new(ColumnData::F64(values.collect()))
        }
    });
    let fields = names
        .iter()
        .map(|name| field(name, if *name == "benign" { ColumnType::Int64 } else { ColumnType::Float64 }));
    MemTable::new(name, fields.collect(), columns.collect()).unwrap()
}
