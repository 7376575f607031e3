//! A model over many rows beside a native loop: sandbox/examples/scan.rs.

use crate::{Options, Result, programs, report::Table};

pub(crate) fn measure(_: &Options) -> Result<Table> {
    let said = programs::run(&mut programs::example("scan")?)?;
    let mut table =
        Table::new("Sandbox: 10 million rows × 4 float64 columns, best of 5", ["", "time", "rows"]);
    let words_of = |start: &str| -> Result<Vec<&str>> {
        let line = said.lines().find_map(|line| line.strip_prefix(start));
        Ok(line.ok_or_else(|| format!("scan does not tell its {start}"))?.split_whitespace().collect())
    };
    for (name, start) in [("native loop", "native loop"), ("model `stats`", "sandbox")] {
        match words_of(start)?.as_slice() {
            [time, ms, rate, unit] => {
                table.row([name.to_owned(), format!("{time} {ms}"), format!("{rate} {unit}")]);
            }
            other => return Err(format!("scan says {other:?}").into()),
        }
    }
    table.row(["sandbox ÷ native".to_owned(), words_of("ratio")?.join(" "), String::new()]);
    Ok(table)
}
