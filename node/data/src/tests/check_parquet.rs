//! Parquet sources: the footer's types against the declared ones, and the values no footer shows.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    StringArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};

use super::{Folder, array, csv_of, dump, float, int, open, parquet_of, text};
use crate::{ColumnType, DataError, DatasetSpec, FieldSpec, FileKind, Grant, Place, check};

fn spec(folder: &Folder, column: ArrayRef, field: FieldSpec) -> DatasetSpec {
    let path = folder.parquet("d.parquet", vec![("a", column)]);
    DatasetSpec::new("d", parquet_of(path), vec![field])
}

#[tokio::test]
async fn csv_and_parquet_of_the_same_rows_are_the_same_table() {
    let folder = Folder::new();
    let content = "flag,small,big,real,word,day,time,row\n\
                   true,1,10,0.1,one,1970-01-02,1970-01-01T00:00:01Z,1\n\
                   ,,,,,,,2\n\
                   false,3,30,0.3,字,1970-01-04,1970-01-01T00:00:03Z,3\n";
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("flag", array(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("small", array(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("big", array(Int64Array::from(vec![Some(10), None, Some(30)]))),
        ("real", array(Float64Array::from(vec![Some(0.1), None, Some(0.3)]))),
        ("word", array(StringArray::from(vec![Some("one"), None, Some("字")]))),
        ("day", array(Date32Array::from(vec![Some(1), None, Some(3)]))),
        (
            "time",
            array(TimestampMillisecondArray::from(vec![Some(1000), None, Some(3000)]).with_timezone("UTC")),
        ),
    ];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let field = |(name, ty): (&&str, ColumnType)| FieldSpec::new(*name, ty).nullable();
    let fields: Vec<FieldSpec> = names.iter().zip(ColumnType::ALL).map(field).collect();
    let csv = DatasetSpec::new("d", csv_of(folder.write("d.csv", content)), fields.clone());
    let parquet = parquet_of(folder.parquet("d.parquet", columns.clone()));
    let parquet = DatasetSpec::new("d", parquet, fields);
    assert_eq!(check(&csv).await.unwrap().rows, check(&parquet).await.unwrap().rows);
    let csv = open(csv, Grant::columns(names.clone())).await.unwrap();
    let parquet = open(parquet, Grant::columns(names)).await.unwrap();
    let expected = ["true|1|10|0.1|one|1|1000000", "-|-|-|-|-|-|-", "false|3|30|0.3|字|3|3000000"];
    assert_eq!(dump(&csv, "d").await.unwrap(), expected);
    assert_eq!(dump(&parquet, "d").await.unwrap(), expected);
}

#[tokio::test]
async fn types_that_lose_nothing_are_widened() {
    let folder = Folder::new();
    let cases: [(ArrayRef, FieldSpec, &str); 3] = [
        (array(Int16Array::from(vec![-7])), FieldSpec::new("a", ColumnType::Int32), "-7"),
        (array(Int32Array::from(vec![7])), int("a"), "7"),
        (array(Float32Array::from(vec![0.5])), float("a"), "0.5"),
    ];
    for (column, field, value) in cases {
        let spec = spec(&folder, column, field);
        check(&spec).await.unwrap();
        let session = open(spec, Grant::columns(["a"])).await.unwrap();
        assert_eq!(dump(&session, "d").await.unwrap(), [value]);
    }
}

#[tokio::test]
async fn other_types_are_refused_by_column() {
    let folder = Folder::new();
    let cases: [(ArrayRef, FieldSpec); 4] = [
        (array(StringArray::from(vec!["1"])), int("a")),
        (array(Int64Array::from(vec![1])), float("a")),
        (array(UInt64Array::from(vec![1])), int("a")),
        (array(TimestampNanosecondArray::from(vec![1])), FieldSpec::new("a", ColumnType::TimestampUs)),
    ];
    for (column, field) in cases {
        let found = check(&spec(&folder, column, field)).await.unwrap_err();
        assert!(matches!(&found, DataError::TypeMismatch { column, .. } if column == "a"), "{found}");
    }
}

#[tokio::test]
async fn columns_must_be_there_and_be_there_once() {
    let folder = Folder::new();
    let one = array(Int64Array::from(vec![1]));
    let missing = check(&spec(&folder, Arc::clone(&one), int("b"))).await.unwrap_err();
    assert!(matches!(missing, DataError::ColumnMissing { column, .. } if column == "b"));
    let twice = folder.parquet("d.parquet", vec![("a", Arc::clone(&one)), ("a", one)]);
    let twice = check(&DatasetSpec::new("d", parquet_of(twice), vec![int("a")])).await.unwrap_err();
    assert!(matches!(twice, DataError::ColumnRepeated(column) if column == "a"));
}

#[tokio::test]
async fn values_that_the_footer_does_not_show_are_found_by_row() {
    let folder = Folder::new();
    let nan = array(Float64Array::from(vec![1.0, f64::NAN, 2.0]));
    let found = check(&spec(&folder, nan, float("a"))).await.unwrap_err();
    assert!(matches!(found, DataError::NotFinite { place: Place::Row(2), .. }));
    let infinite = array(Float64Array::from(vec![1.0, 1.0, f64::NEG_INFINITY]));
    let found = check(&spec(&folder, infinite, float("a"))).await.unwrap_err();
    assert!(matches!(found, DataError::NotFinite { place: Place::Row(3), .. }));
    let null = spec(&folder, array(StringArray::from(vec![None, Some("x")])), text("a"));
    assert!(matches!(check(&null).await.unwrap_err(), DataError::ValueMissing { place: Place::Row(1), .. }));
    // Opened without a check, the barrier still keeps what it promised about nulls.
    let session = open(null, Grant::columns(["a"])).await.unwrap();
    assert_eq!(dump(&session, "d").await.unwrap_err().code(), "value-missing");
}

#[tokio::test]
async fn what_is_no_parquet_file_is_refused() {
    let folder = Folder::new();
    let spec = |path| DatasetSpec::new("d", parquet_of(path), vec![int("a")]);
    let missing = check(&spec(folder.path("none.parquet"))).await.unwrap_err();
    assert_eq!(missing.code(), "source-missing");
    let text = check(&spec(folder.write("d.parquet", "a\n1\n"))).await.unwrap_err();
    assert!(matches!(text, DataError::WrongKind { found: FileKind::Text, .. }), "{text}");
    let path = folder.parquet("cut.parquet", vec![("a", array(Int64Array::from(vec![1])))]);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    let cut = check(&spec(path)).await.unwrap_err();
    assert!(matches!(cut, DataError::WrongKind { found: FileKind::NotParquet, .. }), "{cut}");
    let none = folder.parquet("empty.parquet", vec![("a", array(Int64Array::from(Vec::<i64>::new())))]);
    assert_eq!(check(&spec(none)).await.unwrap_err().code(), "dataset-empty");
}

#[tokio::test]
async fn a_path_means_one_file_whatever_its_characters() {
    let folder = Folder::new();
    folder.parquet("a.parquet", vec![("a", array(Int64Array::from(vec![1])))]);
    let path = folder.parquet("*[a] %20?字.parquet", vec![("a", array(Int64Array::from(vec![2])))]);
    let spec = DatasetSpec::new("d", parquet_of(path), vec![int("a")]);
    let session = open(spec, Grant::columns(["a"])).await.unwrap();
    assert_eq!(dump(&session, "d").await.unwrap(), ["2"]);
}
