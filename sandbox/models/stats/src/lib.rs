//! Counts, sums, means and variances of columns; row counts by group.
//!
//! Parameters, all optional: `table` (the only one), `columns` (all numeric ones), `group_by` (none),
//! `min_cell` (10). Output: a table `summary` with a row per column, and with `group_by` a table `groups`.

mod groups;

use qianmo_guest::{Error, Moments, Output, OutputBuilder, Table, TableBuilder, export_analysis, params};

use groups::{Group, Groups};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    table: Option<String>,
    columns: Option<Vec<String>>,
    group_by: Option<String>,
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
    let (rows, moments) = summarise(&table, &columns)?;
    if rows == 0 {
        return Err(Error::no_data("the table has no rows"));
    }
    let output = OutputBuilder::new().table(summary(&columns, rows, &moments));
    let Some(column) = params.group_by else { return Ok(output.build()) };
    let groups = count(&table, &column)?.protect(u64::from(params.min_cell));
    Ok(output.table(group_table(&groups)).build())
}

/// Rows of the table, and the moments of each column.
fn summarise(table: &Table, columns: &[String]) -> Result<(u64, Vec<Moments>), Error> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut moments = vec![Moments::default(); columns.len()];
    let mut rows_seen = 0;
    let mut scan = table.scan(&names)?;
    while let Some(rows) = scan.next()? {
        rows_seen += rows.len() as u64;
        for (index, moments) in moments.iter_mut().enumerate() {
            moments.add_column(&rows.numbers(index)?);
        }
    }
    for (name, moments) in columns.iter().zip(&moments) {
        if !(moments.sum().is_finite() && moments.variance().is_none_or(f64::is_finite)) {
            return Err(Error::numeric(format!(
                "column `{name}` has values that are infinite, not numbers, or too large to be summed"
            )));
        }
    }
    Ok((rows_seen, moments))
}

/// A row per column. Means need a value, variances two.
fn summary(columns: &[String], rows: u64, moments: &[Moments]) -> TableBuilder {
    let contributors = moments.iter().map(|moments| saturate(moments.count())).collect();
    TableBuilder::new("summary", contributors)
        .texts("column", columns.iter().map(|name| Some(name.as_str())))
        .counts("count", moments.iter().map(Moments::count))
        .counts("missing", moments.iter().map(|moments| rows - moments.count()))
        .numbers("sum", moments.iter().map(|moments| Some(moments.sum())))
        .numbers("mean", moments.iter().map(|moments| (moments.count() > 0).then(|| moments.mean())))
        .numbers("variance", moments.iter().map(Moments::variance))
}

fn count(table: &Table, column: &str) -> Result<Groups, Error> {
    let mut groups = Groups::default();
    let mut scan = table.scan(&[column])?;
    while let Some(rows) = scan.next()? {
        rows.texts(0)?.iter().for_each(|text| groups.count(text.as_deref()));
    }
    Ok(groups)
}

fn group_table(groups: &[Group]) -> TableBuilder {
    TableBuilder::new("groups", groups.iter().map(|group| saturate(group.rows)).collect())
        .texts("group", groups.iter().map(|group| group.name.as_deref()))
        .counts("count", groups.iter().map(|group| group.rows))
        .flags("merged", groups.iter().map(|group| group.merged))
}

fn saturate(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

export_analysis!(run);
