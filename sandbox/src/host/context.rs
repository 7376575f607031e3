//! The interface `context`: parameters, log, progress, randomness.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use super::{Host, charge, halt};
use crate::wire::{Error, ErrorCode, Level};
use crate::{LogLine, RunError};

/// What a line costs in the log besides its text.
const LINE_BYTES: u64 = 16;

pub(super) fn link(context: &mut LinkerInstance<'_, Host>) -> wasmtime::Result<()> {
    context.func_wrap("params", |cx, (): ()| params(cx).map(|text| (text,)))?;
    context.func_wrap("log", |cx, (level, message)| log(cx, level, message))?;
    context.func_wrap("progress", |cx, (done, total)| progress(cx, done, total))?;
    context.func_wrap("random-bytes", |cx, (len,)| random_bytes(cx, len).map(|bytes| (bytes,)))
}

fn params(cx: StoreContextMut<'_, Host>) -> wasmtime::Result<String> {
    let params = cx.data().params.clone();
    charge(cx, params.len())?;
    Ok(params)
}

fn log(mut cx: StoreContextMut<'_, Host>, level: Level, message: String) -> wasmtime::Result<()> {
    let host = cx.data_mut();
    let cost = LINE_BYTES.saturating_add(message.len() as u64);
    let bytes = message.len();
    if host.log_bytes.saturating_add(cost) > host.limits.log_bytes {
        host.usage.log_dropped += 1;
    } else {
        host.log_bytes += cost;
        host.usage.log.push(LogLine { level: level.into(), message });
    }
    charge(cx, bytes)
}

fn progress(mut cx: StoreContextMut<'_, Host>, done: u64, total: u64) -> wasmtime::Result<()> {
    cx.data_mut().usage.progress = Some((done, total));
    charge(cx, 0)
}

fn random_bytes(mut cx: StoreContextMut<'_, Host>, len: u32) -> wasmtime::Result<Result<Vec<u8>, Error>> {
    let host = cx.data_mut();
    let limit = host.limits.random_bytes;
    let Some(random) = &mut host.random else {
        let message = "this job grants no randomness".to_owned();
        return Ok(Err(Error { code: ErrorCode::NotPermitted, message }));
    };
    if random.given().saturating_add(u64::from(len)) > limit {
        return halt(RunError::Limit { what: "bytes of randomness", limit });
    }
    let bytes = random.take(len as usize);
    charge(cx, bytes.len())?;
    Ok(Ok(bytes))
}
