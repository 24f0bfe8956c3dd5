//! The segments of one spool.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::folder;
use super::record::{self, Record};

/// A spool that this process owns.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    /// Held until the end.
    _lock: File,
    max_bytes: u64,
    bytes: u64,
    segments: BTreeMap<u64, Segment>,
    /// The segment that records are appended to.
    current: Option<u64>,
    next_seq: u64,
}

#[derive(Debug)]
struct Segment {
    salt: u64,
    path: PathBuf,
    /// Open while records are appended.
    file: Option<File>,
    settled: Option<File>,
    bytes: u64,
    /// Offsets of records that are not settled.
    open: HashSet<u64>,
    is_dirty: bool,
}

/// The place of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RecordId {
    seq: u64,
    offset: u64,
}

/// A segment of an earlier process, to be read when there is room.
#[derive(Debug)]
pub(crate) struct Leftover {
    seq: u64,
}

impl Store {
    /// A segment is closed when it is this large.
    const SEGMENT_BYTES: u64 = 8 << 20;
    /// A segment without open records is deleted when it is this large, although it is not closed.
    const MIN_DELETED_BYTES: u64 = 1 << 20;

    /// Takes a folder, and returns what an earlier process left in it, the oldest first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, when others may enter it, or when another process owns it.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> io::Result<(Self, Vec<Leftover>)> {
        let lock = folder::own(folder)?;
        let mut store = Self {
            folder: folder.to_owned(),
            _lock: lock,
            max_bytes,
            bytes: 0,
            segments: BTreeMap::new(),
            current: None,
            next_seq: 0,
        };
        for (seq, salt, path) in folder::segments(folder)? {
            let bytes = fs::metadata(&path)?.len();
            let (open, is_dirty) = (HashSet::new(), false);
            store.segments.insert(seq, Segment { salt, path, file: None, settled: None, bytes, open, is_dirty });
            store.bytes = store.bytes.saturating_add(bytes);
            store.next_seq = store.next_seq.max(seq.saturating_add(1));
        }
        let leftovers = store.segments.keys().map(|seq| Leftover { seq: *seq }).collect();
        Ok((store, leftovers))
    }

    /// Reads the records of a leftover that are not settled; `true` if something of it is damaged.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn read(&mut self, leftover: &Leftover) -> io::Result<(Vec<(RecordId, Record)>, bool)> {
        let seq = leftover.seq;
        let Some(segment) = self.segments.get_mut(&seq) else { return Ok((Vec::new(), false)) };
        let (records, is_damaged) = record::parse_all(segment.salt, &fs::read(&segment.path)?);
        let settled = fs::read(settled_path(&segment.path)).unwrap_or_default();
        let settled: HashSet<u64> = record::parse_settled(segment.salt, &settled).into_iter().collect();
        let open: Vec<_> = records.into_iter().filter(|(offset, _)| !settled.contains(offset)).collect();
        segment.open = open.iter().map(|(offset, _)| *offset).collect();
        if open.is_empty() {
            self.delete(seq);
        }
        let id = |(offset, record)| (RecordId { seq, offset }, record);
        Ok((open.into_iter().map(id).collect(), is_damaged))
    }

    /// Appends a batch. Returns `None` when there is no room for it.
    ///
    /// # Errors
    ///
    /// When the disk fails. Nothing should be appended after that.
    pub(crate) fn append(
        &mut self,
        route: u8,
        wall_ms: u64,
        ends: &[usize],
        body: &[u8],
    ) -> io::Result<Option<RecordId>> {
        let seq = self.open_segment()?;
        let Some(segment) = self.segments.get_mut(&seq) else { return Ok(None) };
        let Some(header) = record::header(segment.salt, route, wall_ms, ends, body) else { return Ok(None) };
        let length = u64::try_from(header.len().saturating_add(body.len())).unwrap_or(u64::MAX);
        if self.bytes.saturating_add(length) > self.max_bytes {
            return Ok(None);
        }
        let Some(file) = &mut segment.file else { return Ok(None) };
        file.write_all(&header)?;
        file.write_all(body)?;
        let offset = segment.bytes;
        segment.bytes = segment.bytes.saturating_add(length);
        self.bytes = self.bytes.saturating_add(length);
        segment.open.insert(offset);
        segment.is_dirty = true;
        Ok(Some(RecordId { seq, offset }))
    }

    /// Notes that a record is not needed any more.
    ///
    /// # Errors
    ///
    /// When the disk fails. The record may come back after a restart then.
    pub(crate) fn settle(&mut self, id: RecordId) -> io::Result<()> {
        let is_current = self.current == Some(id.seq);
        let Some(segment) = self.segments.get_mut(&id.seq) else { return Ok(()) };
        if !segment.open.remove(&id.offset) {
            return Ok(());
        }
        let is_done = !is_current || segment.bytes >= Self::MIN_DELETED_BYTES;
        if segment.open.is_empty() && is_done {
            self.delete(id.seq);
            return Ok(());
        }
        let path = settled_path(&segment.path);
        let settled = match segment.settled.take() {
            Some(settled) => settled,
            None => folder::create_file(&path).or_else(|_| File::options().append(true).open(&path))?,
        };
        let settled = segment.settled.insert(settled);
        settled.write_all(&record::settled_entry(segment.salt, id.offset))
    }

    /// Makes what was appended survive the end of the operating system, too.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        for segment in self.segments.values_mut().filter(|segment| segment.is_dirty) {
            segment.file.iter().try_for_each(File::sync_data)?;
            segment.is_dirty = false;
        }
        Ok(())
    }

    /// Deletes what holds no open records, at the end.
    pub(crate) fn sweep(&mut self) {
        let done = self.current.take().filter(|seq| self.segments.get(seq).is_some_and(|one| one.open.is_empty()));
        if let Some(seq) = done {
            self.delete(seq);
        }
    }

    fn open_segment(&mut self) -> io::Result<u64> {
        let is_open = |seq: &u64| self.segments.get(seq).is_some_and(|one| one.bytes < Self::SEGMENT_BYTES);
        if let Some(seq) = self.current.filter(is_open) {
            return Ok(seq);
        }
        if let Some(full) = self.current.take().and_then(|seq| self.segments.get_mut(&seq)) {
            full.file.iter().try_for_each(File::sync_data)?;
            (full.file, full.is_dirty) = (None, false);
        }
        let (seq, salt) = (self.next_seq, fastrand::u64(..));
        self.next_seq = seq.saturating_add(1);
        let path = folder::segment_path(&self.folder, seq, salt);
        let file = Some(folder::create_file(&path)?);
        let (settled, open) = (None, HashSet::new());
        self.segments.insert(seq, Segment { salt, path, file, settled, bytes: 0, open, is_dirty: false });
        self.current = Some(seq);
        Ok(seq)
    }

    /// Deletes a segment. One that cannot be deleted is read again by the next process, and its records are sent twice.
    fn delete(&mut self, seq: u64) {
        let Some(segment) = self.segments.remove(&seq) else { return };
        self.bytes = self.bytes.saturating_sub(segment.bytes);
        self.current = self.current.filter(|current| *current != seq);
        // In this order: without its list a segment would be sent again as a whole.
        drop(fs::remove_file(&segment.path));
        drop(fs::remove_file(settled_path(&segment.path)));
    }
}

fn settled_path(segment: &Path) -> PathBuf {
    segment.with_extension("settled")
}
