//! Between the sandbox's numbers and the wire's: same meaning, separate types.

use qianmo_client::federated::from_sandbox;
use qianmo_proto::{
    ResultDoc,
    result::{Cells, Metric, ResultColumn, ResultTable},
};
use qianmo_sandbox::{self as sandbox, ColumnData, ColumnType};

fn metrics(metrics: Vec<sandbox::Metric>) -> Vec<Metric> {
    metrics.into_iter().map(|m| Metric { name: m.name, value: m.value }).collect()
}

/// A federated round's update as a result document.
pub(crate) fn update(update: sandbox::Update) -> ResultDoc {
    ResultDoc {
        samples: update.samples,
        tables: vec![],
        metrics: metrics(update.metrics),
        vectors: from_sandbox(update.vectors),
    }
}

/// An analysis's output as a result document. It rests on all the rows that were read.
pub(crate) fn output(output: sandbox::Output, rows_read: u64) -> ResultDoc {
    ResultDoc {
        samples: rows_read,
        tables: output.tables.into_iter().map(table).collect(),
        metrics: metrics(output.metrics),
        vectors: from_sandbox(output.vectors),
    }
}

fn table(table: sandbox::ResultTable) -> ResultTable {
    let columns = table
        .fields
        .iter()
        .zip(&table.columns)
        .map(|(field, column)| ResultColumn { name: field.name.clone(), cells: cells(field.ty, column) });
    ResultTable { name: table.name, columns: columns.collect(), contributors: table.contributors }
}

fn cells(ty: ColumnType, column: &sandbox::Column) -> Cells {
    fn valued<T: Clone, U>(column: &sandbox::Column, values: &[T], of: impl Fn(T) -> U) -> Vec<Option<U>> {
        let cell = |(row, value): (usize, &T)| column.is_valid(row).then(|| of(value.clone()));
        values.iter().enumerate().map(cell).collect()
    }
    match &column.data {
        ColumnData::Bool(v) => Cells::Bool(valued(column, v, |value| value != 0)),
        ColumnData::I32(v) if ty == ColumnType::Date32 => Cells::Text(valued(column, v, date)),
        ColumnData::I32(v) => Cells::Int(valued(column, v, i64::from)),
        ColumnData::I64(v) => Cells::Int(valued(column, v, |value| value)),
        ColumnData::F64(v) => Cells::Float(valued(column, v, |value| value)),
        ColumnData::Utf8 { offsets, bytes } => {
            let ranges: Vec<(u32, u32)> =
                offsets.iter().copied().zip(offsets.iter().skip(1).copied()).collect();
            Cells::Text(valued(column, &ranges, |(from, to)| {
                let piece = bytes.get(from as usize..to as usize).unwrap_or_default();
                String::from_utf8_lossy(piece).into_owned()
            }))
        }
    }
}

/// Days since 1970-01-01 as an ISO date.
fn date(days: i32) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch
        .checked_add(jiff::Span::new().try_days(days).unwrap_or_default())
        .map_or_else(|_| days.to_string(), |date| date.to_string())
}
