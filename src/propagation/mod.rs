//! Between services: where a span stands, to headers and back.
//!
//! In: spans, headers. Out: headers, [`SpanContext`](crate::SpanContext)s.
//! Never: the queue, I/O, panics, trust: what comes in is bounded in size and characters and read once, in linear time.
//!
//! ```text
//! span ─▶ SpanContext ─▶ x-datadog-trace-id, -parent-id, -sampling-priority   the place in the APM trace
//!                        traceparent                                          the same for W3C
//!                        x-datadog-tags: _dd.p.llmobs_*=…   (tagset.rs)       what LLM spans pass on
//!                        tracestate: dd=…;t.llmobs_*:…      (tracestate.rs)   the same for W3C
//! ```
//!
//! # Example
//!
//! ```
//! use tracing_llmobs::{LlmObsSpanExt, propagation};
//!
//! # fn send(_: http::HeaderMap) {}
//! # let incoming = http::HeaderMap::new();
//! // The service that calls:
//! let span = tracing::info_span!("ask the other service", llmobs.kind = "task");
//! let mut headers = http::HeaderMap::new();
//! propagation::inject(&span, &mut headers);
//! send(headers);
//!
//! // The service that is called, before anything starts below its first span:
//! let span = tracing::info_span!("answer", llmobs.kind = "workflow");
//! if let Some(parent) = propagation::extract(&incoming) {
//!     span.set_llmobs_parent(parent);
//! }
//! ```

mod carrier;
mod extract;
mod inject;
mod keys;
mod tagset;
mod trace_id;
mod traceparent;

#[cfg(feature = "reqwest-middleware")]
pub mod reqwest;
#[cfg(feature = "tower")]
pub mod tower;
mod tracestate;

pub use carrier::Carrier;
pub use extract::{Trust, extract, extract_trusting};
pub use inject::{inject, inject_context, inject_for_url};
