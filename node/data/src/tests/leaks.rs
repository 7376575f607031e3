//! Attacks on the barrier. The first test shows the leak that the others close, so that they can fail.

use std::sync::Arc;

use datafusion::arrow::array::{BooleanArray, Int64Array};
use datafusion::catalog::TableProvider;
use datafusion::physical_plan::displayable;

use super::{Folder, answer, array, csv_of, int, open, parquet_of, people};
use crate::engine::{self, MemoryLimits};
use crate::{ColumnType, DataError, DatasetSpec, FieldSpec, Grant, JobSession, Mask, source};

/// Fails on the hidden row, where y = 20, and on no other.
const PROBE: &str = "SELECT name FROM people WHERE 1 / (y - 20) = 99";
/// The same for a value that no row has.
const CONTROL: &str = "SELECT name FROM people WHERE 1 / (y - 999) = 99";

fn visible() -> Grant {
    Grant::columns(["name", "y"]).with_row_filter("NOT hidden")
}

fn source_table(spec: &DatasetSpec) -> Arc<dyn TableProvider> {
    source::table(spec, source::open(spec).unwrap()).unwrap()
}

#[tokio::test]
async fn a_plain_view_leaks_the_hidden_row() {
    let folder = Folder::new();
    let session = engine::session(&MemoryLimits::default()).unwrap();
    session.register_table("source", source_table(&people(&folder))).unwrap();
    session.sql("CREATE VIEW people AS SELECT name, y FROM source WHERE NOT hidden").await.unwrap();
    let run = async |sql: &str| session.sql(sql).await.unwrap().collect().await;
    let error = run(PROBE).await.unwrap_err().to_string();
    assert!(error.contains("Divide by zero"), "{error}");
    run(CONTROL).await.unwrap();
}

#[tokio::test]
async fn the_divide_by_zero_probe_learns_nothing() {
    let folder = Folder::new();
    let session = open(people(&folder), visible()).await.unwrap();
    assert_eq!(answer(&session, PROBE).await.unwrap(), answer(&session, CONTROL).await.unwrap());
    // It does work on a row that may be seen: the probe itself is sound.
    let seen = answer(&session, "SELECT name FROM people WHERE 1 / (y - 12) = 99").await.unwrap_err();
    assert_eq!(seen.code(), "query-failed");
}

#[tokio::test]
async fn other_ways_to_fail_on_a_hidden_row_learn_nothing() {
    let folder = Folder::new();
    let session = open(people(&folder), visible()).await.unwrap();
    let probes = [
        ("SELECT name FROM people WHERE y > 0 AND 1 / (y - 20) = 99", 0),
        ("SELECT name FROM people WHERE CASE WHEN y = 20 THEN 1 / (y - y) = 1 ELSE true END", 5),
        ("SELECT name FROM people WHERE CAST(name AS BIGINT) IS NULL AND name = 'cyd'", 0),
        ("SELECT 1 / (y - 20) FROM people", 5),
        ("SELECT name FROM people ORDER BY 1 / (y - 20) LIMIT 1", 1),
        ("SELECT a.name FROM people a JOIN people b ON a.y = b.y AND 1 / (b.y - 20) < 99", 5),
        ("SELECT name FROM people WHERE y IN (SELECT y FROM people WHERE 1 / (y - 20) < 99)", 5),
        ("SELECT sum(1 / (y - 20)) FROM people", 1),
        ("SELECT y FROM people GROUP BY y HAVING max(1 / (y - 20)) < 99", 5),
    ];
    for (probe, rows) in probes {
        assert_eq!(answer(&session, probe).await.unwrap().len(), rows, "{probe}");
    }
}

#[tokio::test]
async fn counts_extremes_and_statistics_see_the_granted_rows_only() {
    let folder = Folder::new();
    let columns = vec![
        ("y", array(Int64Array::from(vec![10, 20, 12]))),
        ("hidden", array(BooleanArray::from(vec![false, true, false]))),
    ];
    let fields = vec![int("y"), FieldSpec::new("hidden", ColumnType::Boolean)];
    let spec = DatasetSpec::new("t", parquet_of(folder.parquet("t.parquet", columns)), fields);
    let grant = Grant::columns(["y"]).with_row_filter("hidden = false");
    let session = open(spec, grant).await.unwrap();
    assert_eq!(answer(&session, "SELECT count(*), min(y), max(y) FROM t").await.unwrap(), ["2|10|12"]);
    assert_eq!(answer(&session, "SELECT count(*) FROM t WHERE y = 20").await.unwrap(), ["0"]);
}

