//! The one door to the disk: files beneath a folder, opened once and read through that handle only.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::DataError;

/// A file that lies beneath a folder: its name leads from the folder to it and never out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    folder: PathBuf,
    name: PathBuf,
}

impl DataFile {
    /// The file `name` of `folder`, which is trusted; the name is not. Nothing is opened yet.
    ///
    /// # Errors
    /// `OutsideFolder` for a name that is empty or absolute, or that climbs with `..`.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<PathBuf>) -> Result<Self, DataError> {
        let name = name.into();
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let names_a_file = name.components().any(|part| matches!(part, Component::Normal(_)));
        if !names_a_file || !name.components().all(inside) {
            return Err(DataError::OutsideFolder(name));
        }
        Ok(Self { folder: folder.into(), name })
    }

    /// The name, as the descriptor writes it.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Opens the file for reading. A link that leads out of the folder is refused by the kernel while it looks the
    /// name up, so nothing can be put in its place between a check and the opening.
    pub(crate) fn open(&self) -> Result<OpenFile, DataError> {
        let folder = rustix::fs::openat(CWD, &self.folder, FOLDER, Mode::empty());
        let folder = folder.map_err(|error| self.failed(error))?;
        let file = open_beneath(&folder, &self.name).map_err(|error| self.failed(error))?;
        OpenFile::new(File::from(file), self.name.clone())
    }

    fn failed(&self, error: Errno) -> DataError {
        match error {
            // A link out of the folder, or, step by step, any link.
            Errno::XDEV | Errno::LOOP => DataError::OutsideFolder(self.name.clone()),
            error => unreadable(&self.name, &error.into()),
        }
    }
}

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC);

/// `NONBLOCK`: a pipe in the folder must not hold the node up until somebody writes to it.
const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

type Opened = rustix::io::Result<rustix::fd::OwnedFd>;

#[cfg(target_os = "linux")]
fn open_beneath(folder: &rustix::fd::OwnedFd, name: &Path) -> Opened {
    use rustix::fs::{ResolveFlags, openat2};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..RETRIES {
        match openat2(folder, name, READ, Mode::empty(), resolve) {
            // Something was renamed during the look-up.
            Err(Errno::AGAIN) => {}
            // A kernel before 5.6, or a container that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => return open_by_steps(folder, name),
            opened => return opened,
        }
    }
    Err(Errno::AGAIN)
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(folder: &rustix::fd::OwnedFd, name: &Path) -> Opened {
    open_by_steps(folder, name)
}

#[cfg(target_os = "linux")]
const RETRIES: u32 = 16;

/// The same without the kernel's help: each part of the name is opened in the folder that the part before opened, and
/// no part may be a link. Stricter than need be, never laxer.
fn open_by_steps(folder: &rustix::fd::OwnedFd, name: &Path) -> Opened {
    let mut parts = name.components().filter(|part| *part != Component::CurDir).peekable();
    let mut reached = rustix::fs::openat(folder, ".", FOLDER, Mode::empty())?;
    while let Some(part) = parts.next() {
        let Component::Normal(part) = part else { return Err(Errno::XDEV) };
        let kind = if parts.peek().is_some() { FOLDER } else { READ };
        reached = rustix::fs::openat(&reached, part, kind | OFlags::NOFOLLOW, Mode::empty()).map_err(
            // How a link that is to be a folder is refused.
            |error| if error == Errno::NOTDIR && is_link(&reached, part) { Errno::LOOP } else { error },
        )?;
    }
    Ok(reached)
}

fn is_link(folder: &rustix::fd::OwnedFd, name: &std::ffi::OsStr) -> bool {
    let found = rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    found.is_ok_and(|found| rustix::fs::FileType::from_raw_mode(found.st_mode).is_symlink())
}

/// A regular file that is not empty, held open. Whoever reads it gets the bytes that were there when it was opened, or
/// `SourceChanged`.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    name: PathBuf,
    stamp: Stamp,
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

impl OpenFile {
    fn new(file: File, name: PathBuf) -> Result<Self, DataError> {
        let metadata = file.metadata().map_err(|error| unreadable(&name, &error))?;
        if !metadata.is_file() {
            return Err(DataError::SourceUnreadable { name, reason: "it is not a file".into() });
        }
        Ok(Self { file, name, stamp: Stamp::of(&metadata) })
    }

    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    /// Size in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// When it was last written, in UNIX milliseconds. Files older than 1970 or a file system without times count as
    /// written at 0.
    pub(crate) fn modified_ms(&self) -> i64 {
        let modified = self.file.metadata().and_then(|metadata| metadata.modified()).ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default()
    }

    /// The first bytes, at most `count`.
    pub(crate) fn start(&self, count: u64) -> Result<Vec<u8>, DataError> {
        self.range(0..count.min(self.bytes())).map_err(|error| unreadable(&self.name, &error))
    }

    /// Exactly the bytes of a range.
    pub(crate) fn range(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let count = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
        if range.end > self.bytes() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; count];
        let read = self.file.read_exact_at(&mut bytes, range.start);
        // First: a file that was cut short fails to be read, and that it changed is the better reason.
        self.unchanged()?;
        read.map(|()| bytes)
    }

    /// A reading of its own from the first byte.
    pub(crate) fn reader(self: &Arc<Self>) -> FileReader {
        self.reader_from(0)
    }

    /// The same from another byte on.
    pub(crate) fn reader_from(self: &Arc<Self>, at: u64) -> FileReader {
        FileReader { file: Arc::clone(self), at }
    }

    /// Looked up after each read: what was read before a change is what was opened.
    fn unchanged(&self) -> io::Result<()> {
        if Stamp::of(&self.file.metadata()?) == self.stamp {
            return Ok(());
        }
        Err(io::Error::other(DataError::SourceChanged(self.name.clone())))
    }
}

