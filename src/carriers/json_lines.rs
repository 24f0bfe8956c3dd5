//! A file of JSON lines, which is rotated by size and by age.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// The bounds of a file, and the number of full ones that are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) age: Duration,
    /// Full files that are kept.
    pub(super) files: usize,
}

/// A file that lines are appended to, and the files that it became when it was full.
#[derive(Debug)]
pub(super) struct JsonLines {
    folder: PathBuf,
    stem: &'static str,
    open: Option<OpenFile>,
    /// Distinguishes files that are rotated within one millisecond.
    rotations: u64,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    bytes: u64,
    since: Instant,
}

impl JsonLines {
    pub(super) const fn new(folder: PathBuf, stem: &'static str) -> Self {
        Self { folder, stem, open: None, rotations: 0 }
    }

    /// Appends whole lines. After an error nothing of them is in the file.
    pub(super) fn append(&mut self, lines: &[u8], limits: &Limits) -> io::Result<()> {
        let more = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let now = Clock::System.instant();
        if self.open.as_ref().is_some_and(|open| open.is_full(more, now, limits)) {
            self.rotate(limits.files)?;
        }
        let path = self.path();
        // Somebody may have moved the file away, as logrotate does.
        let is_there = self.open.is_some() && path.try_exists().unwrap_or(true);
        let open = match self.open.take().filter(|_| is_there) {
            Some(open) => open,
            None => OpenFile::at(&path, now)?,
        };
        let open = self.open.insert(open);
        let written = open.file.write_all(lines);
        if written.is_err() && open.file.set_len(open.bytes).is_err() {
            // The next attempt opens the file again, and removes the line that was cut.
            self.open = None;
            return written;
        }
        if written.is_ok() {
            open.bytes = open.bytes.saturating_add(more);
        }
        written
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.jsonl", self.stem))
    }

    /// Gives the file a name with the time, and deletes the oldest ones beyond `max_files`.
    fn rotate(&mut self, max_files: usize) -> io::Result<()> {
        self.open = None;
        self.rotations = self.rotations.saturating_add(1);
        let millis = Clock::System.wall_ms();
        let name = format!("{}.{millis:013}-{:06}.jsonl", self.stem, self.rotations % 1_000_000);
        match fs::rename(self.path(), self.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut rotated = self.rotated()?;
        rotated.sort_unstable();
        let surplus = rotated.len().saturating_sub(max_files);
        // A file that cannot be deleted is no reason to stop writing.
        rotated.into_iter().take(surplus).for_each(|path| drop(fs::remove_file(path)));
        Ok(())
    }

    fn rotated(&self) -> io::Result<Vec<PathBuf>> {
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let middle = name.strip_prefix(self.stem).and_then(|rest| rest.strip_suffix(".jsonl"));
            middle.is_some_and(|middle| {
                let digits = middle.strip_prefix('.').unwrap_or_default();
                digits.len() > 13 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            })
        };
        let entries = fs::read_dir(&self.folder)?.filter_map(Result::ok);
        Ok(entries.map(|entry| entry.path()).filter(is_ours).collect())
    }
}

impl OpenFile {
    /// Opens or creates a file that only its owner may read: it holds prompts.
    fn at(path: &Path, now: Instant) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let mut file = private(OpenOptions::new().create(true).read(true).append(true)).open(path)?;
        let bytes = after_last_line(&mut file)?;
        file.set_len(bytes)?;
        Ok(Self { file, bytes, since: now })
    }

    /// A batch is never spread over two files, so a file may exceed the bound only when a batch alone does.
    fn is_full(&self, more: u64, now: Instant, limits: &Limits) -> bool {
        let is_old = now.saturating_duration_since(self.since) >= limits.age;
        self.bytes > 0 && (is_old || self.bytes.saturating_add(more) > limits.bytes)
    }
}

/// Returns the position after the last line break: a process that was killed may have left a line that is cut.
fn after_last_line(file: &mut File) -> io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        (&mut *file).take(end.saturating_sub(start)).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start.saturating_add(u64::try_from(at).unwrap_or(0)).saturating_add(1));
        }
        end = start;
    }
    Ok(0)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Creates a folder, if it is not there, that only its owner may read.
#[cfg(unix)]
fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

const BLOCK: u64 = 64 << 10;
/// The default bounds of a file.
pub(super) const DEFAULT_LIMITS: Limits = Limits { bytes: 64 << 20, age: Duration::from_secs(60 * 60), files: 16 };
