//! The interface `dataset`: tables and scans. The host counts the rows and trusts no batch unseen.

use std::collections::VecDeque;
use std::time::Duration;

use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource, ResourceTableError, ResourceType};

use super::{Host, charge, halt};
use crate::wire::{self, ErrorCode};
use crate::{Batch, Field, RowSource, RunError, SourceError};

/// A table the model has opened: its place in the job's list.
struct Table(usize);

/// A scan under way.
struct Reader {
    rows: Box<dyn RowSource>,
    fields: Vec<Field>,
    max_rows: u32,
    /// Read already, not yet handed over.
    waiting: VecDeque<Batch>,
    /// Rows handed over so far.
    handed: u64,
}

type Answer<T> = wasmtime::Result<(Result<T, wire::Error>,)>;

pub(super) fn link(dataset: &mut LinkerInstance<'_, Host>) -> wasmtime::Result<()> {
    dataset.resource("table", ResourceType::host::<Table>(), |cx, handle| {
        close::<Table>(cx, Resource::new_own(handle))
    })?;
    dataset.resource("reader", ResourceType::host::<Reader>(), |cx, handle| {
        close::<Reader>(cx, Resource::new_own(handle))
    })?;
    dataset.func_wrap("names", |cx, (): ()| names(cx))?;
    dataset.func_wrap("open", |cx, (name,): (String,)| open(cx, &name))?;
    dataset.func_wrap("[method]table.schema", |cx, (table,)| schema(cx, &table))?;
    dataset.func_wrap("[method]table.scan", |cx, (table, columns, max_rows): (_, Vec<u32>, _)| {
        scan(cx, &table, &columns, max_rows)
    })?;
    dataset.func_wrap("[method]reader.next", |cx, (reader,)| next(cx, &reader))
}

fn names(cx: StoreContextMut<'_, Host>) -> wasmtime::Result<(Vec<String>,)> {
    let names: Vec<String> = cx.data().tables.iter().map(|table| table.name().to_owned()).collect();
    charge(cx, names.iter().map(String::len).sum())?;
    Ok((names,))
}

fn open(mut cx: StoreContextMut<'_, Host>, name: &str) -> Answer<Resource<Table>> {
    let host = cx.data_mut();
    let answer = match host.tables.iter().position(|table| table.name() == name) {
        Some(index) => Ok(hold(host, Table(index))?),
        None => Err(refusal(ErrorCode::NotPermitted, format!("this job has no table `{name}`"))),
    };
    charge(cx, name.len())?;
    Ok((answer,))
}

fn schema(cx: StoreContextMut<'_, Host>, table: &Resource<Table>) -> wasmtime::Result<(Vec<wire::Field>,)> {
    let fields = fields_of(cx.data(), table)?;
    charge(cx, fields.iter().map(|field| field.name.len() + 2).sum())?;
    Ok((wire::convert(&fields),))
}

fn scan(
    mut cx: StoreContextMut<'_, Host>,
    table: &Resource<Table>,
    columns: &[u32],
    max_rows: u32,
) -> Answer<Resource<Reader>> {
    let host = cx.data_mut();
    let schema = fields_of(host, table)?;
    let picked: Vec<usize> = columns.iter().map(|column| *column as usize).collect();
    let fields: Option<Vec<Field>> = picked.iter().map(|index| schema.get(*index).cloned()).collect();
    let answer = match fields {
        Some(fields) if !picked.is_empty() && all_differ(&picked) => {
            let max_rows =
                if max_rows == 0 { host.limits.batch_rows } else { max_rows.min(host.limits.batch_rows) };
            let rows = source(host, table)?
                .scan(&picked, max_rows)
                .or_else(|error| halt(RunError::Source(error)))?;
            Ok(hold(host, Reader { rows, fields, max_rows, waiting: VecDeque::new(), handed: 0 })?)
        }
        _ => {
            let message = format!(
                "columns {columns:?} of a table that has {}: at least one, each at most once",
                schema.len()
            );
            Err(refusal(ErrorCode::BadSchema, message))
        }
    };
    charge(cx, columns.len() * 4)?;
    Ok((answer,))
}

