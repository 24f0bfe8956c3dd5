//! `tracing` callbacks → recordings, on the application's threads.
//!
//! In: spans, records, events, annotations. Out: items, into the queue.
//! Never: waiting, I/O, words, panics, foreign code under a lock, two locked spans.

mod annotation_context;
mod evaluate;
mod filter;
mod layer;
mod record;
mod records;
mod span_ext;
mod state;
mod visitor;

pub use annotation_context::{AnnotationContext, ContextGuard, InContext, annotation_context};
pub use filter::LlmObsFilter;
pub use layer::{CaptureLayer, LlmObsLayer};
pub use span_ext::LlmObsSpanExt;

pub(crate) use state::{Capture, Options};
