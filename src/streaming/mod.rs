//! Answers that come in pieces → one span.
//!
//! In: pieces, as they come. Out: one annotation and the end of the span. Never: a runtime, waiting, a second event.

#[cfg(feature = "stream")]
mod recorded;
mod recorder;

#[cfg(feature = "stream")]
pub use recorded::RecordedStream;
pub use recorder::StreamRecorder;