fn all_differ(columns: &[usize]) -> bool {
    let mut seen = std::collections::HashSet::new();
    columns.iter().all(|column| seen.insert(column))
}

fn next(mut cx: StoreContextMut<'_, Host>, handle: &Resource<Reader>) -> Answer<Option<wire::Batch>> {
    let host = cx.data_mut();
    let (limit, left) = (host.limits.batch_bytes, host.left());
    let reader = host.handles.get_mut(handle)?;
    let batch = reader.next(limit, left);
    let before = reader.handed;
    host.check_time().or_else(halt)?;
    let batch = batch.or_else(|error| halt(RunError::Source(error)))?;
    let (rows, bytes) = batch.as_ref().map_or((0, 0), |batch| (batch.rows, batch.byte_len()));
    let handed = before + u64::from(rows);
    host.handles.get_mut(handle)?.handed = handed;
    // The largest single scan, not the sum: reading a table twice makes no record twice.
    host.usage.rows_read = host.usage.rows_read.max(handed);
    host.usage.given_rows = true;
    charge(cx, bytes)?;
    Ok((Ok(batch.map(wire::Batch::from)),))
}

impl Reader {
    /// The next rows, at most `limit` bytes of them, awaited for at most `left`.
    fn next(&mut self, limit: u64, left: Duration) -> Result<Option<Batch>, SourceError> {
        if self.waiting.is_empty()
            && let Some(batch) = self.rows.next(left)?
        {
            self.check(&batch)
                .and_then(|()| batch.split(limit, &mut self.waiting))
                .map_err(|reason| SourceError(format!("the source broke its promise: {reason}")))?;
        }
        Ok(self.waiting.pop_front())
    }

    /// A batch must be what the scan asked for: the model must not crash on the host's mistakes.
    fn check(&self, batch: &Batch) -> Result<(), String> {
        if batch.rows == 0 || batch.rows > self.max_rows {
            return Err(format!("a batch of {} rows, not 1 to {}", batch.rows, self.max_rows));
        }
        if batch.columns.len() != self.fields.len() {
            return Err(format!("{} columns, not {}", batch.columns.len(), self.fields.len()));
        }
        for (field, column) in self.fields.iter().zip(&batch.columns) {
            if !column.data.carries(field.ty) {
                return Err(format!("column `{}` is not of its type", field.name));
            }
            column
                .check(batch.rows as usize)
                .map_err(|reason| format!("column `{}`: {reason}", field.name))?;
        }
        Ok(())
    }
}

fn hold<T: Send + 'static>(host: &mut Host, entry: T) -> wasmtime::Result<Resource<T>> {
    match host.handles.push(entry) {
        Err(ResourceTableError::Full) => {
            halt(RunError::Limit { what: "open tables and scans", limit: u64::from(host.limits.handles) })
        }
        other => Ok(other?),
    }
}

fn close<T: Send + 'static>(mut cx: StoreContextMut<'_, Host>, handle: Resource<T>) -> wasmtime::Result<()> {
    cx.data_mut().handles.delete(handle)?;
    Ok(())
}

fn source<'a>(host: &'a Host, table: &Resource<Table>) -> wasmtime::Result<&'a dyn crate::TableSource> {
    let Table(index) = host.handles.get(table)?;
    match host.tables.get(*index) {
        Some(source) => Ok(source.as_ref()),
        None => halt(RunError::Internal("an open table that is not in the job".to_owned())),
    }
}

fn fields_of(host: &Host, table: &Resource<Table>) -> wasmtime::Result<Vec<Field>> {
    source(host, table).map(|source| source.schema().to_vec())
}

fn refusal(code: ErrorCode, message: String) -> wire::Error {
    wire::Error { code, message }
}
