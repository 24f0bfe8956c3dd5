//! Spans in memory, with ids and a clock that repeat: for tests of instrumented code.
//!
//! In: what the application traces. Out: [`SpanEvent`](crate::SpanEvent)s and their tree. Never: sockets.

mod recorder;

pub use recorder::{Recorder, recorder, recorder_of, tree};

pub use crate::clock::ManualClock;
