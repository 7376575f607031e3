//! A table in memory: for tests, examples and mock twins.

use std::sync::Arc;
use std::time::Duration;

use crate::table::{check_table, piece};
use crate::{Batch, Column, Field, RowSource, SourceError, TableError, TableSource};

/// A table whose columns are in memory. Clones share them.
#[derive(Clone, Debug)]
pub struct MemTable {
    name: String,
    fields: Arc<[Field]>,
    columns: Arc<[Column]>,
    rows: usize,
}

impl MemTable {
    /// A table of the given columns, one per field.
    ///
    /// # Errors
    /// If types, lengths or names do not agree.
    pub fn new(name: &str, fields: Vec<Field>, columns: Vec<Column>) -> Result<Self, TableError> {
        let rows = columns.first().map_or(0, |column| column.data.len());
        check_table(&fields, &columns, rows).map_err(TableError)?;
        Ok(Self { name: name.to_owned(), fields: fields.into(), columns: columns.into(), rows })
    }

    /// Rows in the table.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl TableSource for MemTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &[Field] {
        &self.fields
    }

    fn scan(&self, columns: &[usize], max_rows: u32) -> Result<Box<dyn RowSource>, SourceError> {
        let table = self.clone();
        Ok(Box::new(Scan { table, columns: columns.to_vec(), max_rows: max_rows as usize, next: 0 }))
    }
}

struct Scan {
    table: MemTable,
    columns: Vec<usize>,
    max_rows: usize,
    next: usize,
}

impl RowSource for Scan {
    fn next(&mut self, _: Duration) -> Result<Option<Batch>, SourceError> {
        let start = self.next;
        let end = self.table.rows.min(start.saturating_add(self.max_rows));
        if start >= end {
            return Ok(None);
        }
        self.next = end;
        let columns = self.columns.iter().filter_map(|index| self.table.columns.get(*index));
        let columns = columns.map(|column| piece(column, start, end)).collect();
        let rows =
            u32::try_from(end - start).map_err(|_| SourceError("a batch of over 2^32 rows".to_owned()))?;
        Ok(Some(Batch { rows, columns }))
    }
}
