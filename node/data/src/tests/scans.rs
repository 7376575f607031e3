//! What reaches the sandbox: which columns, in which batches, in which order.

use super::{Folder, csv_of, drain, dump, int, open, people};
use crate::{BATCH_ROWS, ColumnData, DataError, DatasetSpec, Grant};

fn count(folder: &Folder, rows: u64) -> DatasetSpec {
    let mut content = String::from("n,m\n");
    (0..rows).for_each(|n| content.push_str(&format!("{n},{}\n", n % 7)));
    DatasetSpec::new("t", csv_of(folder.write("t.csv", content)), vec![int("n"), int("m")])
}

#[tokio::test]
async fn rows_come_in_file_order_and_in_full_batches() {
    let folder = Folder::new();
    let session = open(count(&folder, 120_001), Grant::columns(["n"])).await.unwrap();
    let batches = drain(session.scan("t", &[0], 0).await.unwrap()).await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.rows).collect::<Vec<_>>(), [BATCH_ROWS, BATCH_ROWS, 20_001]);
    let mut next = 0;
    for batch in &batches {
        let ColumnData::I64(values) = &batch.columns[0].data else { panic!("not int64") };
        assert!(values.iter().copied().eq(next..next + i64::from(batch.rows)));
        next += i64::from(batch.rows);
    }
}

#[tokio::test]
async fn batches_are_full_whatever_was_filtered_out() {
    let folder = Folder::new();
    let session = open(count(&folder, 70_000), Grant::columns(["n"]).with_row_filter("m = 3")).await.unwrap();
    let sizes = async |max_rows| -> Vec<u32> {
        let batches = drain(session.scan("t", &[0], max_rows).await.unwrap()).await.unwrap();
        batches.iter().map(|batch| batch.rows).collect()
    };
    assert_eq!(sizes(3_000).await, [3_000, 3_000, 3_000, 1_000]);
    assert_eq!(sizes(u32::MAX).await, [10_000]);
}

#[tokio::test]
async fn the_same_job_sees_the_same_batches_each_time() {
    let folder = Folder::new();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let session =
            open(count(&folder, 60_000), Grant::columns(["n", "m"]).with_row_filter("m <> 2")).await.unwrap();
        let scanned = drain(session.scan("t", &[1, 0], 1_000).await.unwrap()).await.unwrap();
        let grouped = session.query("SELECT m, sum(n), avg(n) FROM t GROUP BY m").await.unwrap();
        seen.push((scanned, drain(grouped).await.unwrap()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    assert_eq!(seen[0].0[0].columns.len(), 2);
}

#[tokio::test]
async fn a_scan_names_granted_columns_once() {
    let folder = Folder::new();
    let session = open(people(&folder), Grant::columns(["name", "y"])).await.unwrap();
    for (name, columns) in
        [("people", &[2][..]), ("people", &[0, 0]), ("people", &[]), ("nosuch", &[0]), ("source", &[0])]
    {
        let found = session.scan(name, columns, 0).await.unwrap_err();
        assert!(matches!(found, DataError::NotGranted(_)), "{name} {columns:?}");
    }
    assert!(matches!(session.schema("nosuch"), Err(DataError::NotGranted(_))));
}

#[tokio::test]
async fn names_are_matched_as_they_are_written() {
    let folder = Folder::new();
    let source = csv_of(folder.write("d.csv", "Größe cm,Select\n1,2\n"));
    let spec = DatasetSpec::new("My Data.Set", source, vec![int("Größe cm"), int("Select")]);
    let grant = Grant::columns(["Select", "Größe cm"]).with_row_filter("\"Größe cm\" = 1");
    let session = open(spec, grant).await.unwrap();
    assert_eq!(dump(&session, "My Data.Set").await.unwrap(), ["2|1"]);
}

#[tokio::test]
async fn a_scan_that_is_dropped_half_way_leaves_the_session_usable() {
    let folder = Folder::new();
    let session = open(count(&folder, 200_000), Grant::columns(["n"])).await.unwrap();
    let mut stream = session.scan("t", &[0], 10).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().rows, 10);
    drop(stream);
    assert_eq!(dump(&session, "t").await.unwrap().len(), 200_000);
}

#[tokio::test]
async fn nulls_are_a_bitmap_with_clean_tails() {
    let folder = Folder::new();
    let cells: Vec<&str> = (0..11).map(|row| if row % 3 == 0 { "\"\",1" } else { "5,1" }).collect();
    let source = csv_of(folder.write("d.csv", format!("a,b\n{}\n", cells.join("\n"))));
    let spec = DatasetSpec::new("d", source, vec![int("a").nullable(), int("b")]);
    let session = open(spec, Grant::columns(["a", "b"])).await.unwrap();
    let batches = drain(session.scan("d", &[0, 1], 0).await.unwrap()).await.unwrap();
    assert_eq!(batches[0].columns[0].validity.as_deref(), Some(&[0b1011_0110, 0b0000_0101][..]));
    assert_eq!(batches[0].columns[1].validity, None);
    let batches = drain(session.scan("d", &[0], 4).await.unwrap()).await.unwrap();
    assert_eq!(batches[1].columns[0].validity.as_deref(), Some(&[0b1011][..]));
}
