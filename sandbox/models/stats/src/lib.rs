//! Counts, sums, means and variances of columns; row counts by group.
//!
//! Parameters, all optional: `table` (the only one), `columns` (all numeric ones), `group_by` (none),
//! `groups` (all; of a column of text: the labels to count, everything else being one merged group),
//! `min_cell` (10).
//!
//! Output: a table `summary` with a row per column, and with `group_by` a table `groups`. Sums are reals;
//! if a column has whole numbers, `exact_sum` has theirs, to the last digit. It is empty for reals, and for a
//! sum beyond 64 bits.

mod groups;
mod summary;

use qianmo_guest::{ColumnType, Error, Output, OutputBuilder, Table, export_analysis, params};

use groups::Groups;
use summary::Summary;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    table: Option<String>,
    columns: Option<Vec<String>>,
    group_by: Option<String>,
    groups: Option<Vec<String>>,
    #[serde(default = "default_min_cell")]
    min_cell: u32,
}

/// As the nodes' egress rules have it.
fn default_min_cell() -> u32 {
    10
}

fn run() -> Result<Output, Error> {
    let params: Params = params()?;
    let table = Table::named_or_only(params.table.as_deref())?;
    let columns = match params.columns {
        Some(columns) => columns,
        None => table.numeric_columns().map(str::to_owned).collect(),
    };
    if columns.is_empty() && params.group_by.is_none() {
        return Err(Error::bad_params("no numeric column and no `group_by`: there is nothing to count"));
    }
    let mut summaries = summaries(&table, &columns)?;
    let mut groups = params.group_by.map(|column| grouped(&table, column, params.groups)).transpose()?;
    let rows = read(&table, &mut summaries, groups.as_mut())?;
    if rows == 0 {
        return Err(Error::no_data("the table has no rows"));
    }
    summaries.iter().try_for_each(Summary::check)?;
    let mut output = OutputBuilder::new();
    if !summaries.is_empty() {
        output = output.table(summary::table(&summaries, rows));
    }
    if let Some(groups) = groups {
        output = output.table(groups.protect(u64::from(params.min_cell)).table());
    }
    Ok(output.build())
}

fn summaries(table: &Table, columns: &[String]) -> Result<Vec<Summary>, Error> {
    columns.iter().map(|name| table.column(name).map(|(_, field)| Summary::of(field))).collect()
}

fn grouped(table: &Table, column: String, labels: Option<Vec<String>>) -> Result<Groups, Error> {
    let (_, field) = table.column(&column)?;
    if labels.is_some() && field.ty != ColumnType::Utf8 {
        return Err(Error::bad_params(format!("`groups` are labels of text, and `{column}` is not text")));
    }
    Ok(Groups::new(column, field.ty, labels))
}

/// Goes through the rows, once, and returns their number.
fn read(table: &Table, summaries: &mut [Summary], mut groups: Option<&mut Groups>) -> Result<u64, Error> {
    let mut names: Vec<String> = summaries.iter().map(|summary| summary.name().to_owned()).collect();
    // A scan takes a column once.
    let by = groups.as_ref().map(|groups| groups.column().to_owned());
    let by = by.map(|by| {
        names.iter().position(|name| *name == by).unwrap_or_else(|| {
            names.push(by);
            names.len() - 1
        })
    });
    let mut scan = table.scan(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut seen = 0;
    while let Some(rows) = scan.next()? {
        seen += rows.len() as u64;
        summaries.iter_mut().enumerate().try_for_each(|(index, summary)| summary.add(&rows, index))?;
        if let (Some(groups), Some(by)) = (groups.as_mut(), by) {
            groups.add(&rows, by)?;
        }
    }
    Ok(seen)
}

export_analysis!(run);
