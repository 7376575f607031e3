//! Views: one `SELECT` over `source`, and exactly the declared fields.

use super::{Folder, PEOPLE, csv_of, dump, float, int, open, people, text};
use crate::{ColumnType, DataError, DatasetSpec, FieldSpec, Grant, Place, check};

#[tokio::test]
async fn a_view_selects_computes_and_types() {
    let folder = Folder::new();
    let content = "who,born,score\nann,1990-05-01,3\nbob,2001-07-09,4\n";
    let fields = vec![text("who"), int("year"), float("half")];
    let spec = DatasetSpec::new("d", csv_of(folder.write("d.csv", content)), fields)
        .with_view("SELECT score / 2.0 AS half, who, CAST(date_part('year', born) AS BIGINT) AS year FROM source WHERE score > 3")
        .with_source_fields(vec![FieldSpec::new("born", ColumnType::Date32), int("score")]);
    assert_eq!(check(&spec).await.unwrap().rows, 1);
    let session = open(spec, Grant::columns(["who", "year", "half"])).await.unwrap();
    assert_eq!(dump(&session, "d").await.unwrap(), ["bob|2001|2"]);
}

#[tokio::test]
async fn columns_that_nobody_typed_are_text_for_the_view() {
    let folder = Folder::new();
    let source = csv_of(folder.write("p.csv", PEOPLE));
    let spec =
        DatasetSpec::new("p", source, vec![int("y")]).with_view("SELECT y FROM source WHERE hidden = 'true'");
    let session = open(spec, Grant::columns(["y"])).await.unwrap();
    assert_eq!(dump(&session, "p").await.unwrap(), ["20"]);
}

#[tokio::test]
async fn anything_but_one_select_over_the_source_is_refused() {
    let folder = Folder::new();
    let other = folder.write("other.csv", PEOPLE);
    let from_file = format!("SELECT name, y, hidden FROM '{}'", other.display());
    let chain = format!("SELECT name, y{}, hidden FROM source", " + y".repeat(2_000));
    let cases = [
        "",
        "SELECT name, y, hidden FROM people",
        "SELECT name, y, hidden FROM source; SELECT 1",
        "SELECT name, y, hidden FROM source; DROP TABLE source",
        "SELECT * INTO copy FROM source",
        "DELETE FROM source",
        "INSERT INTO source VALUES ('x', 1, true)",
        "CREATE TABLE t AS SELECT * FROM source",
        "COPY source TO 'out.csv'",
        "EXPLAIN SELECT * FROM source",
        "VALUES ('x', 1, true)",
        "SET datafusion.execution.batch_size = 1",
        "SELECT table_name AS name, 1 AS y, true AS hidden FROM information_schema.tables",
        "SELECT 'x' AS name, value AS y, true AS hidden FROM generate_series(1, 3)",
        "SELECT name, CAST(random() * 10 AS BIGINT) AS y, hidden FROM source",
        "SELECT CAST(now() AS VARCHAR) AS name, y, hidden FROM source",
        "SELECT CAST(current_date AS VARCHAR) AS name, y, hidden FROM source",
        "SELECT name, y, nothing AS hidden FROM source",
        "SELEC name FROM source",
        &from_file,
        &chain,
    ];
    for view in cases {
        let found = check(&people(&folder).with_view(view)).await.unwrap_err();
        assert!(matches!(found.code(), "bad-view" | "column-missing"), "{view}: {found}");
    }
}

#[tokio::test]
async fn a_view_must_yield_the_declared_fields() {
    let folder = Folder::new();
    let with = |view: &str| people(&folder).with_view(view);
    let missing = check(&with("SELECT name, y FROM source")).await.unwrap_err();
    assert!(matches!(missing, DataError::ColumnMissing { column, .. } if column == "hidden"));
    let typed = check(&with("SELECT name, CAST(y AS DOUBLE) AS y, hidden FROM source")).await.unwrap_err();
    assert!(matches!(typed, DataError::TypeMismatch { column, .. } if column == "y"));
    let twice = check(&with("SELECT a.name, a.y, a.hidden, b.y FROM source a, source b")).await.unwrap_err();
    assert!(matches!(twice, DataError::ColumnRepeated(column) if column == "y"));
}

#[tokio::test]
async fn what_a_view_makes_is_checked_by_row() {
    let folder = Folder::new();
    let source = csv_of(folder.write("d.csv", "a\n2\n0\n"));
    let field = DatasetSpec::new("d", source, vec![float("r")]).with_source_fields(vec![float("a")]);
    let not_finite = check(&field.clone().with_view("SELECT 0.0 / a AS r FROM source")).await.unwrap_err();
    assert!(matches!(not_finite, DataError::NotFinite { place: Place::Row(2), .. }));
    let null = check(&field.clone().with_view("SELECT NULLIF(a, 2) AS r FROM source")).await.unwrap_err();
    assert!(matches!(null, DataError::ValueMissing { place: Place::Row(1), .. }));
    let none = check(&field.clone().with_view("SELECT a AS r FROM source WHERE a > 9")).await.unwrap_err();
    assert_eq!(none.code(), "dataset-empty");
    let failing = field.with_view("SELECT CAST(1 / CAST(a AS BIGINT) AS DOUBLE) AS r FROM source");
    assert_eq!(check(&failing).await.unwrap_err().code(), "read-failed");
}

#[tokio::test]
async fn a_broken_line_under_a_view_is_still_found_by_line() {
    let folder = Folder::new();
    let source = csv_of(folder.write("d.csv", "a\n2\nx\n"));
    let spec = DatasetSpec::new("d", source, vec![int("a")])
        .with_view("SELECT sum(a) AS a FROM (SELECT a FROM source ORDER BY a)");
    assert!(matches!(check(&spec).await.unwrap_err(), DataError::ValueBroken { place: Place::Line(3), .. }));
}
