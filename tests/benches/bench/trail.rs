//! Durable entries of the trail: node/trail/examples/appends.rs.

use crate::{Options, Result, programs, report::Table};

pub(crate) fn measure(_: &Options) -> Result<Table> {
    let said = programs::run(&mut programs::example("appends")?)?;
    let mut table = Table::new("Trail: entries synced to disk", ["", "entries", "entries/s", "ms a commit"]);
    // The first line is the head of the program's own table; figures are the last three words of a line.
    for line in said.lines().skip(1) {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [name @ .., entries, rate, commit] => {
                table.row([name.join(" "), (*entries).to_owned(), (*rate).to_owned(), (*commit).to_owned()]);
            }
            _ => return Err(format!("appends says {line:?}").into()),
        }
    }
    Ok(table)
}
