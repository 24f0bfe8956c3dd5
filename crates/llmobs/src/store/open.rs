//! Opening the database: one connection that writes, and some that read.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, OpenFlags};

use super::schema::{StoreError, prepare};

/// The place where traces are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    File(PathBuf),
    Memory,
}

/// The connections to the database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) location: Location,
    writer: Arc<Mutex<Connection>>,
    /// Empty for a database in memory, which has one connection.
    readers: Vec<Mutex<Connection>>,
}

impl Database {
    /// Opens or creates a database. A file is readable by its owner only.
    pub(crate) fn open(location: Location) -> Result<Self, StoreError> {
        let Location::File(path) = &location else {
            let connection = Connection::open_in_memory()?;
            prepare(&connection, ":memory:")?;
            return Ok(Self { location, writer: Arc::new(Mutex::new(connection)), readers: Vec::new() });
        };
        let shown = path.display().to_string();
        create_private(path).map_err(|source| StoreError::Create { path: shown.clone(), source })?;
        let failed = |source| StoreError::Open { path: shown.clone(), source };
        let writer = Connection::open(path).map_err(failed)?;
        prepare(&writer, &shown)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = || -> rusqlite::Result<Mutex<Connection>> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8192;")?;
            Ok(Mutex::new(connection))
        };
        let readers = (0..READERS).map(|_| reader()).collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self { location, writer: Arc::new(Mutex::new(writer)), readers })
    }

    /// Returns the connection that writes.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock()
    }

    /// Returns a connection to read with: a free one, else it waits for the first.
    pub(crate) fn reader(&self) -> MutexGuard<'_, Connection> {
        let free = self.readers.iter().find_map(Mutex::try_lock);
        free.unwrap_or_else(|| self.readers.first().map_or_else(|| self.writer.lock(), Mutex::lock))
    }
}

/// Creates a file that only its owner can read, so that `SQLite` does not create it with the usual rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

const READERS: usize = 4;
