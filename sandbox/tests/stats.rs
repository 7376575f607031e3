//! The shipped model `stats`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{field, job, screening, stats};
use qianmo_sandbox::{
    Column, ColumnData, ColumnType, ErrorCode, Field, MemTable, Output, ResultTable, RunError,
};

fn run(table: MemTable, params: &str) -> Result<Output, RunError> {
    stats().analyse(job(table, params)).result
}

fn texts(column: &Column) -> Vec<Option<&str>> {
    let ColumnData::Utf8 { offsets, bytes } = &column.data else { panic!("not text: {column:?}") };
    let text =
        |row: usize| std::str::from_utf8(&bytes[offsets[row] as usize..offsets[row + 1] as usize]).unwrap();
    (0..column.data.len()).map(|row| column.is_valid(row).then(|| text(row))).collect()
}

fn counts(column: &Column) -> &[i64] {
    let ColumnData::I64(values) = &column.data else { panic!("not counts: {column:?}") };
    values
}

fn numbers(column: &Column) -> Vec<Option<f64>> {
    let ColumnData::F64(values) = &column.data else { panic!("not numbers: {column:?}") };
    (0..).zip(values).map(|(row, value)| column.is_valid(row).then_some(*value)).collect()
}

fn columns<'a>(table: &'a ResultTable, names: &[&str]) -> Vec<&'a Column> {
    let of = |name: &&str| table.fields.iter().position(|field| field.name == **name).unwrap();
    names.iter().map(of).map(|index| &table.columns[index]).collect()
}

/// Twenty-six people: ages with a gap, towns with a small one and a missing one.
fn people() -> MemTable {
    let ages: Vec<f64> = (0..26).map(f64::from).collect();
    let towns = ["north"; 12].iter().chain(&["south"; 11]).chain(&["isle", "", "isle"]);
    let (mut offsets, mut bytes) = (vec![0], Vec::new());
    for town in towns {
        bytes.extend_from_slice(town.as_bytes());
        offsets.push(u32::try_from(bytes.len()).unwrap());
    }
    let fields = vec![
        Field { nullable: true, ..field("age", ColumnType::Float64) },
        Field { nullable: true, ..field("town", ColumnType::Utf8) },
    ];
    let age = Column { data: ColumnData::F64(ages), validity: Some(vec![0xff, 0xff, 0xff, 0b01]) };
    let town =
        Column { data: ColumnData::Utf8 { offsets, bytes }, validity: Some(vec![0xff, 0xff, 0xff, 0b11]) };
    // Row 24 has no town.
    let town = Column { validity: Some(vec![0xff, 0xff, 0xff, 0b10]), ..town };
    MemTable::new("people", fields, vec![age, town]).unwrap()
}

#[test]
fn columns_are_summarised_without_their_missing_values() {
    let output = run(people(), "{}").unwrap();
    let [summary] = output.tables.as_slice() else { panic!("{output:?}") };
    assert_eq!((summary.name.as_str(), summary.rows), ("summary", 1));
    assert_eq!(summary.contributors, [25]);
    let [name, count, missing, sum, mean, variance] =
        columns(summary, &["column", "count", "missing", "sum", "mean", "variance"])[..]
    else {
        panic!()
    };
    assert_eq!(texts(name), [Some("age")]);
    assert_eq!((counts(count), counts(missing)), ([25].as_slice(), [1].as_slice()));
    // 0..=24: sum 300, mean 12, squared distances 1300.
    assert_eq!((numbers(sum), numbers(mean)), (vec![Some(300.0)], vec![Some(12.0)]));
    assert!((numbers(variance)[0].unwrap() - 1300.0 / 24.0).abs() < 1e-12);
}

