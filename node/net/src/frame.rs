//! Frames on a QUIC stream: a u32 big-endian length and JSON, then a body of the declared length.

use std::time::Duration;

use qianmo_proto::{ErrorCode, WireError, limits};
use quinn::{ReadExactError, RecvStream, SendStream};
use serde::Serialize;

/// How long a peer may stall if nothing else is said: a frame must come in within it, and a body must go on moving.
/// One that does not costs its stream, not more.
pub(crate) const STALL: Duration = Duration::from_secs(20);

/// The slowest body that is waited for, bytes a second: 2 Mbit/s.
const SLOWEST_BODY: u64 = 256 << 10;

/// How long a body of `bytes` bytes may take, if it goes on moving.
const fn body_timeout(bytes: usize, stall: Duration) -> Duration {
    stall.saturating_add(Duration::from_secs(bytes as u64 / SLOWEST_BODY))
}

/// A body moves as long as a piece of this length does within the time to stall.
const PIECE: usize = 64 << 10;

/// Reads the header frame of a request.
pub(crate) async fn read_header(recv: &mut RecvStream, stall: Duration) -> Result<Vec<u8>, WireError> {
    timed("header", stall, header(recv, limits::HEADER_BYTES)).await
}

/// Reads the header frame of a reply, which may be as long in coming as `patience` and has `limit` bytes at most.
pub(crate) async fn read_reply_header(
    recv: &mut RecvStream,
    patience: Duration,
    limit: usize,
) -> Result<Vec<u8>, WireError> {
    timed("answer", patience, header(recv, limit)).await
}

async fn header(recv: &mut RecvStream, limit: usize) -> Result<Vec<u8>, WireError> {
    let mut length = [0; 4];
    read_exact(recv, &mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > limit {
        let text = format!("the header frame has {length} bytes; the limit is {limit}");
        return Err(WireError::new(ErrorCode::TooLarge, text));
    }
    let mut bytes = vec![0; length];
    read_exact(recv, &mut bytes).await?;
    Ok(bytes)
}

/// Reads a body of exactly `length` bytes, at most `limit`.
pub(crate) async fn read_body(
    recv: &mut RecvStream,
    length: u64,
    limit: usize,
    stall: Duration,
) -> Result<Vec<u8>, WireError> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > limit {
        let text = format!("the body has {length} bytes; the limit here is {limit}");
        return Err(WireError::new(ErrorCode::TooLarge, text));
    }
    timed("body", body_timeout(length, stall), async {
        let mut bytes = vec![0; length];
        for piece in bytes.chunks_mut(PIECE) {
            timed("next piece of the body", stall, read_exact(recv, piece)).await?;
        }
        Ok(bytes)
    })
    .await
}

/// A header as its frame; an error if it is longer than any peer would take.
pub(crate) fn encode<T: Serialize>(header: &T) -> Result<Vec<u8>, WireError> {
    let json = serde_json::to_vec(header)
        .map_err(|e| WireError::new(ErrorCode::Internal, format!("the header does not serialise: {e}")))?;
    let length = u32::try_from(json.len()).ok().filter(|n| *n as usize <= limits::HEADER_BYTES);
    let length = length.ok_or_else(|| {
        let text = format!("it would have {} bytes; the limit is {}", json.len(), limits::HEADER_BYTES);
        WireError::new(ErrorCode::TooLarge, text)
    })?;
    Ok([&length.to_be_bytes(), json.as_slice()].concat())
}

/// Writes an encoded header and a body, and ends the stream.
pub(crate) async fn write(
    send: &mut SendStream,
    header: &[u8],
    body: &[u8],
    stall: Duration,
) -> Result<(), WireError> {
    timed("message", body_timeout(body.len(), stall), async {
        let gone = |e: quinn::WriteError| WireError::new(ErrorCode::Incomplete, format!("stream lost: {e}"));
        for piece in header.chunks(PIECE).chain(body.chunks(PIECE)) {
            let taken = async { send.write_all(piece).await.map_err(gone) };
            timed("next piece of the message", stall, taken).await?;
        }
        send.finish().map_err(|e| WireError::new(ErrorCode::Incomplete, format!("stream lost: {e}")))
    })
    .await
}

async fn read_exact(recv: &mut RecvStream, bytes: &mut [u8]) -> Result<(), WireError> {
    recv.read_exact(bytes).await.map_err(|e| {
        let text = match e {
            ReadExactError::FinishedEarly(got) => format!("the stream ended {got} bytes into a frame"),
            ReadExactError::ReadError(e) => format!("stream lost: {e}"),
        };
        WireError::new(ErrorCode::Incomplete, text)
    })
}

async fn timed<T>(
    what: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, WireError>>,
) -> Result<T, WireError> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let text = format!("the {what} took more than {limit:?}");
        Err(WireError::new(ErrorCode::Incomplete, text))
    })
}
