//! `tracing` callbacks → recordings, on the application's threads.
//!
//! In: spans, records, events, annotations. Out: items, into the queue.
//! Never: waiting, I/O, words, panics, foreign code under a lock, two locked spans.

mod annotation_context;
#[cfg(feature = "observe")]
mod around;
mod ended;
mod evaluate;
mod filter;
#[cfg(feature = "observe")]
mod held;
mod kinship;
mod known;
mod layer;
mod lineage;
#[cfg_attr(not(feature = "opentelemetry"), path = "no_otel.rs")]
mod otel;
mod record;
mod records;
mod remote;
mod responses;
mod span_ext;
mod state;
mod visitor;

pub use annotation_context::{AnnotationContext, ContextGuard, InContext, annotation_context};
pub use filter::LlmObsFilter;
pub use layer::{CaptureLayer, LlmObsLayer};
pub use span_ext::{LlmObsSpanExt, annotate_current, current_context};

#[cfg(feature = "observe")]
pub(crate) use around::{CallAround, call_around, is_gateway};
pub(crate) use filter::Hearing;
#[cfg(feature = "observe")]
pub(crate) use held::Held;
pub(crate) use remote::Outbound;
#[cfg(feature = "observe")]
pub(crate) use span_ext::annotate_recorded;
pub(crate) use span_ext::{find, opened};
pub(crate) use state::{Capture, Options};
