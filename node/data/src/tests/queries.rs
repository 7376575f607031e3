//! What a consumer's SQL can and cannot do.

use super::{Folder, answer, csv_of, int, open, people};
use crate::{DatasetSpec, Grant, JobSession, MemoryLimits};

#[tokio::test]
async fn a_select_over_the_jobs_tables_runs() {
    let folder = Folder::new();
    let source = csv_of(folder.write("o.csv", "y,z\n11,1\n13,2\n99,3\n"));
    let other = (DatasetSpec::new("other", source, vec![int("y"), int("z")]), Grant::columns(["y", "z"]));
    let people = (people(&folder), Grant::columns(["name", "y"]));
    let session = JobSession::open(vec![people, other], MemoryLimits::default()).await.unwrap();
    assert_eq!(session.names().collect::<Vec<_>>(), ["people", "other"]);
    let sql =
        "WITH o AS (SELECT * FROM other) SELECT name, z FROM people JOIN o ON people.y = o.y ORDER BY z DESC";
    assert_eq!(answer(&session, sql).await.unwrap(), ["eve|2", "bob|1"]);
    let sql = "SELECT y FROM people INTERSECT SELECT y FROM other ORDER BY y";
    assert_eq!(answer(&session, sql).await.unwrap(), ["11", "13"]);
}

#[tokio::test]
async fn everything_but_a_select_is_refused() {
    let folder = Folder::new();
    let session = open(people(&folder), Grant::columns(["name", "y"])).await.unwrap();
    let path = folder.path("people.csv");
    let cases = [
        "INSERT INTO people VALUES ('x', 1)",
        "UPDATE people SET y = 1",
        "DELETE FROM people",
        "DROP TABLE people",
        "CREATE VIEW v AS SELECT * FROM people",
        "CREATE TABLE t AS SELECT * FROM people",
        "COPY people TO 'out.csv'",
        "COPY (SELECT * FROM people) TO 'out.csv'",
        "EXPLAIN SELECT * FROM people",
        "EXPLAIN ANALYZE SELECT * FROM people",
        "DESCRIBE people",
        "SHOW TABLES",
        "SHOW ALL",
        "SET datafusion.execution.target_partitions = 8",
        "PREPARE p AS SELECT 1",
        "SELECT name FROM people; SELECT y FROM people",
        "SELECT * INTO t FROM people",
        "TABLE people",
        "VALUES (1)",
        "BEGIN",
        "",
        ";",
        "SELECT * FROM information_schema.columns",
        "SELECT * FROM generate_series(1, 10)",
        "SELECT * FROM source",
        "SELECT input_file_name() FROM people",
        "SELECT now()",
        "SELECT random()",
        &format!("SELECT * FROM '{}'", path.display()),
        &format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{}'", path.display()),
        "SELECT [1, 2]",
        "SELECT interval '1 day'",
    ];
    for sql in cases {
        let found = answer(&session, sql).await.unwrap_err();
        assert_eq!(found.code(), "bad-query", "{sql}: {found}");
    }
    assert_eq!(answer(&session, "SELECT count(*) FROM people").await.unwrap(), ["6"]);
}