async fn plan(session: &JobSession, sql: &str) -> String {
    let state = session.engine().state();
    let plan = state.create_physical_plan(&state.create_logical_plan(sql).await.unwrap()).await.unwrap();
    displayable(plan.as_ref()).indent(false).to_string()
}

/// The plan's text above and below the line of the barrier.
async fn split(session: &JobSession, sql: &str) -> (String, String) {
    let plan = plan(session, sql).await;
    let (above, below) = plan.split_once("PolicyExec").unwrap_or_else(|| panic!("no barrier in\n{plan}"));
    (above.to_owned(), below.to_owned())
}

fn numbers(folder: &Folder) -> DatasetSpec {
    let column = || array(Int64Array::from_iter_values(0..100));
    let path = folder.parquet("n.parquet", vec![("a", column()), ("b", column()), ("c", column())]);
    DatasetSpec::new("n", parquet_of(path), vec![int("a"), int("b"), int("c")])
}

#[tokio::test]
async fn only_comparisons_with_literals_go_below_the_barrier() {
    let folder = Folder::new();
    let grant = Grant::columns(["a", "b", "c"]).with_mask("b", Mask::Bucket { width: 10.0 });
    let session = open(numbers(&folder), grant).await.unwrap();
    let (above, below) =
        split(&session, "SELECT a FROM n WHERE a < 50 AND 1 / (c - 20) < 9 AND b = 10").await;
    assert!(below.contains("predicate=a@0 < 50") && above.contains("a@0 < 50"), "{above}\n{below}");
    assert!(!below.contains("- 20") && above.contains("- 20"), "{above}\n{below}");
    assert!(!below.contains("= 10") && above.contains("= 10"), "{above}\n{below}");
    for fallible in ["a + 1 < 9", "a = c", "a < 5 OR c < 5", "a IN (1, 2, 3, 4)", "NOT a < 5 AND a % 2 = 0"] {
        let (_, below) = split(&session, &format!("SELECT c FROM n WHERE {fallible}")).await;
        assert!(
            !below.contains("< 5 OR") && !below.contains('%') && !below.contains(" + "),
            "{fallible}: {below}"
        );
    }
}

#[tokio::test]
async fn limits_and_sorts_and_joins_stay_above_the_barrier() {
    let folder = Folder::new();
    let session = open(numbers(&folder), Grant::columns(["a", "b"])).await.unwrap();
    for sql in [
        "SELECT a FROM n ORDER BY b DESC LIMIT 3",
        "SELECT x.a FROM n x JOIN n y ON x.a = y.b WHERE y.a + 0 < 3",
        "SELECT a FROM n LIMIT 1",
    ] {
        let plan = plan(&session, sql).await;
        for scan in plan.split("PolicyExec").skip(1) {
            let below = scan.lines().nth(1).unwrap_or_default();
            let bare =
                !["Dynamic", "predicate", "limit", "TopK", "Sort"].iter().any(|word| below.contains(word));
            assert!(bare, "{sql}\n{plan}");
        }
    }
}

#[tokio::test]
async fn expressions_of_the_view_do_not_run_earlier_for_a_callers_filter() {
    let folder = Folder::new();
    let spec = DatasetSpec { fields: vec![int("a"), int("r")], ..numbers(&folder) };
    let computed = spec.clone().with_view("SELECT a, 100 / (a - 20) AS r FROM source WHERE a <> 20");
    let session = open(computed, Grant::columns(["a", "r"])).await.unwrap();
    let (_, below) = split(&session, "SELECT a FROM n WHERE r = 5 AND a > 7").await;
    assert!(!below.contains("= 5") && below.contains("a@0 > 7"), "{below}");
    assert_eq!(
        answer(&session, "SELECT a FROM n WHERE r = 5 AND a > 7").await.unwrap(),
        ["37", "38", "39", "40"]
    );
    let fallible = spec.with_view("SELECT a, c AS r FROM source WHERE a <> 20 AND 100 / (a - 20) > 4");
    let session = open(fallible, Grant::columns(["a", "r"])).await.unwrap();
    let (_, below) = split(&session, "SELECT r FROM n WHERE a > 7").await;
    assert!(!below.contains("> 7"), "{below}");
}

