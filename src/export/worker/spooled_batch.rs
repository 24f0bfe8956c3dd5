//! A batch of the spool, as the dispatcher and the spool's thread share it.

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender};

use parking_lot::Mutex;

use super::super::batch::Batch;
use super::super::transport::Route;
use crate::queue::Queue;

/// A batch that lies, or soon will lie, on disk; shared by all its parts.
#[derive(Debug)]
pub(super) struct SpooledBatch {
    pub(super) ticket: u64,
    state: Mutex<BatchState>,
    commands: Sender<Command>,
}

#[derive(Debug)]
struct BatchState {
    /// Items of the batch that are neither delivered nor lost.
    open: u64,
    /// The open items are counted as spooled. In one step with `open`, so that nothing counts as spooled that is not.
    is_counted: bool,
}

/// A message to the thread of the spool.
#[derive(Debug)]
pub(super) enum Command {
    Append {
        route: Route,
        batch: Batch,
        spooled: Arc<SpooledBatch>,
    },
    /// The batch with this ticket is not needed any more.
    Settle(u64),
    Finish(SyncSender<()>),
}

impl SpooledBatch {
    pub(super) const fn new(ticket: u64, items: u64, commands: Sender<Command>) -> Self {
        Self { ticket, state: Mutex::new(BatchState { open: items, is_counted: false }), commands }
    }

    /// Notes that items of the batch are delivered or lost.
    pub(super) fn settle(&self, queue: &Queue, items: u64) {
        let mut state = self.state.lock();
        state.open = state.open.saturating_sub(items);
        if state.is_counted {
            queue.count_unspooled(items);
        }
        if state.open == 0 {
            drop(self.commands.send(Command::Settle(self.ticket)));
        }
    }

    /// Counts the open items as spooled, or not any more.
    pub(super) fn count(&self, queue: &Queue, is_on_disk: bool) {
        let mut state = self.state.lock();
        match (std::mem::replace(&mut state.is_counted, is_on_disk), is_on_disk) {
            (false, true) => queue.count_spooled(state.open),
            (true, false) => queue.count_unspooled(state.open),
            (true, true) | (false, false) => {}
        }
    }
}
