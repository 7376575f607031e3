//! CSV files nobody thought of.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{Folder, csv_of, dump, int, open, text};
use crate::{DataError, DatasetSpec, Grant, Place, check};

fn run(test: impl Future<Output = TestCaseResult>) -> TestCaseResult {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

/// Text with everything that CSV treats specially, and never empty: an empty cell is a null.
fn cell() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-c,;\"\n\r 字é]{0,12}x").unwrap()
}

fn spec(folder: &Folder, content: &[u8]) -> DatasetSpec {
    let source = csv_of(folder.write("d.csv", content));
    DatasetSpec::new("d", source, vec![text("word"), int("n")])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_a_table_or_an_error_of_their_owner(bytes in vec(any::<u8>(), 0..200), header in any::<bool>()) {
        let folder = Folder::new();
        let content = [if header { b"word,n\n".as_slice() } else { b"" }, &bytes].concat();
        run(async {
            if let Err(error) = check(&spec(&folder, &content)).await {
                prop_assert_eq!(error.fault(), crate::Fault::Owner);
                prop_assert_ne!(error.code(), "read-failed");
            }
            Ok(())
        })?;
    }

    #[test]
    fn text_comes_back_as_it_was_written(cells in vec(cell(), 1..20)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["word", "n"]).unwrap();
        cells.iter().for_each(|cell| writer.write_record([cell, "1"]).unwrap());
        let folder = Folder::new();
        let spec = spec(&folder, &writer.into_inner().unwrap());
        run(async {
            let session = open(spec, Grant::columns(["word"])).await.unwrap();
            prop_assert_eq!(dump(&session, "d").await.unwrap(), cells);
            Ok(())
        })?;
    }

    #[test]
    fn the_line_of_a_broken_row_is_the_one_an_editor_shows(
        before in vec((cell(), 0..3usize), 0..10),
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let row = |word: &str, n: &str, blank: usize| {
            format!("\"{}\",{n}{}", word.replace('"', "\"\""), end.repeat(blank + 1))
        };
        let good: String = before.iter().map(|(word, blank)| row(word, "1", *blank)).collect();
        let good = format!("word,n{end}{good}");
        let line = good.matches('\n').count() as u64 + 1;
        let folder = Folder::new();
        let spec = spec(&folder, (good + &row("a\nb", "?", 0) + &row("c", "2", 0)).as_bytes());
        run(async {
            let found = check(&spec).await.unwrap_err();
            let at = match &found {
                DataError::ValueBroken { place: Place::Line(at), .. } => Some(*at),
                _ => None,
            };
            prop_assert_eq!(at, Some(line), "{}", found);
            Ok(())
        })?;
    }
}
