//! The folder of a spool: who owns it, who may read it, and the names of its files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Creates the folder if it is not there, and takes its lock, which ends with the process.
pub(super) fn own(folder: &Path) -> io::Result<File> {
    create(folder)?;
    let lock = options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    take(&lock)?;
    Ok(lock)
}

/// Creates a new file that only its owner may read. Never follows a link that somebody has put there.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    options().create_new(true).append(true).open(path)
}

/// Returns the segments of the folder, the oldest first: number, salt and path.
pub(super) fn segments(folder: &Path) -> io::Result<Vec<(u64, u64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let parts = name.strip_suffix(".segment").and_then(|name| name.split_once('-'));
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        if let Some((seq, salt)) = parts.and_then(|(seq, salt)| Some((number(seq)?, number(salt)?)))
            && is_file
        {
            segments.push((seq, salt, path));
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

pub(super) fn segment_path(folder: &Path, seq: u64, salt: u64) -> PathBuf {
    folder.join(format!("{seq:016x}-{salt:016x}.segment"))
}

#[cfg(unix)]
fn create(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "the spool is not a folder"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        let problem = "other users may enter the folder of the spool; chmod 700 it";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    Ok(())
}

#[cfg(not(unix))]
fn create(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// A file that is open here cannot be opened by anybody else for writing.
#[cfg(windows)]
fn options() -> OpenOptions {
    use std::os::windows::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.share_mode(0);
    options
}

#[cfg(not(any(unix, windows)))]
fn options() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn take(lock: &File) -> io::Result<()> {
    rustix::fs::flock(lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(|error| {
        if error == rustix::io::Errno::WOULDBLOCK {
            return io::Error::new(io::ErrorKind::AddrInUse, "another process owns the spool");
        }
        error.into()
    })
}

#[cfg(not(unix))]
fn take(_: &File) -> io::Result<()> {
    Ok(())
}