#[test]
fn small_groups_do_not_leave_the_model() {
    let output = run(people(), r#"{"group_by":"town","min_cell":10}"#).unwrap();
    let groups = &output.tables[1];
    let [group, count, merged] = columns(groups, &["group", "count", "merged"])[..] else { panic!() };
    // 2 of the isle and 1 without a town are 3 together: too few, so the next smallest town joins them.
    assert_eq!(texts(group), [Some("north"), None]);
    assert_eq!(counts(count), [12, 14]);
    assert_eq!(merged.data, ColumnData::Bool(vec![0, 1]));
    assert_eq!(groups.contributors, [12, 14]);
}

/// One column of text.
fn kinds(of: &[(&str, usize)]) -> MemTable {
    let (mut offsets, mut bytes) = (vec![0], Vec::new());
    for kind in of.iter().flat_map(|(kind, rows)| std::iter::repeat_n(kind, *rows)) {
        bytes.extend_from_slice(kind.as_bytes());
        offsets.push(u32::try_from(bytes.len()).unwrap());
    }
    let column = Column::new(ColumnData::Utf8 { offsets, bytes });
    MemTable::new("t", vec![field("kind", ColumnType::Utf8)], vec![column]).unwrap()
}

#[test]
fn a_table_without_numbers_can_be_grouped() {
    let output = run(kinds(&[("甲", 20), ("乙", 15)]), r#"{"group_by":"kind"}"#).unwrap();
    let [groups] = output.tables.as_slice() else { panic!("{output:?}") };
    let [group, count] = columns(groups, &["group", "count"])[..] else { panic!() };
    assert_eq!((texts(group), counts(count)), (vec![Some("乙"), Some("甲")], [15, 20].as_slice()));
}

#[test]
fn a_category_called_other_is_not_taken_for_what_is_merged() {
    let output = run(kinds(&[("other", 12), ("a", 20), ("b", 6), ("c", 5)]), r#"{"group_by":"kind"}"#);
    let output = output.unwrap();
    let [group, count, merged] = columns(&output.tables[0], &["group", "count", "merged"])[..] else {
        panic!()
    };
    assert_eq!(texts(group), [Some("a"), Some("other"), None]);
    assert_eq!((counts(count), &merged.data), ([20, 12, 11].as_slice(), &ColumnData::Bool(vec![0, 0, 1])));
}

#[test]
fn only_the_labels_asked_for_are_told() {
    let params = r#"{"group_by":"kind","groups":["乙","丙"]}"#;
    let output = run(kinds(&[("甲", 20), ("乙", 15)]), params).unwrap();
    let [group, count] = columns(&output.tables[0], &["group", "count"])[..] else { panic!() };
    assert_eq!((texts(group), counts(count)), (vec![Some("乙"), None], [15, 20].as_slice()));
}

/// One column of whole numbers.
fn amounts(values: Vec<i64>) -> MemTable {
    let column = Column::new(ColumnData::I64(values));
    MemTable::new("t", vec![field("amount", ColumnType::Int64)], vec![column]).unwrap()
}

#[test]
fn sums_of_whole_numbers_are_exact() {
    let one_large = [vec![9_007_199_254_740_993], vec![1; 29]].concat();
    let all_large = (0..30).map(|step| 9_007_199_254_740_993 + 2 * step).collect();
    let back_in_range = [vec![i64::MAX; 2], vec![i64::MIN; 2], vec![5]].concat();
    let beyond = vec![i64::MAX; 10];
    for (values, exact, rounded) in [
        (one_large, Some(9_007_199_254_741_022), 9_007_199_254_741_022.0),
        (all_large, Some(270_215_977_642_230_660), 270_215_977_642_230_660.0),
        (back_in_range, Some(3), 3.0),
        (beyond, None, 9.223_372_036_854_776e19),
    ] {
        let outcome = stats().analyse(job(amounts(values), "{}"));
        let output = outcome.result.unwrap();
        let [sum, exact_sum] = columns(&output.tables[0], &["sum", "exact_sum"])[..] else { panic!() };
        assert_eq!(numbers(sum), [Some(rounded)]);
        assert_eq!(exact_sum.is_valid(0).then(|| counts(exact_sum)[0]), exact);
        let told = outcome.usage.log.iter().any(|line| line.message.contains("does not fit in 64 bits"));
        assert_eq!(told, exact.is_none());
    }
}

#[test]
fn large_numbers_close_together_vary_as_they_do() {
    let output = run(amounts((0..30).map(|step| 9_007_199_254_740_993 + step).collect()), "{}").unwrap();
    let [variance] = columns(&output.tables[0], &["variance"])[..] else { panic!() };
    assert!((numbers(variance)[0].unwrap() - 77.5).abs() < 1e-9);
}

#[test]
fn groups_may_be_of_any_type_and_a_missing_value_is_one() {
    let output = run(people(), r#"{"columns":[],"group_by":"town","min_cell":1}"#).unwrap();
    let [group, count, missing] = columns(&output.tables[0], &["group", "count", "missing"])[..] else {
        panic!()
    };
    assert_eq!(texts(group), [None, Some("isle"), Some("north"), Some("south")]);
    assert_eq!(counts(count), [1, 2, 12, 11]);
    assert_eq!(missing.data, ColumnData::Bool(vec![1, 0, 0, 0]));

    let output = run(screening("a"), r#"{"columns":["mean_radius"],"group_by":"benign"}"#).unwrap();
    let [group, count] = columns(&output.tables[1], &["group", "count"])[..] else { panic!() };
    assert_eq!((counts(group), counts(count)), ([0, 1].as_slice(), [71, 49].as_slice()));
}

#[test]
fn what_cannot_be_counted_is_refused_with_the_reason() {
    let text = r#"{"columns":["town"]}"#;
    let empty =
        MemTable::new("t", vec![field("x", ColumnType::Float64)], vec![Column::new(ColumnData::F64(vec![]))]);
    for (table, params, code, words) in [
        (people(), text, ErrorCode::BadSchema, "`town` is not numeric"),
        (people(), r#"{"columns":["nmae"]}"#, ErrorCode::BadSchema, "no column `nmae`"),
        (people(), r#"{"table":"persons"}"#, ErrorCode::NotPermitted, "no table `persons`"),
        (people(), r#"{"colums":["age"]}"#, ErrorCode::BadParams, "unknown field `colums`"),
        (people(), r#"{"group_by":"twon"}"#, ErrorCode::BadSchema, "no column `twon`"),
        (people(), r#"{"group_by":"age","groups":["1"]}"#, ErrorCode::BadParams, "`age` is not text"),
        (empty.unwrap(), "{}", ErrorCode::NoData, "no rows"),
        (common::column_x(vec![1.0, f64::NAN]), "{}", ErrorCode::Numeric, "`x`"),
        (common::column_x(vec![f64::MAX, f64::MAX]), "{}", ErrorCode::Numeric, "too large"),
    ] {
        match run(table, params) {
            Err(RunError::Model { code: got, message }) => {
                assert_eq!(got, code, "{message}");
                assert!(message.contains(words), "{message}");
            }
            other => panic!("{params}: not refused: {other:?}"),
        }
    }
}

#[test]
fn the_same_job_gives_the_same_output_for_the_same_fuel() {
    let [one, other] = [0, 0].map(|_| stats().analyse(job(screening("c"), r#"{"group_by":"benign"}"#)));
    assert_eq!(one.result.unwrap(), other.result.unwrap());
    assert_eq!(one.usage, other.usage);
    assert!(one.usage.fuel > 0 && one.usage.peak_memory > 0);
    assert_eq!(one.usage.rows_read, 260, "columns and groups are read in one scan");
}
