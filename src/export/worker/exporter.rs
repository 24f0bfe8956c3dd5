//! The exporter before it is started: its parts and its destination.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::super::assemble::Assembler;
use super::super::process::Processors;
use super::super::tail::Tail;
use super::super::transport::Transport;
use crate::clock::Clock;
use crate::queue::Queue;
use crate::recording::CapturedItem;

/// The destination of items.
#[derive(Debug)]
pub(crate) enum Sink {
    /// An intake, in batches.
    Intake(Box<Transport>),
    /// A receiver in this process, one by one.
    Memory(mpsc::Sender<CapturedItem>),
}

/// The exporter before it is started.
#[derive(Debug)]
pub(crate) struct Exporter {
    pub(crate) queue: Arc<Queue>,
    pub(crate) assembler: Assembler,
    pub(crate) processors: Processors,
    pub(crate) tail: Tail,
    pub(crate) clock: Clock,
    pub(crate) flush_interval: Duration,
    pub(crate) max_event_bytes: usize,
    pub(crate) max_payload_bytes: usize,
    pub(crate) evaluation_source: Option<&'static str>,
    /// `true` if secrets are replaced before anything leaves.
    pub(crate) hide_secrets: bool,
    /// The folder in which batches lie until they are settled.
    pub(crate) spool: Option<SpoolFolder>,
}

/// The folder of a spool, and the bytes that it may hold.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "spool"), expect(dead_code, reason = "there is no spool in this build"))]
pub(crate) struct SpoolFolder {
    pub(crate) path: PathBuf,
    pub(crate) max_bytes: u64,
}