#[tokio::test]
async fn a_row_filter_does_not_run_expressions_of_the_view_on_rows_it_leaves_out() {
    let folder = Folder::new();
    let rows: String = (0..100).map(|a| format!("{a}\n")).collect();
    let source = csv_of(folder.write("n.csv", format!("a\n{rows}")));
    let spec = DatasetSpec::new("n", source, vec![int("a"), int("r")])
        .with_view("SELECT a, 100 / (a - 20) AS r FROM source WHERE a <> 20");
    let grant = Grant::columns(["a", "r"]).with_row_filter("r >= 20 AND a > 0");
    let session = open(spec, grant).await.unwrap();
    assert_eq!(super::dump(&session, "n").await.unwrap(), ["21|100", "22|50", "23|33", "24|25", "25|20"]);
    assert_eq!(answer(&session, "SELECT a FROM n WHERE a >= 25").await.unwrap(), ["25"]);
}

#[tokio::test]
async fn a_column_that_is_not_granted_is_one_that_does_not_exist() {
    let folder = Folder::new();
    let session = open(people(&folder), Grant::columns(["name"])).await.unwrap();
    for (hidden, absent) in [
        ("SELECT hidden FROM people", "SELECT nosuch FROM people"),
        ("SELECT name FROM people WHERE hidden", "SELECT name FROM people WHERE nosuch"),
        ("SELECT name FROM people ORDER BY y", "SELECT name FROM people ORDER BY z"),
        ("SELECT name FROM source", "SELECT name FROM nosuch"),
    ] {
        let (hidden, absent) =
            (answer(&session, hidden).await.unwrap_err(), answer(&session, absent).await.unwrap_err());
        assert_eq!((hidden.code(), hidden.public_message()), (absent.code(), absent.public_message()));
        assert_eq!(hidden.code(), "bad-query");
        let anonymous = |error: &DataError, names: [&str; 3]| {
            names.iter().fold(error.to_string(), |text, name| {
                text.replace(&format!(" {name}"), " _").replace(&format!(".{name}"), "._")
            })
        };
        assert_eq!(
            anonymous(&hidden, ["hidden", "y", "source"]),
            anonymous(&absent, ["nosuch", "z", "nosuch"])
        );
    }
    assert_eq!(answer(&session, "SELECT * FROM people LIMIT 1").await.unwrap(), ["ann"]);
}

#[tokio::test]
async fn errors_tell_no_values_and_to_consumers_no_places() {
    let folder = Folder::new();
    let session = open(people(&folder), visible()).await.unwrap();
    let error = answer(&session, "SELECT CAST(name AS BIGINT) FROM people").await.unwrap_err();
    assert_eq!(error.code(), "query-failed");
    assert!(!error.to_string().contains("ann") && !error.public_message().contains("ann"));
    let spec = people(&folder);
    folder.write("people.csv", "name,y,hidden\nann,10,false\nbob,secret,false\n");
    let session = open(spec, visible()).await.unwrap();
    let error = answer(&session, "SELECT y FROM people").await.unwrap_err();
    assert_eq!((error.code(), error.fault()), ("value-broken", crate::Fault::Owner));
    assert!(error.to_string().contains("line 3, column `y`") && !error.to_string().contains("secret"));
    assert!(!error.public_message().contains("secret") && !error.public_message().contains('3'));
}

#[tokio::test]
async fn one_enforcement_point_serves_scans_and_queries() {
    let folder = Folder::new();
    let session = Arc::new(open(people(&folder), visible()).await.unwrap());
    let scanned = super::dump(&session, "people").await.unwrap();
    assert_eq!(scanned, answer(&session, "SELECT name, y FROM people").await.unwrap());
    assert_eq!(scanned, ["ann|10", "bob|11", "dan|12", "eve|13", "fay|14"]);
}
