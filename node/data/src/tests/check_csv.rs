//! Every way in which a CSV file can be wrong, and what the owner is told.

use std::path::Path;

use super::{Folder, answer, csv_of, dump, file, float, int, open, text};
use crate::{ColumnType, DataError, DatasetSpec, FieldSpec, Grant, Place, SourceSpec, check};

fn spec(folder: &Folder, content: impl AsRef<[u8]>) -> DatasetSpec {
    DatasetSpec::new("d", csv_of(folder.write("d.csv", content)), vec![int("a"), float("b")])
}

async fn error(content: impl AsRef<[u8]>) -> DataError {
    let folder = Folder::new();
    check(&spec(&folder, content)).await.unwrap_err()
}

#[tokio::test]
async fn a_good_file_is_counted_and_measured() {
    let folder = Folder::new();
    let content = "a,b,extra\n1,0.5,x\n-2,1e3,y\n";
    let checked = check(&spec(&folder, content)).await.unwrap();
    assert_eq!((checked.rows, checked.bytes), (2, content.len() as u64));
    assert!(checked.modified_ms > 0);
}

#[tokio::test]
async fn the_shipped_demo_slices_are_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo");
    for (slice, rows) in [("a", 120), ("b", 189), ("c", 260)] {
        let path = folder.join(format!("screening-{slice}.csv"));
        let header = std::fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
        let mut fields: Vec<FieldSpec> = header.split(',').map(float).collect();
        fields.last_mut().unwrap().ty = ColumnType::Int32;
        assert_eq!((fields.len(), fields[30].name.as_str()), (31, "benign"));
        let spec = DatasetSpec::new("screening", csv_of(path), fields);
        assert_eq!(check(&spec).await.unwrap().rows, rows);
    }
}

#[tokio::test]
async fn a_missing_file_and_a_folder_are_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    let spec = |path| DatasetSpec::new("d", csv_of(path), vec![int("a")]);
    let missing = check(&spec(folder.path("none.csv"))).await.unwrap_err();
    assert!(matches!(&missing, DataError::SourceMissing(name) if name == Path::new("none.csv")));
    let is_folder = check(&spec(folder.path("folder"))).await.unwrap_err();
    assert_eq!(is_folder.code(), "source-unreadable");
}

#[tokio::test]
async fn files_without_rows_are_empty() {
    for content in ["", "a,b\n", "a,b", "\n\n", "a,b\n\n\n"] {
        assert_eq!(error(content).await.code(), "dataset-empty", "{content:?}");
    }
}