/// One reading of an open file; others do not move it.
#[derive(Debug)]
pub(crate) struct FileReader {
    file: Arc<OpenFile>,
    at: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.file.read_at(buffer, self.at)?;
        self.file.unchanged()?;
        self.at += count as u64;
        Ok(count)
    }
}

/// What an error of the operating system means for the owner of the data.
pub(crate) fn unreadable(name: &Path, error: &io::Error) -> DataError {
    if let Some(ours) = error.get_ref().and_then(|inner| inner.downcast_ref::<DataError>()) {
        return ours.clone();
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DataError::SourceMissing(name.into()),
        io::ErrorKind::PermissionDenied => DataError::SourceUnreadable {
            name: name.into(),
            reason: "the node may not read it; check its owner and permissions".into(),
        },
        _ => DataError::SourceUnreadable { name: name.into(), reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// `data/` with a file and links that stay and links that leave, beside a secret.
    fn node() -> tempfile::TempDir {
        let node = tempfile::tempdir().unwrap();
        let data = node.path().join("data");
        std::fs::create_dir_all(data.join("deep")).unwrap();
        std::fs::write(node.path().join("secret"), "key").unwrap();
        std::fs::write(data.join("deep/rows.csv"), "a\n1\n").unwrap();
        symlink("deep/rows.csv", data.join("near")).unwrap();
        symlink("../secret", data.join("up")).unwrap();
        symlink(node.path().join("secret"), data.join("absolute")).unwrap();
        symlink(node.path(), data.join("folder")).unwrap();
        symlink("/proc/self/fd/0", data.join("magic")).unwrap();
        symlink("round", data.join("round")).unwrap();
        node
    }

    fn open(node: &tempfile::TempDir, name: &str) -> Result<OpenFile, DataError> {
        DataFile::new(node.path().join("data"), name)?.open()
    }

    #[test]
    fn a_file_beneath_the_folder_is_read() {
        let node = node();
        for name in ["deep/rows.csv", "./deep/./rows.csv", "near"] {
            assert_eq!(open(&node, name).unwrap().start(100).unwrap(), b"a\n1\n", "{name}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let node = node();
        let secret = node.path().join("secret").display().to_string();
        for name in [
            "",
            ".",
            "/",
            "..",
            "../secret",
            "deep/../../secret",
            "deep/../deep/rows.csv",
            "/etc/passwd",
            &secret,
            "up",
            "absolute",
            "folder/secret",
            "folder/data/deep/rows.csv",
            "magic",
            "round",
        ] {
            let found = open(&node, name).unwrap_err();
            assert_eq!(found.code(), "outside-folder", "{name}: {found}");
        }
    }

    #[test]
    fn without_the_kernels_help_every_link_is_refused() {
        let node = node();
        let folder = rustix::fs::openat(CWD, node.path().join("data"), FOLDER, Mode::empty()).unwrap();
        let by_steps = |name: &str| open_by_steps(&folder, Path::new(name)).err();
        assert_eq!(by_steps("deep/rows.csv"), None);
        assert_eq!(by_steps("./deep/./rows.csv"), None);
        for name in ["near", "up", "absolute", "folder/secret", "magic", "round"] {
            assert_eq!(by_steps(name), Some(Errno::LOOP), "{name}");
        }
        for name in ["../secret", "deep/../../secret", "/etc/passwd"] {
            assert_eq!(by_steps(name), Some(Errno::XDEV), "{name}");
        }
        assert_eq!(by_steps("deep/none"), Some(Errno::NOENT));
    }

    #[test]
    fn what_is_no_file_is_refused_and_a_pipe_does_not_wait() {
        let node = node();
        let pipe = node.path().join("data/pipe");
        rustix::fs::mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        for name in ["deep", "pipe"] {
            assert_eq!(open(&node, name).unwrap_err().code(), "source-unreadable", "{name}");
        }
        for name in ["none", "none/rows.csv", "deep/rows.csv/more"] {
            assert_eq!(open(&node, name).unwrap_err().code(), "source-missing", "{name}");
        }
    }

    #[test]
    fn a_file_that_is_replaced_stays_the_one_that_was_opened() {
        let node = node();
        let rows = node.path().join("data/deep/rows.csv");
        let file = Arc::new(open(&node, "deep/rows.csv").unwrap());
        std::fs::write(node.path().join("data/new"), "b\n2\n").unwrap();
        std::fs::rename(node.path().join("data/new"), &rows).unwrap();
        let mut text = String::new();
        file.reader().read_to_string(&mut text).unwrap();
        assert_eq!(text, "a\n1\n");
    }

    #[test]
    fn a_file_that_is_written_to_is_not_read_on() {
        let node = node();
        let file = Arc::new(open(&node, "deep/rows.csv").unwrap());
        std::fs::write(node.path().join("data/deep/rows.csv"), "a\n").unwrap();
        let cut = file.range(0..4).unwrap_err();
        assert_eq!(unreadable(file.name(), &cut).code(), "source-changed");
        let read = file.reader().read(&mut [0; 8]).unwrap_err();
        assert_eq!(unreadable(file.name(), &read).code(), "source-changed");
    }
}
