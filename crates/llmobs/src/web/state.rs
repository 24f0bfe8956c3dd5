//! State that all requests share.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::access::Access;
use crate::clock::now_ms;
use crate::intake::queue::Queue;
use crate::pages::frame::Frame;
use crate::pages::start::SeenRequest;
use crate::store::open::{Database, Location};
use crate::store::query;

/// State that all requests share.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) database: Arc<Database>,
    pub(crate) queue: Queue,
    pub(crate) access: Access,
    /// The address that senders use.
    pub(crate) address: String,
    pub(crate) seen: Mutex<VecDeque<SeenRequest>>,
}

/// The error of a page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("the database could not be read: {0}. The page can be tried again.")]
    Sql(#[from] rusqlite::Error),
    #[error("the page could not be made: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Viewer {
    /// Reads from the database on a thread that may wait.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PageError> {
        let viewer = Arc::clone(self);
        let outcome = tokio::task::spawn_blocking(move || read(&viewer.database.reader())).await?;
        Ok(outcome?)
    }

    /// Returns the frame of a page.
    pub(crate) fn frame(&self, connection: &Connection, theme: String) -> rusqlite::Result<Frame> {
        let size = query::size(connection)?;
        let database = match &self.database.location {
            Location::Memory => "in memory".to_owned(),
            Location::File(path) => {
                path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
            }
        };
        Ok(Frame {
            theme,
            address: self.address.clone(),
            database,
            bytes: size.bytes,
            unindexed: size.unindexed,
            refused: self.queue.counters.refused_requests.load(Ordering::Relaxed),
        })
    }

    /// Remembers what became of a request, for the start page.
    pub(crate) fn remember(&self, what: String, outcome: String, is_bad: bool) {
        let mut seen = self.seen.lock();
        seen.push_front(SeenRequest { at_ms: now_ms(), what, outcome, is_bad });
        seen.truncate(MAX_SEEN);
    }
}

const MAX_SEEN: usize = 50;