/// The longest chains of each kind that the bound lets through; a stack overflow would end the test process.
#[tokio::test]
async fn sql_as_deep_as_allowed_does_not_overflow_a_stack() {
    let folder = Folder::new();
    let session = open(people(&folder), Grant::columns(["y", "name"])).await.unwrap();
    let tables = |link: &str, count: usize| {
        (1..=count).map(|at| link.replace('#', &at.to_string())).collect::<String>()
    };
    let cases = [
        (format!("SELECT y{} FROM people LIMIT 1", " + y".repeat(240)), "2410"),
        (format!("SELECT y{} FROM people LIMIT 1", "::bigint".repeat(120)), "10"),
        (format!("SELECT count(*) FROM people WHERE y = 1{}", " OR y * 2 = 20".repeat(80)), "1"),
        (format!("SELECT count(*) FROM people WHERE {}y = 10", "NOT ".repeat(40)), "1"),
        (format!("SELECT y{} FROM people LIMIT 1", " IS NULL".repeat(120)), "false"),
        (format!("SELECT {}y{} FROM people LIMIT 1", "abs(".repeat(20), ")".repeat(20)), "10"),
        (
            format!(
                "SELECT sum(y) FROM (SELECT y FROM people{})",
                " UNION ALL SELECT y FROM people".repeat(55)
            ),
            "4480",
        ),
        (format!("SELECT sum(y) FROM {}people{}", "(SELECT y FROM ".repeat(20), ")".repeat(20)), "80"),
        (format!("SELECT sum(t.y) FROM people t{}", tables(" JOIN people t# ON t.y = t#.y", 45)), "80"),
        (format!("SELECT t.y FROM people t{} LIMIT 1", tables(" CROSS JOIN (SELECT 1) t#", 34)), "10"),
        (format!("SELECT t.y FROM people t{} LIMIT 1", tables(", (SELECT 1) t#", 40)), "10"),
    ];
    for (sql, expected) in cases {
        match answer(&session, &sql).await {
            Ok(rows) => assert_eq!(rows, [expected], "{sql}"),
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

#[tokio::test]
async fn sql_beyond_the_bound_is_refused_before_it_is_planned() {
    let folder = Folder::new();
    let session = open(people(&folder), Grant::columns(["y"])).await.unwrap();
    for sql in [
        format!("SELECT y{} FROM people", " + y".repeat(100_000 / 4)),
        format!("SELECT y FROM people{}", ", people".repeat(100)),
        format!("SELECT y FROM people{}", " CROSS JOIN people".repeat(100)),
        format!("SELECT {}y{} FROM people", "(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT '{}'", "x".repeat(300 << 10)),
    ] {
        let found = answer(&session, &sql).await.unwrap_err();
        assert_eq!(found.code(), "bad-query");
        assert!(found.to_string().contains("more than"), "{found}");
    }
    // Width costs nothing: a list of columns is not deep.
    let wide: Vec<String> = (0..2_000).map(|at| format!("y AS y{at}")).collect();
    let wide = format!("SELECT {} FROM people", wide.join(", ").replace(" AS ", " "));
    assert_eq!(answer(&session, &wide).await.unwrap().len(), 6);
}

fn words(folder: &Folder) -> DatasetSpec {
    let mut content = String::from("w,n\n");
    for n in 0..20_000u64 {
        let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        content.push_str(&format!("{mixed:064x},{n}\n"));
    }
    let source = csv_of(folder.write("words.csv", content));
    DatasetSpec::new("words", source, vec![super::text("w"), int("n")])
}

#[tokio::test]
async fn a_query_that_needs_more_memory_than_allowed_is_refused() {
    let folder = Folder::new();
    let limits = MemoryLimits { memory_bytes: 1 << 20, ..MemoryLimits::default() };
    let dataset = (words(&folder), Grant::columns(["w", "n"]));
    let session = JobSession::open(vec![dataset], limits).await.unwrap();
    for sql in [
        "SELECT w FROM words ORDER BY w",
        "SELECT w, count(*) FROM words GROUP BY w",
        "SELECT a.n FROM words a JOIN words b ON a.w = b.w",
    ] {
        let found = answer(&session, sql).await.unwrap_err();
        assert_eq!((found.code(), found.fault()), ("resources", crate::Fault::Node), "{sql}: {found}");
    }
    assert_eq!(answer(&session, "SELECT count(*), sum(n) FROM words").await.unwrap(), ["20000|199990000"]);
}

#[tokio::test]
async fn what_does_not_fit_in_memory_goes_to_the_spill_folder_within_its_quota() {
    let folder = Folder::new();
    let spill = folder.path("spill");
    let with =
        |spill_bytes| MemoryLimits { memory_bytes: 12 << 20, spill_dir: Some(spill.clone()), spill_bytes };
    let sql = "SELECT a.w FROM words a, (SELECT n FROM words WHERE n < 8) b ORDER BY a.w, b.n";
    let open = async |spill_bytes| {
        let dataset = (words(&folder), Grant::columns(["w", "n"]));
        JobSession::open(vec![dataset], with(spill_bytes)).await.unwrap()
    };
    let rows = answer(&open(256 << 20).await, sql).await.unwrap();
    assert_eq!(rows.len(), 160_000);
    assert!(rows.is_sorted());
    let found = answer(&open(1 << 20).await, sql).await.unwrap_err();
    assert_eq!(found.code(), "resources", "{found}");
}
