//! What a grant may say, and what it then shows.

use datafusion::arrow::array::{Float64Array, Int32Array, Int64Array, StringArray};

use super::{Folder, answer, array, csv_of, dump, float, int, open, parquet_of, people, text};
use crate::{ColumnType, DatasetSpec, FieldSpec, Grant, Mask};

fn all(folder: &Folder) -> DatasetSpec {
    let columns = vec![
        ("id", array(StringArray::from(vec![Some("110101199001011234"), Some("字符串"), Some("x"), None]))),
        ("age", array(Int32Array::from(vec![-3, 17, 20, i32::MIN]))),
        ("pay", array(Int64Array::from(vec![999, 1000, -1, i64::MIN]))),
        ("rate", array(Float64Array::from(vec![0.74, 0.75, -0.1, 10.0]))),
    ];
    let source = parquet_of(folder.parquet("all.parquet", columns));
    let age = FieldSpec::new("age", ColumnType::Int32);
    DatasetSpec::new("t", source, vec![text("id").nullable(), age, int("pay"), float("rate")])
}

#[tokio::test]
async fn masks_replace_values_and_keep_types() {
    let folder = Folder::new();
    let grant = Grant::columns(["id", "age", "pay", "rate"])
        .with_mask("id", Mask::Prefix { chars: 2 })
        .with_mask("age", Mask::Bucket { width: 10.0 })
        .with_mask("pay", Mask::Bucket { width: 1000.0 })
        .with_mask("rate", Mask::Bucket { width: 0.25 });
    let session = open(all(&folder), grant).await.unwrap();
    let expected =
        ["11|-10|0|0.5", "字符|10|1000|0.75", "x|20|-1000|-0.25", "-|-2147483648|-9223372036854775808|10"];
    assert_eq!(dump(&session, "t").await.unwrap(), expected);
    let grant = Grant::columns(["id", "age", "rate"])
        .with_mask("id", Mask::Constant("redacted".into()))
        .with_mask("age", Mask::Null)
        .with_mask("rate", Mask::Constant("1.5".into()));
    let session = open(all(&folder), grant).await.unwrap();
    assert_eq!(dump(&session, "t").await.unwrap(), ["redacted|-|1.5"; 4]);
    let schema = session.schema("t").unwrap();
    assert_eq!(schema.iter().map(|field| field.nullable).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(answer(&session, "SELECT count(*), count(age) FROM t").await.unwrap(), ["4|0"]);
}

#[tokio::test]
async fn filters_on_a_masked_column_see_the_masked_values() {
    let folder = Folder::new();
    let grant = Grant::columns(["name", "y"]).with_mask("y", Mask::Bucket { width: 10.0 });
    let session = open(people(&folder), grant).await.unwrap();
    let names = async |condition: &str| {
        answer(&session, &format!("SELECT name FROM people WHERE {condition}")).await.unwrap()
    };
    assert_eq!(names("y = 10").await, ["ann", "bob", "dan", "eve", "fay"]);
    assert!(names("y = 13").await.is_empty());
    assert!(names("y > 10 AND y < 20").await.is_empty());
    assert_eq!(answer(&session, "SELECT max(y), sum(y) FROM people").await.unwrap(), ["20|70"]);
}

#[tokio::test]
async fn a_row_filter_may_use_columns_that_are_not_granted() {
    let folder = Folder::new();
    for (filter, expected) in [
        ("NOT hidden AND y >= 12", &["dan", "eve", "fay"][..]),
        ("hidden OR name IN ('ann', 'bob')", &["ann", "bob", "cyd"]),
        ("y BETWEEN 12 AND 13.5 AND name LIKE '_a%'", &["dan"]),
        ("hidden IS TRUE", &["cyd"]),
        ("y IS NULL", &[]),
        ("y = NULL", &[]),
        ("true", &["ann", "bob", "cyd", "dan", "eve", "fay"]),
    ] {
        let grant = Grant::columns(["name"]).with_row_filter(filter);
        let session = open(people(&folder), grant).await.unwrap();
        assert_eq!(dump(&session, "people").await.unwrap(), expected, "{filter}");
        assert_eq!(answer(&session, "SELECT name FROM people").await.unwrap(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_row_filter_compares_dates_with_text() {
    let folder = Folder::new();
    let source = csv_of(folder.write("d.csv", "n,day\n1,2024-01-31\n2,2024-02-01\n"));
    let spec = DatasetSpec::new("d", source, vec![int("n"), FieldSpec::new("day", ColumnType::Date32)]);
    let grant = Grant::columns(["n"]).with_row_filter("day >= '2024-02-01'");
    assert_eq!(dump(&open(spec, grant).await.unwrap(), "d").await.unwrap(), ["2"]);
}

#[tokio::test]
async fn a_row_filter_that_could_fail_on_a_row_is_refused() {
    let folder = Folder::new();
    for filter in [
        "1 / (y - 20) > 0",
        "y + 1 > 0",
        "name = 5",
        "CAST(name AS BIGINT) > 0",
        "name > y",
        "length(name) = 3",
        "y IN (SELECT y FROM people)",
        "EXISTS (SELECT 1)",
        "CASE WHEN hidden THEN true ELSE false END",
        "y",
        "nosuch = 1",
        "y = 1 y = 2",
        "y = 1; DROP TABLE people",
        "y = 1 AS z",
        "random() < 0.5",
        "",
        "y = ",
    ] {
        let grant = Grant::columns(["name"]).with_row_filter(filter);
        let found = open(people(&folder), grant).await.unwrap_err();
        assert_eq!(found.code(), "bad-grant", "{filter}");
    }
}

#[tokio::test]
async fn a_grant_must_fit_its_dataset() {
    let folder = Folder::new();
    let mask = |mask: Mask| Grant::columns(["name", "y", "hidden"]).with_mask("y", mask);
    for grant in [
        Grant::default(),
        Grant::columns(["name", "nosuch"]),
        Grant::columns(["name", "name"]),
        Grant::columns(["name"]).with_mask("y", Mask::Null),
        mask(Mask::Null).with_mask("y", Mask::Null),
        mask(Mask::Prefix { chars: 2 }),
        mask(Mask::Bucket { width: 0.0 }),
        mask(Mask::Bucket { width: -5.0 }),
        mask(Mask::Bucket { width: f64::NAN }),
        mask(Mask::Bucket { width: 2.5 }),
        mask(Mask::Bucket { width: 1e300 }),
        mask(Mask::Constant("many".into())),
        Grant::columns(["name"]).with_mask("name", Mask::Bucket { width: 1.0 }),
    ] {
        assert_eq!(open(people(&folder), grant.clone()).await.unwrap_err().code(), "bad-grant", "{grant:?}");
    }
}

#[tokio::test]
async fn columns_come_in_the_order_granted() {
    let folder = Folder::new();
    let session = open(people(&folder), Grant::columns(["y", "name"])).await.unwrap();
    let names: Vec<&str> =
        session.schema("people").unwrap().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["y", "name"]);
    assert_eq!(answer(&session, "SELECT * FROM people LIMIT 1").await.unwrap(), ["10|ann"]);
}