#[tokio::test]
async fn a_row_with_the_wrong_number_of_cells_is_found_by_line() {
    let cases = [
        ("a,b\n1,2\n3,4\n5\n6,7\n", 4, 1),
        ("a,b\r\n1,2\r\n3,4\r\n5,6,7\r\n", 4, 3),
        ("a,b\n\n1,2\n\n\n3\n", 6, 1),
        ("a,b,c\n1,2,\"two\nlines\"\n3,4\n", 4, 2),
        ("\u{feff}a,b\n1,2\n3,4,5\n", 3, 3),
    ];
    for (content, at, cells) in cases {
        let found = error(content).await;
        assert!(
            matches!(found, DataError::RowBroken { line, found, .. } if line == at && found == cells),
            "{content:?}: {found}"
        );
    }
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_found_where_it_opens() {
    // It swallows the rest of the file as one cell of the row it began in.
    let found = error("a,b\n1,2\n3,\"4\n5,6\n7,8\n").await;
    assert!(
        matches!(&found, DataError::ValueBroken { place: Place::Line(3), column, .. } if column == "b"),
        "{found}"
    );
}

#[tokio::test]
async fn a_quote_that_is_never_closed_does_not_eat_the_memory() {
    let mut content = b"a,b\n1,2\n3,\"4\n".to_vec();
    content.resize(20 << 20, b'x');
    assert!(matches!(error(content).await, DataError::RowTooLong { line: 3, .. }));
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_found_by_line_and_column() {
    let found = error("a,b\n1,0.5\n2,0.5\ntwelve,0.5\n").await;
    assert_eq!(
        found.to_string(),
        "line 4, column `a`: not a value of type int64; correct the cell or the type"
    );
    assert_eq!(found.code(), "value-broken");
    assert!(!found.public_message().contains("twelve"));
    assert!(matches!(error("a,b\n1.5,1\n").await, DataError::ValueBroken { place: Place::Line(2), .. }));
    assert!(matches!(error("a,b\n1,\"1,5\"\n").await, DataError::ValueBroken { .. }));
}

#[tokio::test]
async fn numbers_that_are_not_finite_are_refused() {
    for cell in ["NaN", "nan", "inf", "-Infinity", "1e999"] {
        let found = error(format!("a,b\n1,1\n2,{cell}\n")).await;
        assert!(
            matches!(found, DataError::NotFinite { place: Place::Line(3), column } if column == "b"),
            "{cell}"
        );
    }
}

#[tokio::test]
async fn an_empty_cell_needs_a_nullable_field() {
    let folder = Folder::new();
    let mut spec = spec(&folder, "a,b\n1,\n2,3\n");
    let found = check(&spec).await.unwrap_err();
    assert!(matches!(found, DataError::ValueMissing { place: Place::Line(2), column } if column == "b"));
    spec.fields[1].nullable = true;
    assert_eq!(check(&spec).await.unwrap().rows, 2);
    let session = open(spec, Grant::columns(["b"])).await.unwrap();
    assert_eq!(dump(&session, "d").await.unwrap(), ["-", "3"]);
}

#[tokio::test]
async fn text_must_be_utf8() {
    let folder = Folder::new();
    let source = csv_of(folder.write("d.csv", b"a,b\n1,ok\n2,caf\xe9\n"));
    let found = check(&DatasetSpec::new("d", source, vec![int("a"), text("b")])).await.unwrap_err();
    assert!(matches!(found, DataError::NotUtf8 { line: 3, column, gbk: false } if column == "b"));
    assert!(matches!(error(b"a,\xff\n1,2\n").await, DataError::NotUtf8 { line: 1, .. }));
}

#[tokio::test]
async fn columns_must_be_there_and_be_there_once() {
    assert!(matches!(error("a,c\n1,2\n").await, DataError::ColumnMissing { column, .. } if column == "b"));
    assert!(
        matches!(error("a,A,B\n1,2,3\n").await, DataError::ColumnMissing { column, .. } if column == "b")
    );
    assert!(matches!(error("a,b,a\n1,2,3\n").await, DataError::ColumnRepeated(column) if column == "a"));
}

#[tokio::test]
async fn a_file_without_header_is_named_by_position() {
    let folder = Folder::new();
    let path = folder.write("d.csv", "1;0.5\n2;0.25\n");
    let source = SourceSpec::Csv { file: file(&path), has_header: false, delimiter: b';', time_zone: None };
    let spec = DatasetSpec::new("d", source, vec![int("a"), float("b")]);
    assert_eq!(check(&spec).await.unwrap().rows, 2);
    let session = open(spec.clone(), Grant::columns(["b", "a"])).await.unwrap();
    assert_eq!(dump(&session, "d").await.unwrap(), ["0.5|1", "0.25|2"]);
    folder.write("d.csv", "1;0.5;9\n");
    let found = check(&spec).await.unwrap_err();
    assert!(matches!(found, DataError::RowBroken { line: 1, found: 3, expected: 2 }));
}

#[tokio::test]
async fn a_file_that_changed_after_its_check_is_noticed() {
    let folder = Folder::new();
    let spec = spec(&folder, "a,b\n1,2\n");
    let checked = check(&spec).await.unwrap();
    checked.confirm(&spec).unwrap();
    folder.write("d.csv", "a,b\n1,2\n3,4\n");
    assert_eq!(checked.confirm(&spec).unwrap_err().code(), "source-changed");
    std::fs::remove_file(folder.path("d.csv")).unwrap();
    assert_eq!(checked.confirm(&spec).unwrap_err().code(), "source-missing");
}

#[tokio::test]
async fn a_header_that_changes_under_an_open_job_is_noticed() {
    let folder = Folder::new();
    let session = open(spec(&folder, "a,b\n1,2\n"), Grant::columns(["a"])).await.unwrap();
    folder.write("d.csv", "b,a\n1,2\n");
    assert_eq!(dump(&session, "d").await.unwrap_err().code(), "source-changed");
    assert_eq!(answer(&session, "SELECT a FROM d").await.unwrap_err().code(), "source-changed");
}

#[tokio::test]
async fn each_type_is_read_as_it_is_written() {
    let folder = Folder::new();
    let content = "\
flag,small,big,real,word,day,time
true,-2147483648,9223372036854775807,0.1,\"a,\"\"b\"\"\",1970-01-02,1970-01-01T00:00:01Z
0, 7 ,-1,1e-3, x ,9999-12-31,2024-02-29T04:00:00.123456Z
FALSE,+3,0,-0.0,字,19700101,1969-12-31 23:59:59
";
    let types = ColumnType::ALL.into_iter();
    let names = ["flag", "small", "big", "real", "word", "day", "time"];
    let fields: Vec<FieldSpec> =
        names.into_iter().zip(types).map(|(name, ty)| FieldSpec::new(name, ty)).collect();
    let spec = DatasetSpec::new("d", csv_of(folder.write("d.csv", content)), fields);
    let session = open(spec, Grant::columns(names)).await.unwrap();
    assert_eq!(
        dump(&session, "d").await.unwrap(),
        [
            "true|-2147483648|9223372036854775807|0.1|a,\"b\"|1|1000000",
            "false|7|-1|0.001| x |2932896|1709179200123456",
            "false|3|0|-0|字|0|-1000000",
        ]
    );
}

#[tokio::test]
async fn values_that_almost_fit_are_refused() {
    let cases = [
        (ColumnType::Boolean, "yes"),
        (ColumnType::Int32, "2147483648"),
        (ColumnType::Int64, "1.0"),
        (ColumnType::Float64, "0x10"),
        (ColumnType::Date32, "2023-02-29"),
        (ColumnType::Date32, "2024-01-01T10:00:00"),
        (ColumnType::Date32, "2024-01-01Z"),
        (ColumnType::Date32, "2024-01-01+08"),
        (ColumnType::Date32, "31.12.2024"),
        (ColumnType::TimestampUs, "2024-01-01T25:00:00"),
    ];
    let folder = Folder::new();
    for (ty, cell) in cases {
        let source = csv_of(folder.write("d.csv", format!("a\n{cell}\n")));
        let found = check(&DatasetSpec::new("d", source, vec![FieldSpec::new("a", ty)])).await.unwrap_err();
        assert!(
            matches!(found, DataError::ValueBroken { expected, .. } if expected == ty),
            "{ty} {cell}: {found}"
        );
    }
}

#[tokio::test]
async fn a_descriptor_that_cannot_be_right_is_refused() {
    let folder = Folder::new();
    let good = spec(&folder, "a,b\n1,2\n");
    let no_fields = DatasetSpec { fields: vec![], ..good.clone() };
    let twice = DatasetSpec { fields: vec![int("a"), float("a")], ..good.clone() };
    let unnamed = DatasetSpec { fields: vec![int("")], ..good.clone() };
    let nameless = DatasetSpec { name: String::new(), ..good.clone() };
    let source = SourceSpec::Csv {
        file: good.source.file().clone(),
        has_header: true,
        delimiter: b'\n',
        time_zone: None,
    };
    let delimiter = DatasetSpec { source, ..good };
    for bad in [no_fields, twice, unnamed, nameless, delimiter] {
        assert_eq!(check(&bad).await.unwrap_err().code(), "bad-spec");
    }
    assert_eq!("float".parse::<ColumnType>().unwrap_err().code(), "bad-spec");
    assert_eq!("timestamp-us".parse::<ColumnType>().unwrap(), ColumnType::TimestampUs);
}
