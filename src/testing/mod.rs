//! Spans in memory, with deterministic ids and clock, for tests of instrumented code.
//!
//! In: the spans of the application. Out: [`SpanEvent`](crate::SpanEvent)s and their tree. Never: sockets.

mod recorder;

pub use recorder::{Recorder, recorder, recorder_of, tree};

pub use crate::clock::ManualClock;
