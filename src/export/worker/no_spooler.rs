//! No spool: this build is without the feature `spool`.

use std::sync::Arc;

use super::super::transport::Route;
use super::exporter::SpoolFolder;
use super::outbox::{Outbox, PendingBatch};
use crate::queue::Queue;

/// There is none.
#[derive(Debug)]
pub(super) enum Spooler {}

impl Spooler {
    pub(super) fn start(
        folder: Option<SpoolFolder>,
        _queue: &Arc<Queue>,
        _outbox: &Arc<Outbox>,
        _warnings: &mut Vec<String>,
    ) -> Option<Self> {
        drop(folder);
        None
    }

    pub(super) const fn keep(&self, _route: Route, _batch: &mut PendingBatch) {
        match *self {}
    }

    pub(super) const fn finish(&self) {
        match *self {}
    }
}
