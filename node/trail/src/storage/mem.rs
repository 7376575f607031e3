//! A folder in memory that models power loss, a full disk and failing syncs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Storage, hole};

const PAGE: usize = 4096;

/// A handle on a folder in memory. Clones are handles on the same folder, so that a test can look at, damage and
/// cut off the storage that a trail has taken.
///
/// It keeps two images: what reads show, and what would be there after a power cut. A file's bytes enter the
/// second at its `sync`, which is the worst case that the operations' promises permit.
#[derive(Debug, Clone, Default)]
pub struct MemStorage(Arc<Mutex<Folder>>);

/// What becomes, in a power cut, of bytes that were written but not synced.
#[expect(missing_debug_implementations, reason = "it holds a closure")]
pub enum Survival<'a> {
    /// All are lost.
    None,
    /// Each page of 4 KiB, and each unsynced replacement of a file, survives if the function says so.
    Pages(&'a mut dyn FnMut() -> bool),
}

#[derive(Debug, Default)]
struct Folder {
    live: BTreeMap<String, Vec<u8>>,
    durable: BTreeMap<String, Vec<u8>>,
    /// Written since the last sync of the file. A failed sync forgets them, as Linux marks such pages clean.
    dirty: BTreeMap<String, Vec<Range<usize>>>,
    /// Renamed into place while the folder itself was not synced.
    renamed: BTreeSet<String>,
    capacity: Option<usize>,
    /// Steps towards durability so far: a sync is one, a truncation one, a replacement two.
    steps: u64,
    fail_step: Option<u64>,
    power_off_at: Option<u64>,
    off: bool,
}

impl MemStorage {
    /// An empty folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that all files together may have, from now on.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.folder().capacity = bytes;
    }

    /// Bytes that all files together have.
    pub fn used(&self) -> usize {
        self.folder().used()
    }

    /// Steps towards durability so far.
    pub fn steps(&self) -> u64 {
        self.folder().steps
    }

    /// Lets the step after the next `steps` fail with an I/O error, once.
    pub fn fail_step_in(&self, steps: u64) {
        let mut folder = self.folder();
        folder.fail_step = Some(folder.steps + steps);
    }

    /// Cuts the power instead of the step after the next `steps`: it and everything later fails.
    pub fn power_off_in(&self, steps: u64) {
        let mut folder = self.folder();
        folder.power_off_at = Some(folder.steps + steps);
    }

    /// The folder as it is found after a power cut now. This one is left as it is.
    pub fn after_power_loss(&self, survival: Survival<'_>) -> Self {
        let folder = self.folder();
        let mut durable = folder.durable.clone();
        if let Survival::Pages(survives) = survival {
            for name in &folder.renamed {
                if survives() {
                    durable.insert(name.clone(), folder.live.get(name).cloned().unwrap_or_default());
                }
            }
            for (name, ranges) in &folder.dirty {
                let file = durable.entry(name.clone()).or_default();
                let live = folder.live.get(name).map_or(&[][..], Vec::as_slice);
                for page in ranges.iter().flat_map(pages).filter(|_| survives()) {
                    copy(file, live, &page);
                }
            }
        }
        Self(Arc::new(Mutex::new(Folder { live: durable.clone(), durable, ..Folder::default() })))
    }

    /// A file's bytes as reads show them.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.folder().live.get(name).cloned()
    }

    /// Puts a file in place, or removes it, behind the trail's back.
    pub fn set(&self, name: &str, bytes: Option<Vec<u8>>) {
        let mut folder = self.folder();
        folder.dirty.remove(name);
        if let Some(bytes) = bytes {
            folder.live.insert(name.to_owned(), bytes.clone());
            folder.durable.insert(name.to_owned(), bytes);
        } else {
            folder.live.remove(name);
            folder.durable.remove(name);
        }
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folder {
    fn used(&self) -> usize {
        self.live.values().map(Vec::len).sum()
    }

    fn room(&self) -> usize {
        self.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(self.used()))
    }

    fn forget_dirt_behind(&mut self, name: &str, len: usize) {
        for range in self.dirty.get_mut(name).into_iter().flatten() {
            *range = range.start.min(len)..range.end.min(len);
        }
    }

    fn powered(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    /// Counts a step towards durability, and fails it where a test wants that.
    fn step(&mut self) -> io::Result<()> {
        self.powered()?;
        let step = self.steps;
        self.steps += 1;
        if self.power_off_at == Some(step) {
            self.off = true;
            return self.powered();
        }
        if self.fail_step == Some(step) {
            self.fail_step = None;
            return Err(io::Error::other("the disk reports an I/O error"));
        }
        Ok(())
    }
}

impl Storage for MemStorage {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let folder = self.folder();
        Ok(folder.live.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect())
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let folder = self.folder();
        let file = folder.live.get(name).ok_or(ErrorKind::NotFound)?;
        let rest = file.get(to_usize(offset)..).unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest).to_vec())
    }

    fn append(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut folder = self.folder();
        folder.powered()?;
        let offset = to_usize(offset);
        let file = folder.live.entry(name.to_owned()).or_default();
        if file.len() < offset {
            return Err(hole(name));
        }
        file.truncate(offset);
        folder.forget_dirt_behind(name, offset);
        // A full disk takes what still fits and then says so, as write(2) does.
        let fitting = bytes.get(..folder.room()).unwrap_or(bytes);
        folder.live.entry(name.to_owned()).or_default().extend_from_slice(fitting);
        folder.dirty.entry(name.to_owned()).or_default().push(offset..offset + fitting.len());
        if fitting.len() < bytes.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let mut folder = self.folder();
        if let Err(error) = folder.step() {
            if !folder.off {
                folder.dirty.remove(name);
            }
            return Err(error);
        }
        let dirty = folder.dirty.remove(name).unwrap_or_default();
        let live = folder.live.get(name).cloned().ok_or(ErrorKind::NotFound)?;
        let durable = folder.durable.entry(name.to_owned()).or_default();
        dirty.iter().for_each(|range| copy(durable, &live, range));
        durable.resize(live.len(), 0);
        Ok(())
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let mut folder = self.folder();
        folder.step()?;
        let len = to_usize(len);
        if len == 0 {
            folder.live.remove(name);
            folder.durable.remove(name);
            folder.dirty.remove(name);
            return Ok(());
        }
        folder.live.get_mut(name).into_iter().for_each(|file| file.truncate(len));
        folder.durable.get_mut(name).into_iter().for_each(|file| file.truncate(len));
        folder.forget_dirt_behind(name, len);
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut folder = self.folder();
        folder.powered()?;
        if folder.room() < bytes.len() {
            return Err(ErrorKind::StorageFull.into());
        }
        folder.step()?;
        folder.live.insert(name.to_owned(), bytes.to_vec());
        folder.renamed.insert(name.to_owned());
        folder.step()?;
        folder.renamed.remove(name);
        folder.durable.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// The parts of a range that lie in one page each.
fn pages(range: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let (start, end) = (range.start, range.end);
    (start / PAGE..end.div_ceil(PAGE)).map(move |page| start.max(page * PAGE)..end.min((page + 1) * PAGE))
}

/// Copies a range, with zeros before it if the file ended earlier.
fn copy(file: &mut Vec<u8>, from: &[u8], range: &Range<usize>) {
    let Some(bytes) = from.get(range.clone()) else { return };
    if file.len() < range.end {
        file.resize(range.end, 0);
    }
    if let Some(place) = file.get_mut(range.clone()) {
        place.copy_from_slice(bytes);
    }
}
