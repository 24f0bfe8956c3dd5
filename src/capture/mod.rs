//! `tracing` callbacks → recordings, on the application's threads.
//!
//! In: spans, records, events, annotations. Out: items, into the queue.
//! Never: waiting, I/O, log lines, panics, code of others under a lock, two locked spans, the registry's extensions.

// Services, which know nothing of spans.
mod budget;
mod calls_inside;
mod callsite_fields;
mod callsite_table;
mod ended;
mod evaluable;
mod interner;
mod mistakes;
mod plan;
mod response_index;
mod scratch;
mod services;
mod text_caps;
mod trace;
mod visitor;

// One span, and all of them.
mod context_stack;
mod idle_spans;
mod nesting;
mod parent_context;
mod record;
mod span_table;

// The registry and other layers.
mod allowlist;
mod ancestors;
mod extensions_probe;
#[cfg_attr(not(feature = "opentelemetry"), path = "no_otel.rs")]
mod otel;
mod roll_call;
mod subscriber_link;

// The layer, and the ways to it.
mod annotation_context;
#[allow(clippy::module_inception, reason = "the layer's state is what the room is named after")]
mod capture;
#[cfg(feature = "observe")]
mod enclosing_call;
mod event_evaluation;
mod layer;
mod promotion;
#[cfg(feature = "observe")]
mod retained_bytes;
mod span_ext;
mod visibility;

pub use allowlist::LlmObsFilter;
pub use annotation_context::{AnnotationContext, ContextGuard, InContext, annotation_context};
pub use layer::{CaptureLayer, LlmObsLayer};
pub use span_ext::{LlmObsSpanExt, annotate_current, current_context};

#[cfg(feature = "observe")]
pub(crate) use calls_inside::CallsInside;
pub(crate) use callsite_fields::FieldSelection;
pub(crate) use capture::Capture;
#[cfg(feature = "observe")]
pub(crate) use enclosing_call::{EnclosingCall, find_enclosing_call, is_gateway};
#[cfg(feature = "observe")]
pub(crate) use retained_bytes::RetainedBytes;
pub(crate) use services::{Options, Outbound};
pub(crate) use span_ext::{RecordedSpan, find};
#[cfg(feature = "observe")]
pub(crate) use span_ext::{annotate_recorded, withdraw};
