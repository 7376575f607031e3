//! Where a trail's bytes are kept: six operations on a flat folder of files.
//!
//! The trail asks for nothing that a plain file system does not give, and says exactly which steps must be
//! durable. [`FileStorage`] is a folder; [`MemStorage`] is a model of one that can lose power, fill up and fail
//! at will.

mod file;
mod mem;

use std::io;

pub use file::FileStorage;
pub use mem::{MemStorage, Survival};

/// A flat folder of files. Names are ASCII without separators; offsets and lengths are bytes.
///
/// Errors are the system's own. After an error of `append` or `truncate` the file may hold any part of what was
/// asked; after an error of `sync` its unsynced bytes must be taken for lost, whatever a read shows.
pub trait Storage: Send {
    /// Names and lengths of all files, in order of name.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;

    /// Up to `len` bytes from `offset`, fewer at the end of the file.
    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>>;

    /// Puts `bytes` at `offset`, which must not lie behind the end, and drops what was there and after it. The file
    /// is made if it is missing. Durable after the next [`sync`](Storage::sync) of this file.
    fn append(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes the file's bytes, its length and its name durable.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Cuts the file to `len` bytes, durably. A file cut to nothing is removed; a missing one is left so.
    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()>;

    /// Replaces the whole file by `bytes`: afterwards, and after a crash at any moment, there is either the old
    /// content or the new. Durable on return; on an error, either may be there.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// Reads a whole file; `None` if there is none.
pub(crate) fn read_all(storage: &dyn Storage, name: &str) -> io::Result<Option<Vec<u8>>> {
    match storage.read(name, 0, usize::MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The error of an `append` that would leave a hole.
fn hole(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is shorter than the place to write at"))
}
