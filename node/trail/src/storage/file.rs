//! A folder.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Storage, hole};
use crate::error::{At as _, StorageError, TrailError};

const LOCK: &str = "lock";
const TEMP_SUFFIX: &str = ".new";

/// A trail's folder. One process at a time may hold it for writing: the file `lock` in it carries an advisory
/// lock that ends with the process, however it ends.
#[derive(Debug)]
pub struct FileStorage {
    dir: PathBuf,
    /// Held for writing; `None` for a reader, whose writes all fail.
    lock: Option<File>,
    /// The file appended to last, kept open: a batch goes to one file and syncs it.
    current: Option<(String, File)>,
}

impl FileStorage {
    /// Opens the folder for writing, making it (readable by its owner only) if it is missing.
    ///
    /// # Errors
    /// [`TrailError::Locked`] if another process, or another part of this one, holds it; [`TrailError::Storage`].
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, TrailError> {
        let dir = dir.into();
        let lock = make_dir(&dir)
            .and_then(|()| options().write(true).create(true).truncate(false).open(dir.join(LOCK)));
        let lock = lock.at("open", LOCK).map_err(TrailError::Storage)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir, lock: Some(lock), current: None }),
            Err(TryLockError::WouldBlock) => Err(TrailError::Locked(dir.display().to_string())),
            Err(TryLockError::Error(error)) => {
                Err(TrailError::Storage(StorageError::new("lock", LOCK, &error)))
            }
        }
    }

    /// Opens the folder for reading only: no lock is taken, nothing is made, every write fails.
    pub fn read_only(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), lock: None, current: None }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of a file, for writing.
    fn writable(&self, name: &str) -> io::Result<PathBuf> {
        if self.lock.is_none() {
            return Err(io::Error::new(
                ErrorKind::PermissionDenied,
                "the folder was opened for reading only",
            ));
        }
        Ok(self.dir.join(name))
    }

    /// The open file of that name.
    fn file(&mut self, name: &str) -> io::Result<&mut File> {
        let path = self.writable(name)?;
        if self.current.as_ref().is_none_or(|(open, _)| open != name) {
            let file = options().read(true).write(true).create(true).truncate(false).open(&path)?;
            if file.metadata()?.len() == 0 {
                // A file whose name is not durable is lost with its synced bytes. New files are rare.
                sync_dir(&self.dir)?;
            }
            self.current = Some((name.to_owned(), file));
        }
        match &mut self.current {
            Some((_, file)) => Ok(file),
            None => Err(io::Error::other("no file is open")),
        }
    }
}

impl Storage for FileStorage {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                files.push((name, metadata.len()));
            }
        }
        files.sort();
        Ok(files)
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.dir.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(u64::try_from(len).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = self.file(name)?;
        let len = file.metadata()?.len();
        if len < offset {
            return Err(hole(name));
        }
        if len > offset {
            file.set_len(offset)?;
        }
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.file(name)?.sync_data()
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let path = self.writable(name)?;
        let file = match options().write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        if len == 0 {
            self.current = None;
            fs::remove_file(&path)?;
            return sync_dir(&self.dir);
        }
        file.set_len(len)?;
        file.sync_all()
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.writable(name)?;
        let temp = self.dir.join(format!("{name}{TEMP_SUFFIX}"));
        let mut file = options().write(true).create(true).truncate(true).open(&temp)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&temp, &path)) {
            // Best effort: it gives the room back, and the next replacement starts the file afresh anyway.
            let _ = fs::remove_file(&temp);
            return Err(error);
        }
        sync_dir(&self.dir)
    }
}

/// Options for files that only their owner reads.
fn options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("a/b");
        let first = FileStorage::open(&dir).unwrap();
        assert!(matches!(FileStorage::open(&dir), Err(TrailError::Locked(_))));
        drop(first);
        FileStorage::open(&dir).unwrap();
    }

    #[test]
    fn a_reader_cannot_write() {
        let temp = tempfile::tempdir().unwrap();
        let mut reader = FileStorage::read_only(temp.path());
        for result in [reader.append("a", 0, b"x"), reader.truncate("a", 0), reader.replace("a", b"x")] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::PermissionDenied);
        }
        assert!(reader.list().unwrap().is_empty());
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(FileStorage::open(file.path()), Err(TrailError::Storage(_))));
    }
}
