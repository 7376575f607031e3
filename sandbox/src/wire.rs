//! The types of `wit/model.wit` as they cross the border, and their conversion from and to ours.

use wasmtime::component::{ComponentType, Lift, Lower};

use crate::{outcome, output, table};

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum ColumnType {
    #[component(name = "boolean")]
    Boolean,
    #[component(name = "int32")]
    Int32,
    #[component(name = "int64")]
    Int64,
    #[component(name = "float64")]
    Float64,
    #[component(name = "utf8")]
    Utf8,
    #[component(name = "date32")]
    Date32,
    #[component(name = "timestamp-us")]
    TimestampUs,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Field {
    name: String,
    ty: ColumnType,
    nullable: bool,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Utf8Data {
    offsets: Vec<u32>,
    bytes: Vec<u8>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
pub(crate) enum ColumnData {
    #[component(name = "booleans")]
    Bool(Vec<u8>),
    #[component(name = "int32s")]
    I32(Vec<i32>),
    #[component(name = "int64s")]
    I64(Vec<i64>),
    #[component(name = "float64s")]
    F64(Vec<f64>),
    #[component(name = "utf8s")]
    Utf8(Utf8Data),
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Column {
    data: ColumnData,
    validity: Option<Vec<u8>>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Batch {
    rows: u32,
    columns: Vec<Column>,
}

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "most are made by the model and lifted from its memory")]
pub(crate) enum ErrorCode {
    #[component(name = "bad-params")]
    BadParams,
    #[component(name = "bad-schema")]
    BadSchema,
    #[component(name = "not-permitted")]
    NotPermitted,
    #[component(name = "limit")]
    Limit,
    #[component(name = "no-data")]
    NoData,
    #[component(name = "numeric")]
    Numeric,
    #[component(name = "internal")]
    Internal,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Error {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "most are made by the model and lifted from its memory")]
pub(crate) enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Metric {
    name: String,
    value: f64,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Vector {
    name: String,
    shape: Vec<u32>,
    values: Vec<f64>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct ResultTable {
    name: String,
    fields: Vec<Field>,
    rows: u32,
    columns: Vec<Column>,
    contributors: Vec<u32>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Output {
    tables: Vec<ResultTable>,
    metrics: Vec<Metric>,
    vectors: Vec<Vector>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Update {
    samples: u64,
    vectors: Vec<Vector>,
    metrics: Vec<Metric>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Step {
    state: Vec<Vector>,
    done: bool,
}

/// Two enums with the same variants.
macro_rules! same_variants {
    ($left:path, $right:path, $($variant:ident)*) => {
        impl From<$left> for $right {
            fn from(value: $left) -> Self {
                type Left = $left;
                match value { $(Left::$variant => Self::$variant,)* }
            }
        }
    };
}

same_variants!(table::ColumnType, ColumnType, Boolean Int32 Int64 Float64 Utf8 Date32 TimestampUs);
same_variants!(ColumnType, table::ColumnType, Boolean Int32 Int64 Float64 Utf8 Date32 TimestampUs);
same_variants!(ErrorCode, outcome::ErrorCode, BadParams BadSchema NotPermitted Limit NoData Numeric Internal);
same_variants!(Level, outcome::Level, Debug Info Warn Error);

impl From<&table::Field> for Field {
    fn from(field: &table::Field) -> Self {
        Self { name: field.name.clone(), ty: field.ty.into(), nullable: field.nullable }
    }
}

impl From<Field> for table::Field {
    fn from(field: Field) -> Self {
        Self { name: field.name, ty: field.ty.into(), nullable: field.nullable }
    }
}

impl From<table::Column> for Column {
    fn from(column: table::Column) -> Self {
        use table::ColumnData as From;
        let data = match column.data {
            From::Bool(values) => ColumnData::Bool(values),
            From::I32(values) => ColumnData::I32(values),
            From::I64(values) => ColumnData::I64(values),
            From::F64(values) => ColumnData::F64(values),
            From::Utf8 { offsets, bytes } => ColumnData::Utf8(Utf8Data { offsets, bytes }),
        };
        Self { data, validity: column.validity }
    }
}

impl From<Column> for table::Column {
    fn from(column: Column) -> Self {
        use table::ColumnData as To;
        let data = match column.data {
            ColumnData::Bool(values) => To::Bool(values),
            ColumnData::I32(values) => To::I32(values),
            ColumnData::I64(values) => To::I64(values),
            ColumnData::F64(values) => To::F64(values),
            ColumnData::Utf8(text) => To::Utf8 { offsets: text.offsets, bytes: text.bytes },
        };
        Self { data, validity: column.validity }
    }
}

impl From<table::Batch> for Batch {
    fn from(batch: table::Batch) -> Self {
        Self { rows: batch.rows, columns: convert(batch.columns) }
    }
}

impl From<&output::Vector> for Vector {
    fn from(vector: &output::Vector) -> Self {
        Self { name: vector.name.clone(), shape: vector.shape.clone(), values: vector.values.clone() }
    }
}

impl From<Vector> for output::Vector {
    fn from(vector: Vector) -> Self {
        Self { name: vector.name, shape: vector.shape, values: vector.values }
    }
}

impl From<&output::Metric> for Metric {
    fn from(metric: &output::Metric) -> Self {
        Self { name: metric.name.clone(), value: metric.value }
    }
}

impl From<Metric> for output::Metric {
    fn from(metric: Metric) -> Self {
        Self { name: metric.name, value: metric.value }
    }
}

impl From<ResultTable> for output::ResultTable {
    fn from(table: ResultTable) -> Self {
        Self {
            name: table.name,
            fields: convert(table.fields),
            rows: table.rows,
            columns: convert(table.columns),
            contributors: table.contributors,
        }
    }
}

impl From<Output> for output::Output {
    fn from(output: Output) -> Self {
        Self {
            tables: convert(output.tables),
            metrics: convert(output.metrics),
            vectors: convert(output.vectors),
        }
    }
}

impl From<&output::Update> for Update {
    fn from(update: &output::Update) -> Self {
        Self { samples: update.samples, vectors: convert(&update.vectors), metrics: convert(&update.metrics) }
    }
}

impl From<Update> for output::Update {
    fn from(update: Update) -> Self {
        Self { samples: update.samples, vectors: convert(update.vectors), metrics: convert(update.metrics) }
    }
}

impl From<Step> for output::Step {
    fn from(step: Step) -> Self {
        Self { state: convert(step.state), done: step.done }
    }
}

/// Converts each of a list.
pub(crate) fn convert<T, U: From<T>>(items: impl IntoIterator<Item = T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}
